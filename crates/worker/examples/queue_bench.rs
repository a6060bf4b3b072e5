//! How fast jobs that do nothing go through the real outbox, relay, queue and worker.
//!
//! ```sh
//! cargo run --release -p worker --example queue_bench -- --database postgres://… --embedded --jobs 50000 --batch 100
//! ```
//!
//! The database is brought up to date and must hold no jobs. First all jobs are committed, then a worker is started and
//! drains them; a job counts when its row is gone. Jobs that are committed one by one are drained meanwhile: the worker is
//! there from the beginning, and the time goes from the first commit to the last row's end. After that single jobs are
//! committed while the worker is idle, and the time until the handler runs is taken.
//!
//! `--embedded` is how jobs reach the workers of one process, and of many with `JOBS_FROM=database`; with `--redis` they go
//! through Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use application::jobs::{JobRunner, JobWork, Relay, Schedules, Verdict};
use application::orders::RescueOrders;
use application::providers::PanelsError;
use async_trait::async_trait;
use domain::orders::OrderPolicy;
use persistence::{Database, DatabaseClock, DatabaseSignal, PoolSizes, SeaQueries, SeaRelay, SeaStore};
use ports::jobs::{Job, JobConsumer, JobQueue, JobTopic, Stop};
use ports::limits::{Admission, Limit, RateLimiter};
use ports::outbox::{NewJob, OutboxRelay};
use ports::{Clock, Store};
use queue::{EmbeddedJobs, RedisJobs, RedisOptions};
use testkit::fake::FakeIds;
use tokio::sync::mpsc;
use worker::Worker;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "queue_bench --database URL (--redis URL | --embedded) [--jobs N] [--batch 1..100] [--workers N] \
                     [--singles N] [--json]";
/// Commits under way at once while jobs are enqueued.
const COMMITTERS: i64 = 16;

struct Options {
    database: String,
    redis: Option<String>,
    jobs: i64,
    batch: u16,
    workers: usize,
    singles: i64,
    json: bool,
}

impl Options {
    fn read() -> Result<Self, Failure> {
        let (mut database, mut redis, mut embedded) = (None, None, false);
        let (mut jobs, mut batch, mut workers, mut singles, mut json) = (20_000, 100, 256, 200, false);
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match name.as_str() {
                "--database" => database = Some(value()?),
                "--redis" => redis = Some(value()?),
                "--embedded" => embedded = true,
                "--jobs" => jobs = value()?.parse()?,
                "--batch" => batch = value()?.parse()?,
                "--workers" => workers = value()?.parse()?,
                "--singles" => singles = value()?.parse()?,
                "--json" => json = true,
                _ => return Err(USAGE.into()),
            }
        }
        if embedded == redis.is_some() {
            return Err(USAGE.into());
        }
        Ok(Self {
            database: database.ok_or(USAGE)?,
            redis,
            jobs,
            batch,
            workers,
            singles,
            json,
        })
    }
}

/// Work that is done as soon as it begins.
struct Nothing {
    begun: mpsc::UnboundedSender<Instant>,
    left: Arc<AtomicI64>,
}

#[async_trait]
impl JobWork for Nothing {
    async fn run(&self, _: &Job) -> Result<Verdict, PanelsError> {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            // Nobody may want to know any more.
            let _ = self.begun.send(Instant::now());
        }
        Ok(Verdict::Done)
    }
}

struct Always;

#[async_trait]
impl RateLimiter for Always {
    async fn take(&self, _: &str, _: Limit) -> Admission {
        Admission::Granted { remaining: 1 }
    }
}

struct Bench {
    store: Arc<dyn Store>,
    outbox: Arc<dyn OutboxRelay>,
    clock: Arc<dyn Clock>,
    signal: Arc<DatabaseSignal>,
    queries: Arc<SeaQueries>,
}

impl Bench {
    async fn open(options: &Options) -> Result<Self, Failure> {
        let database = Database::connect(&options.database, PoolSizes::default()).await?;
        database.migrate().await?;
        let signal = Arc::new(DatabaseSignal::start(&database).await?);
        let bench = Self {
            store: Arc::new(SeaStore::new(&database, signal.clone())),
            outbox: Arc::new(SeaRelay::new(&database)),
            clock: Arc::new(DatabaseClock::start(&database).await?),
            queries: Arc::new(SeaQueries::new(&database)),
            signal,
        };
        if bench.outbox.backlog(bench.clock.now()).await?.waiting > 0 {
            return Err("the database holds jobs".into());
        }
        Ok(bench)
    }

    /// Commits the jobs of these orders, `together` in each transaction.
    async fn enqueue(&self, subjects: std::ops::Range<i64>, together: u16) -> Result<(), Failure> {
        let mut next = subjects.start;
        while next < subjects.end {
            let end = subjects.end.min(next + i64::from(together));
            let mut tx = self.store.begin().await?;
            for subject in next..end {
                let (topic, due_at) = (JobTopic::SubmitOrder, self.clock.now());
                tx.outbox()
                    .push(NewJob {
                        topic,
                        subject,
                        due_at,
                    })
                    .await?;
            }
            tx.commit().await?;
            next = end;
        }
        Ok(())
    }

