//! The product's own background work: schedules, outbox, relay, queue and jobs; and a customer who goes on ordering.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use application::jobs::{JobRunner, JobWork, Relay, Schedules, Verdict};
use application::orders::{RescueOrders, TrackOrders};
use application::providers::PanelsError;
use async_trait::async_trait;
use domain::ProviderId;
use domain::orders::OrderPolicy;
use persistence::SeaRelay;
use ports::jobs::{Job, JobTopic, Stop};
use ports::outbox::OutboxRelay;
use queue::EmbeddedJobs;
use tokio::task::JoinHandle;
use worker::Worker;

use crate::crowd::Crowd;
use crate::ground::{Ground, WORKERS};

/// How often new orders come.
const ARRIVALS_EVERY: Duration = Duration::from_secs(1);

/// It ends with this value.
pub struct Drive {
    stop: Stop,
    tasks: [JoinHandle<()>; 2],
    has_failed: Arc<AtomicBool>,
}

/// Everything there is to do here.
struct Polls(Arc<TrackOrders>);

#[async_trait]
impl JobWork for Polls {
    async fn run(&self, job: &Job) -> Result<Verdict, PanelsError> {
        match job.topic {
            JobTopic::PollProvider => self.0.poll(ProviderId(job.subject)).await,
            _ => Ok(Verdict::Done),
        }
    }
}

impl Drive {
    pub fn start(ground: &Arc<Ground>, crowd: Arc<Crowd>) -> Self {
        let (stop, has_failed) = (Stop::new(), Arc::new(AtomicBool::new(false)));
        let (working, broken) = (worker(ground).run(stop.clone()), Arc::clone(&has_failed));
        let ground = Arc::clone(ground);
        let ordering = async move {
            if arrivals(&ground, &crowd).await.is_err() {
                broken.store(true, Ordering::Relaxed);
            }
        };
        Self {
            stop,
            tasks: [tokio::spawn(working), tokio::spawn(ordering)],
            has_failed,
        }
    }

    /// Whether no orders come any more.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// As `serve` makes one, but for the other jobs.
fn worker(ground: &Ground) -> Worker {
    let jobs = Arc::new(EmbeddedJobs::new());
    let outbox: Arc<dyn OutboxRelay> = Arc::new(SeaRelay::new(ground.database.database()));
    let clock = &ground.clock;
    let rescue = RescueOrders::new(
        ground.store.clone(),
        ground.queries.clone(),
        clock.clone(),
        OrderPolicy::default(),
    );
    let schedules = Schedules::new(
        rescue,
        ground.store.clone(),
        ground.queries.clone(),
        ground.queries.clone(),
        ground.queries.clone(),
        ground.limiter.clone(),
        clock.clone(),
    );
    let handler = JobRunner::new(
        Polls(Arc::clone(&ground.tracking)),
        Arc::clone(&outbox),
        ground.signal.clone(),
        clock.clone(),
    );
    Worker {
        relay: Arc::new(Relay::new(outbox, jobs.clone(), clock.clone())),
        schedules: Arc::new(schedules),
        consumer: jobs,
        handler: Arc::new(handler),
        signal: ground.signal.clone(),
        concurrency: WORKERS,
    }
}

async fn arrivals(ground: &Ground, crowd: &Crowd) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(ARRIVALS_EVERY);
    let (mut due, mut last) = (0.0, ground.now());
    loop {
        ticks.tick().await;
        let now = ground.now();
        crowd.arrive(ground, now.since(last), &mut due).await?;
        last = now;
    }
}
