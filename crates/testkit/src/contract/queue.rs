//! What every job queue has to do.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::jobs::{Job, JobConsumer, JobHandler, JobQueue, JobTopic, QueueError, Stop};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! queue_contract {
    ($with:ident) => {
        $with! { queue:
            a_pushed_job_arrives_as_it_was_and_once,
            every_job_of_many_batches_is_handled_once,
            the_room_shrinks_by_what_waits_and_comes_back,
            what_waits_is_held_and_what_was_done_is_not,
            no_more_jobs_run_at_once_than_allowed,
            several_consumers_share_the_jobs,
            a_panic_neither_ends_the_consumer_nor_takes_its_slot,
            stopping_lets_running_jobs_finish_and_takes_no_more,
            an_idle_consumer_starts_a_job_at_once,
        }
    };
}

/// How a case ends: what it is about fails by panicking.
pub type Case = Result<(), QueueError>;

/// An empty queue that nobody else uses.
#[derive(Clone)]
pub struct Queue {
    /// The pushing side.
    pub jobs: Arc<dyn JobQueue>,
    /// The taking side.
    pub consumer: Arc<dyn JobConsumer>,
}

impl Queue {
    /// Waits until nothing is in the queue, neither waiting nor running.
    pub async fn until_empty(&self) -> Case {
        let begun = Instant::now();
        while self.jobs.room().await? != ROOM {
            assert!(begun.elapsed() < PATIENCE, "the room should have come back");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Jobs that an empty queue takes.
pub const ROOM: u16 = 512;
/// Whatever should happen soon has not happened after this time.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long to watch for what must not happen.
const SUSPICION: Duration = Duration::from_millis(300);

/// A job of its own.
#[must_use]
pub fn job(id: i64) -> Job {
    Job {
        id,
        topic: JobTopic::SubmitOrder,
        subject: id + 10_000,
        claim: 1,
        lease_until: Timestamp::from_micros(1_754_000_000_123_456),
        begun: false,
    }
}

/// Jobs with these ids.
#[must_use]
pub fn jobs(ids: std::ops::Range<i64>) -> Vec<Job> {
    ids.map(job).collect()
}

/// What a handler does with a job, after it has reported it.
#[derive(Clone)]
pub enum Work {
    /// Nothing.
    Nothing,
    /// Panics.
    Panic,
    /// Takes a while.
    Take(Duration),
    /// Waits for a permit of this semaphore.
    Await(Arc<Semaphore>),
}

/// A handler that reports every job it begins.
pub struct Reporter {
    reports: mpsc::UnboundedSender<Job>,
    work: fn(&Job) -> Work,
    gate: Option<Arc<Semaphore>>,
    running: AtomicUsize,
    most_running: AtomicUsize,
    ended: AtomicUsize,
}

impl Reporter {
    /// A handler, and its reports.
    #[must_use]
    pub fn new(work: fn(&Job) -> Work) -> (Arc<Self>, Reports) {
        Self::build(work, None)
    }

    /// A handler that waits for a permit of `gate` for every job, and its reports.
    #[must_use]
    pub fn gated(gate: Arc<Semaphore>) -> (Arc<Self>, Reports) {
        Self::build(|_| Work::Nothing, Some(gate))
    }

    fn build(work: fn(&Job) -> Work, gate: Option<Arc<Semaphore>>) -> (Arc<Self>, Reports) {
        let (reports, receiver) = mpsc::unbounded_channel();
        let reporter = Self {
            reports,
            work,
            gate,
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        };
        (Arc::new(reporter), Reports(receiver))
    }

    /// How many jobs it has ended without a panic.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl JobHandler for Reporter {
    async fn handle(&self, job: Job) {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(running, Ordering::SeqCst);
        let work = self.gate.clone().map_or_else(|| (self.work)(&job), Work::Await);
        // The case may have seen enough and ended.
        let _ = self.reports.send(job);
        match work {
            Work::Nothing => {}
            Work::Panic => panic!("this job panics, as the case wants it"),
            Work::Take(time) => sleep(time).await,
            Work::Await(gate) => gate.acquire().await.expect("the gate stays").forget(),
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// The jobs that a [`Reporter`] began.
pub struct Reports(mpsc::UnboundedReceiver<Job>);

impl Reports {
    /// The next job, which has to come soon.
    pub async fn next(&mut self) -> Job {
        self.within(PATIENCE).await
    }

    /// The next job, which has to come in time.
    pub async fn within(&mut self, time: Duration) -> Job {
        let next = timeout(time, self.0.recv()).await;
        next.expect("a job should have arrived in time")
            .expect("the handler lives")
    }

    /// No job comes any more.
    pub async fn nothing_more(&mut self) {
        if let Ok(job) = timeout(SUSPICION, self.0.recv()).await {
            panic!("there should be no job, but {job:?} came");
        }
    }

    /// As many jobs as there are, each of which has to come once.
    pub async fn each_once(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.next().await.id);
        }
        self.nothing_more().await;
        let mut different = HashSet::new();
        let twice: Vec<&i64> = ids.iter().filter(|id| !different.insert(**id)).collect();
        assert!(twice.is_empty(), "these came more than once: {twice:?}");
        ids
    }
}

/// A consumer at work.
pub struct Consumption {
    stop: Stop,
    task: JoinHandle<()>,
}

impl Consumption {
    /// Starts consuming.
    #[must_use]
    pub fn start(queue: &Queue, handler: &Arc<Reporter>, concurrency: usize) -> Self {
        let stop = Stop::new();
        let (consumer, handler, until) = (Arc::clone(&queue.consumer), Arc::clone(handler), stop.clone());
        let task = tokio::spawn(async move { consumer.consume(handler, concurrency, until).await });
        Self { stop, task }
    }

    /// Says that it is time to stop, without waiting.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether it has stopped.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Stops and waits.
    pub async fn end(self) {
        self.stop.cancel();
        let ended = timeout(PATIENCE, self.task).await;
        ended
            .expect("the consumer should have stopped")
            .expect("the consumer should not panic");
    }
}

pub async fn a_pushed_job_arrives_as_it_was_and_once(queue: &Queue) -> Case {
    queue.jobs.check().await?;
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(queue, &handler, 4);
    for (id, topic) in (1..).zip(JobTopic::ALL) {
        let pushed = Job {
            topic,
            claim: i64::MAX,
            ..job(id)
        };
        queue.jobs.push(std::slice::from_ref(&pushed)).await?;
        assert_eq!(reports.next().await, pushed);
    }
    queue.jobs.push(&[]).await?;
    reports.nothing_more().await;
    consumption.end().await;
    Ok(())
}

pub async fn every_job_of_many_batches_is_handled_once(queue: &Queue) -> Case {
    const JOBS: usize = 2_000;
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(queue, &handler, 16);
    let mut waiting = jobs(0..2_000);
    while !waiting.is_empty() {
        let batch = waiting.len().min(100).min(usize::from(queue.jobs.room().await?));
        if batch == 0 {
            sleep(Duration::from_millis(10)).await;
        } else {
            let batch: Vec<Job> = waiting.drain(..batch).collect();
            queue.jobs.push(&batch).await?;
        }
    }
    let mut ids = reports.each_once(JOBS).await;
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..2_000));
    consumption.end().await;
    Ok(())
}

pub async fn the_room_shrinks_by_what_waits_and_comes_back(queue: &Queue) -> Case {
    assert_eq!(queue.jobs.room().await?, ROOM);
    queue.jobs.push(&jobs(0..3)).await?;
    assert_eq!(queue.jobs.room().await?, ROOM - 3);
    queue.jobs.push(&jobs(3..i64::from(ROOM))).await?;
    assert_eq!(queue.jobs.room().await?, 0);

    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(queue, &handler, 16);
    reports.each_once(usize::from(ROOM)).await;
    queue.until_empty().await?;
    consumption.end().await;
    Ok(())
}

pub async fn what_waits_is_held_and_what_was_done_is_not(queue: &Queue) -> Case {
    assert_eq!(queue.jobs.held().await?, []);
    let pushed: Vec<Job> = jobs(0..300);
    queue.jobs.push(&pushed).await?;
    let mut held = queue.jobs.held().await?;
    held.sort_by_key(|job| job.id);
    assert_eq!(held, pushed);

    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(queue, &handler, 16);
    reports.each_once(300).await;
    queue.until_empty().await?;
    assert_eq!(queue.jobs.held().await?, []);
    consumption.end().await;
    Ok(())
}

pub async fn no_more_jobs_run_at_once_than_allowed(queue: &Queue) -> Case {
    let (handler, mut reports) = Reporter::new(|_| Work::Take(Duration::from_millis(50)));
    queue.jobs.push(&jobs(0..24)).await?;
    let consumption = Consumption::start(queue, &handler, 4);
    reports.each_once(24).await;
    consumption.end().await;
    assert_eq!(handler.most_running.load(Ordering::SeqCst), 4);
    Ok(())
}

pub async fn several_consumers_share_the_jobs(queue: &Queue) -> Case {
    let gate = Arc::new(Semaphore::new(0));
    let (first, mut first_reports) = Reporter::gated(Arc::clone(&gate));
    let (second, mut second_reports) = Reporter::gated(Arc::clone(&gate));
    let first_consumption = Consumption::start(queue, &first, 2);
    let second_consumption = Consumption::start(queue, &second, 2);
    queue.jobs.push(&jobs(0..4)).await?;
    let mut ids = first_reports.each_once(2).await;
    ids.extend(second_reports.each_once(2).await);
    ids.sort_unstable();
    assert_eq!(ids, [0, 1, 2, 3]);
    gate.add_permits(4);
    first_consumption.end().await;
    second_consumption.end().await;
    Ok(())
}

pub async fn a_panic_neither_ends_the_consumer_nor_takes_its_slot(queue: &Queue) -> Case {
    let (handler, mut reports) = Reporter::new(|job| if job.id < 3 { Work::Panic } else { Work::Nothing });
    let consumption = Consumption::start(queue, &handler, 1);
    queue.jobs.push(&jobs(0..4)).await?;
    reports.each_once(4).await;
    assert_eq!(handler.ended(), 1);
    queue.until_empty().await?;
    consumption.end().await;
    Ok(())
}

pub async fn stopping_lets_running_jobs_finish_and_takes_no_more(queue: &Queue) -> Case {
    let gate = Arc::new(Semaphore::new(0));
    let (handler, mut reports) = Reporter::gated(Arc::clone(&gate));
    let consumption = Consumption::start(queue, &handler, 2);
    queue.jobs.push(&jobs(0..10)).await?;
    let mut ids = vec![reports.next().await.id, reports.next().await.id];

    consumption.stop();
    reports.nothing_more().await;
    assert!(!consumption.is_over(), "two jobs still run");
    gate.add_permits(100);
    consumption.end().await;
    assert_eq!(handler.ended(), 2);
    reports.nothing_more().await;

    let consumption = Consumption::start(queue, &handler, 2);
    ids.extend(reports.each_once(8).await);
    consumption.end().await;
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..10));
    Ok(())
}

pub async fn an_idle_consumer_starts_a_job_at_once(queue: &Queue) -> Case {
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(queue, &handler, 4);
    queue.jobs.push(&[job(0)]).await?;
    reports.next().await;
    let mut slowest = Duration::ZERO;
    for id in 1..40_i64 {
        // Not in step with anybody's interval; and now and then long enough for a forgotten timer to show.
        let idle = if id % 10 == 0 {
            1_500
        } else {
            60 + (id.unsigned_abs() * 7) % 41
        };
        sleep(Duration::from_millis(idle)).await;
        let pushed = Instant::now();
        queue.jobs.push(&[job(id)]).await?;
        reports.next().await;
        slowest = slowest.max(pushed.elapsed());
    }
    assert!(
        slowest < Duration::from_millis(500),
        "a job started after {slowest:?}"
    );
    consumption.end().await;
    Ok(())
}
