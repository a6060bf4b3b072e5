//! All background work of one process.

use std::sync::Arc;
use std::time::Duration;

use application::jobs::{Relay, Schedule, Schedules};
use ports::jobs::{JobConsumer, JobHandler, Stop};
use ports::outbox::WorkSignal;
use tokio::task::JoinSet;

use crate::relay_loop::run_relay;
use crate::schedule_loop::run_schedule;
use crate::watched::WatchedHandler;

/// How long running jobs have after being told to stop. An interrupted submission becomes unknown, never lost.
pub const STOP_MAX: Duration = Duration::from_secs(28);

/// What a process works with.
pub struct Worker {
    /// Hands due jobs to the queue.
    pub relay: Arc<Relay>,
    /// Looks at what is due again and again.
    pub schedules: Arc<Schedules>,
    /// Takes jobs from the queue.
    pub consumer: Arc<dyn JobConsumer>,
    /// Does them.
    pub handler: Arc<dyn JobHandler>,
    /// Says that there is work.
    pub signal: Arc<dyn WorkSignal>,
    /// Jobs done at once.
    pub concurrency: usize,
}

impl Worker {
    /// Works until `stop` is cancelled, then takes no more work and lets running jobs finish, for [`STOP_MAX`] at most.
    pub async fn run(self, stop: Stop) {
        let mut loops = JoinSet::new();
        loops.spawn(run_relay(self.relay, self.signal, stop.clone()));
        for schedule in Schedule::ALL {
            loops.spawn(run_schedule(Arc::clone(&self.schedules), schedule, stop.clone()));
        }
        let handler: Arc<dyn JobHandler> = Arc::new(WatchedHandler::new(self.handler));
        let (consumer, concurrency, jobs_stop) = (self.consumer, self.concurrency, stop.clone());
        loops.spawn(async move { consumer.consume(handler, concurrency, jobs_stop).await });

        stop.cancelled().await;
        let all_ended = async { while loops.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, all_ended).await.is_err() {
            tracing::warn!("some jobs did not end in time; their leases run out");
        }
    }
}
