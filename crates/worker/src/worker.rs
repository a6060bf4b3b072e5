//! All background work of one process.

use std::sync::Arc;
use std::time::Duration;

use application::jobs::{Relay, Schedule, Schedules};
use ports::jobs::{JobConsumer, JobHandler, Stop};
use ports::outbox::WorkSignal;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::lasting::run_lasting;
use crate::relay_loop::run_relay;
use crate::schedule_loop::run_schedule;
use crate::watched::WatchedHandler;

/// How long running jobs have after being told to stop. An interrupted submission becomes unknown, never lost.
pub const STOP_MAX: Duration = Duration::from_secs(28);
/// How long the relay and the schedules have of that. They hold no job; what they claimed comes again.
const FEEDING_STOP_MAX: Duration = Duration::from_secs(2);

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
        let mut feeding = JoinSet::new();
        let (relay, signal, until) = (self.relay, self.signal, stop.clone());
        feeding.spawn(async move {
            let begin = || run_relay(Arc::clone(&relay), Arc::clone(&signal), until.clone());
            run_lasting("relay", &until, begin).await;
        });
        for schedule in Schedule::ALL {
            let (schedules, until) = (Arc::clone(&self.schedules), stop.clone());
            feeding.spawn(async move {
                let begin = || run_schedule(Arc::clone(&schedules), schedule, until.clone());
                run_lasting(schedule.as_str(), &until, begin).await;
            });
        }

        let nothing_follows = Stop::new();
        let handler: Arc<dyn JobHandler> = Arc::new(WatchedHandler::new(self.handler));
        let (consumer, concurrency, until) = (self.consumer, self.concurrency, nothing_follows.clone());
        let consuming = tokio::spawn(async move {
            let begin = || consumer.consume(Arc::clone(&handler), concurrency, until.clone());
            run_lasting("consumer", &until, begin).await;
        });

        stop.cancelled().await;
        let deadline = Instant::now() + STOP_MAX;
        // The consumer stops last, so that what was just handed over to it does not wait for its lease to end.
        let fed = async { while feeding.join_next().await.is_some() {} };
        if timeout(FEEDING_STOP_MAX, fed).await.is_err() {
            tracing::warn!("the relay or a schedule did not end in time");
            feeding.abort_all();
        }
        nothing_follows.cancel();
        if timeout_at(deadline, consuming).await.is_err() {
            tracing::warn!("some jobs did not end in time; their leases run out");
        }
    }
}
