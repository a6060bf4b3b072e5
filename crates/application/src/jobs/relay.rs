//! Hands due jobs from the outbox to the queue.

use std::sync::Arc;
use std::time::Duration;

use ports::jobs::{JobQueue, QueueError};
use ports::outbox::{OutboxRelay, Wanted};
use ports::{Clock, StoreError};
use tokio::sync::Mutex;

use super::{JOB_ATTEMPTS_MAX, JOB_LEASE, QUEUE_LEASE, RENEW_EVERY};

/// Jobs handed over in one round at most.
const BATCH_MAX: u16 = 256;
/// One of so many jobs is taken from the young end of the line, so that nobody stands behind somebody else's backlog.
const YOUNGEST_SHARE: u16 = 4;
/// How long to wait at most when nobody says that there is work.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(2);
/// While more is due than there are idle workers for, how long those who end first wait at most to be fed together with
/// those who end next. A claim of one job costs the database nearly as much as one of many.
const COMPANY: Duration = Duration::from_millis(2);
/// How long to wait at least for what is due and was not claimed: another relay is claiming it in this moment.
const OTHERS_CLAIM: Duration = Duration::from_millis(1);
/// How long to wait while the queue is full and does not say when it has room.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayRound {
    /// Jobs handed over.
    pub handed_over: usize,
    /// When to come back, if nobody wakes the relay before.
    pub next: Duration,
    /// Whether the queue had no room, so that [`Relay::room_again`] is what to wait for, and not news of work.
    pub full: bool,
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
    batch: u16,
    memory: Mutex<Memory>,
}

/// What a round leaves to the next.
#[derive(Default)]
struct Memory {
    /// When the claims of waiting jobs were last renewed, by the monotonic clock.
    renewed_at: Option<Duration>,
    /// Jobs taken from the old end of the line since one was taken from the young end.
    oldest_in_a_row: u16,
    /// Whether the last round took all that it could.
    more_is_due: bool,
}

impl Relay {
    /// The use case over its ports.
    #[must_use]
    pub fn new(outbox: Arc<dyn OutboxRelay>, queue: Arc<dyn JobQueue>, clock: Arc<dyn Clock>) -> Self {
        Self {
            outbox,
            queue,
            clock,
            batch: BATCH_MAX,
            memory: Mutex::default(),
        }
    }

    /// The same, with up to `jobs` in one round.
    #[must_use]
    pub fn with_batch(self, jobs: u16) -> Self {
        Self {
            batch: jobs.clamp(1, BATCH_MAX),
            ..self
        }
    }

    /// Claims what is due, as far as the queue has room, and hands it over. If this process dies in between, or the
    /// queue loses it, it is due again when the claim's lease has ended.
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn relay_once(&self) -> Result<RelayRound, RelayError> {
        let mut memory = self.memory.lock().await;
        // First, so that what a queue still holds after an outage is not handed to it again.
        self.renew(&mut memory).await?;
        let idle_workers = self.idle_workers(&memory).await;
        let room = self.queue.room().await?;
        let limit = room.min(idle_workers.unwrap_or(room)).min(self.batch);
        if limit == 0 {
            return Ok(RelayRound {
                handed_over: 0,
                next: FULL_PAUSE,
                full: true,
            });
        }
        let handed_over = self
            .hand_over(limit, memory.youngest_of(limit), idle_workers.is_some())
            .await?;
        memory.more_is_due = handed_over >= usize::from(limit);
        let next = if memory.more_is_due {
            Duration::ZERO
        } else {
            self.pause().await?
        };
        Ok(RelayRound {
            handed_over,
            next,
            full: false,
        })
    }

    /// Returns when the queue may have room again, if it notices. Cancel-safe.
    pub async fn room_again(&self) {
        self.queue.room_again().await;
    }

    async fn idle_workers(&self, memory: &Memory) -> Option<u16> {
        let idle = self.queue.idle_workers()?;
        let enough = self.batch / 2;
        if memory.more_is_due && idle < enough {
            let company = async {
                while self.queue.idle_workers().is_some_and(|idle| idle < enough) {
                    self.queue.room_again().await;
                }
            };
            // Whoever is idle by then is fed, however few they are.
            let _ = tokio::time::timeout(COMPANY, company).await;
            return self.queue.idle_workers();
        }
        Some(idle)
    }

    async fn hand_over(&self, limit: u16, youngest: u16, begin: bool) -> Result<usize, RelayError> {
        let now = self.clock.now();
        let wanted = Wanted {
            now,
            lease_until: now.plus(if begin { JOB_LEASE } else { QUEUE_LEASE }),
            limit,
            youngest,
            attempts_max: JOB_ATTEMPTS_MAX,
            begin,
        };
        let jobs = self.outbox.claim_due(&wanted).await?;
        if !jobs.is_empty() {
            failpoints::reach("relay-after-claim");
            if let Err(error) = self.queue.push(&jobs).await {
                self.outbox.unclaim(&jobs).await?;
                return Err(error.into());
            }
            failpoints::reach("relay-after-push");
        }
        Ok(jobs.len())
    }

    /// What waits in the queue keeps its claim however slow the workers are; what the queue has lost is due again soon.
    async fn renew(&self, memory: &mut Memory) -> Result<(), RelayError> {
        let monotonic = self.clock.monotonic();
        let is_fresh = |at: Duration| monotonic.saturating_sub(at) < RENEW_EVERY;
        if memory.renewed_at.is_some_and(is_fresh) {
            return Ok(());
        }
        let held = self.queue.held().await?;
        if !held.is_empty() {
            let now = self.clock.now();
            // Of several relays on one queue only the first in each period finds something to renew.
            let stale = now.plus(QUEUE_LEASE.saturating_sub(RENEW_EVERY / 2));
            self.outbox.renew(&held, now.plus(QUEUE_LEASE), stale).await?;
        }
        memory.renewed_at = Some(monotonic);
        Ok(())
    }

    async fn pause(&self) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        let next_due = self.outbox.next_due(now).await?;
        Ok(next_due.map_or(IDLE_MAX, |due| due.since(now).clamp(OTHERS_CLAIM, IDLE_MAX)))
    }
}

impl Memory {
    /// How many of the next `limit` jobs come from the young end of the line.
    const fn youngest_of(&mut self, limit: u16) -> u16 {
        let in_a_row = self.oldest_in_a_row.saturating_add(limit);
        self.oldest_in_a_row = in_a_row % YOUNGEST_SHARE;
        in_a_row / YOUNGEST_SHARE
    }
}