    fn worker(&self, options: &Options, work: Nothing) -> Result<Worker, Failure> {
        let (queue, consumer): (Arc<dyn JobQueue>, Arc<dyn JobConsumer>) = match &options.redis {
            None => {
                let jobs = Arc::new(EmbeddedJobs::new());
                (jobs.clone(), jobs)
            }
            Some(url) => {
                let name = RedisOptions::new(format!("queue-bench:{}", std::process::id()));
                let jobs = Arc::new(RedisJobs::open(url, name, Arc::<FakeIds>::default())?);
                (jobs.clone(), jobs)
            }
        };
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let policy = OrderPolicy::default();
        let rescue = RescueOrders::new(store.clone(), self.queries.clone(), clock.clone(), policy);
        let runner = JobRunner::new(work, self.outbox.clone(), self.signal.clone(), clock.clone());
        Ok(Worker {
            relay: Arc::new(Relay::new(self.outbox.clone(), queue, clock.clone())),
            schedules: Arc::new(Schedules::new(
                rescue,
                store,
                self.queries.clone(),
                self.queries.clone(),
                self.queries.clone(),
                Arc::new(Always),
                clock,
            )),
            consumer,
            handler: Arc::new(runner),
            signal: self.signal.clone(),
            concurrency: options.workers,
        })
    }

    async fn until_empty(&self) -> Result<(), Failure> {
        while self.outbox.backlog(self.clock.now()).await?.waiting > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

fn per_second(jobs: i64, time: Duration) -> f64 {
    f64::from(i32::try_from(jobs).unwrap_or(i32::MAX)) / time.as_secs_f64()
}

/// Commits all jobs, by several at once; how many in a second.
async fn enqueue_all(bench: &Arc<Bench>, options: &Options) -> Result<f64, Failure> {
    let began = Instant::now();
    let share = options.jobs.div_euclid(COMMITTERS) + 1;
    let mut committers = tokio::task::JoinSet::new();
    for number in 0..COMMITTERS {
        let (bench, together) = (bench.clone(), options.batch);
        let range = number * share..options.jobs.min((number + 1) * share);
        committers.spawn(async move { bench.enqueue(range, together).await });
    }
    while let Some(done) = committers.join_next().await {
        done??;
    }
    Ok(per_second(options.jobs, began.elapsed()))
}

/// Microseconds from the wish to commit a job to its start, each while nothing else is to be done, in order.
async fn waits(
    bench: &Bench,
    options: &Options,
    begins: &mut mpsc::UnboundedReceiver<Instant>,
) -> Result<Vec<u128>, Failure> {
    let mut waits = Vec::new();
    for single in 0..options.singles {
        // Not in step with anybody's interval.
        tokio::time::sleep(Duration::from_millis(20 + single.unsigned_abs() * 7 % 31)).await;
        let asked = Instant::now();
        bench
            .enqueue(options.jobs + single..options.jobs + single + 1, 1)
            .await?;
        let begun = begins.recv().await.ok_or("the worker ended")?;
        waits.push(begun.saturating_duration_since(asked).as_micros());
    }
    waits.sort_unstable();
    Ok(waits)
}

#[expect(clippy::print_stdout, reason = "the result is its output")]
async fn run(options: Options) -> Result<(), Failure> {
    let bench = Arc::new(Bench::open(&options).await?);
    let (begun, mut begins) = mpsc::unbounded_channel();
    let left = Arc::new(AtomicI64::new(options.jobs - 1));
    let stop = Stop::new();
    let work = bench.worker(&options, Nothing { begun, left })?.run(stop.clone());
    let (working, began, enqueued) = if options.batch == 1 {
        let (working, began) = (tokio::spawn(work), Instant::now());
        (working, began, enqueue_all(&bench, &options).await?)
    } else {
        let enqueued = enqueue_all(&bench, &options).await?;
        (tokio::spawn(work), Instant::now(), enqueued)
    };
    begins.recv().await.ok_or("the worker ended")?;
    bench.until_empty().await?;
    let drained = per_second(options.jobs, began.elapsed());

    let waits = waits(&bench, &options, &mut begins).await?;
    let at = |percent: usize| {
        let index = (waits.len() * percent).div_ceil(100).saturating_sub(1);
        waits.get(index).copied().unwrap_or_default()
    };
    let (p50, p99, most) = (at(50), at(99), at(100));
    stop.cancel();
    working.await?;

    let Options {
        jobs,
        batch,
        workers,
        redis,
        ..
    } = options;
    let queue = if redis.is_some() { "redis" } else { "embedded" };
    if options.json {
        println!(
            "{{\"queue\":\"{queue}\",\"jobs\":{jobs},\"batch\":{batch},\"workers\":{workers},\
             \"enqueued_per_second\":{enqueued:.0},\"jobs_per_second\":{drained:.0},\
             \"start_micros\":{{\"p50\":{p50},\"p99\":{p99},\"max\":{most}}}}}"
        );
    } else {
        println!("{queue}, batches of {batch}, {workers} workers");
        println!("enqueued: {enqueued:.0} jobs/s");
        println!("done:     {drained:.0} jobs/s");
        println!("enqueue to start when idle: p50 {p50} µs, p99 {p99} µs, most {most} µs");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    run(Options::read()?).await
}
