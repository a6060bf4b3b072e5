//! Hands due jobs from the outbox to the queue.

use std::sync::Arc;
use std::time::Duration;

use ports::jobs::{JobQueue, QueueError};
use ports::outbox::OutboxRelay;
use ports::{Clock, StoreError};

use super::{JOB_ATTEMPTS_MAX, QUEUE_LEASE};

/// Jobs handed over in one round at most.
const BATCH_MAX: u16 = 100;
/// How long to wait at most when nobody says that there is work.
const IDLE_MAX: Duration = Duration::from_secs(2);
/// How long to wait while the queue is full.
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayRound {
    /// Jobs handed over.
    pub handed_over: usize,
    /// When to come back, if nobody wakes the relay before.
    pub next: Duration,
}

/// Why a round failed. Nothing is lost: the jobs are still in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// The use case.
pub struct Relay {
    outbox: Arc<dyn OutboxRelay>,
    queue: Arc<dyn JobQueue>,
    clock: Arc<dyn Clock>,
}

impl Relay {
    /// The use case over its ports.
    #[must_use]
    pub fn new(outbox: Arc<dyn OutboxRelay>, queue: Arc<dyn JobQueue>, clock: Arc<dyn Clock>) -> Self {
        Self { outbox, queue, clock }
    }

    /// Claims what is due, as far as the queue has room, and hands it over. If this process dies in between, or the
    /// queue loses it, it is due again when the claim's lease has ended.
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn relay_once(&self) -> Result<RelayRound, RelayError> {
        let limit = self.queue.room().await?.min(BATCH_MAX);
        if limit == 0 {
            return Ok(RelayRound {
                handed_over: 0,
                next: FULL_PAUSE,
            });
        }
        let now = self.clock.now();
        let jobs = self
            .outbox
            .claim_due(now, now.plus(QUEUE_LEASE), limit, JOB_ATTEMPTS_MAX)
            .await?;
        if !jobs.is_empty() {
            failpoints::reach("relay-after-claim");
            if let Err(error) = self.queue.push(&jobs).await {
                self.outbox.unclaim(&jobs, self.clock.now()).await?;
                return Err(error.into());
            }
            failpoints::reach("relay-after-push");
        }
        let next = if jobs.len() >= usize::from(limit) {
            Duration::ZERO
        } else {
            self.pause().await?
        };
        Ok(RelayRound {
            handed_over: jobs.len(),
            next,
        })
    }

    async fn pause(&self) -> Result<Duration, StoreError> {
        let next_due = self.outbox.next_due().await?;
        Ok(next_due.map_or(IDLE_MAX, |due| due.since(self.clock.now()).min(IDLE_MAX)))
    }
}
