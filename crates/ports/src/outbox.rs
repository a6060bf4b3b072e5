//! Work that a transaction leaves behind. The database is the truth about jobs; queues carry a small window of it.

use async_trait::async_trait;
use domain::Timestamp;

use crate::jobs::{Job, JobTopic};
use crate::store::StoreError;

/// A job to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewJob {
    /// What to do.
    pub topic: JobTopic,
    /// To which order or provider.
    pub subject: i64,
    /// Not before.
    pub due_at: Timestamp,
}

/// What became of pushing a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It waits now.
    Added,
    /// The same work for the same subject waits already; if the new one is due earlier, it now is due then. A job that
    /// was given up on waits again.
    AlreadyWaiting,
}

/// The outbox inside a transaction. There is at most one row for a topic and subject.
#[async_trait]
pub trait OutboxRepository: Send {
    /// Leaves a job behind.
    async fn push(&mut self, job: NewJob) -> Result<Pushed, StoreError>;

    /// Leaves a job behind unless the same work for the same subject waits or is being done: for sweeps that look at
    /// what is due again and again. A job that was given up on before `revive_before` waits again.
    async fn ensure(&mut self, job: NewJob, revive_before: Timestamp) -> Result<Pushed, StoreError>;

    /// Removes a job that is done, if `claim` still owns it. `false` if somebody else does.
    async fn finish(&mut self, job: &Job) -> Result<bool, StoreError>;

    /// Gives a job back to be done at `due_at`, if `claim` still owns it. Its attempts start from zero again if
    /// `forgive`: it did not fail, it only has to wait.
    async fn reschedule(&mut self, job: &Job, due_at: Timestamp, forgive: bool) -> Result<bool, StoreError>;

    /// Gives a job up, with the reason, if `claim` still owns it. It stays visible to staff.
    async fn give_up(&mut self, job: &Job, reason: &str, now: Timestamp) -> Result<bool, StoreError>;
}

/// The relay's side of the outbox.
#[async_trait]
pub trait OutboxRelay: Send + Sync {
    /// Claims up to `limit` due jobs for `lease_until`, oldest due first. A job whose lease has ended is due again; if
    /// a worker had begun it, that counts as an attempt. Jobs with `attempts_max` attempts are given up on instead,
    /// and not returned.
    async fn claim_due(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
        attempts_max: u32,
    ) -> Result<Vec<Job>, StoreError>;

    /// A worker begins a claimed job: from now on it owns it until `lease_until`, also if the claim's lease has ended
    /// meanwhile. `false` if somebody else has it by now.
    async fn begin(&self, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError>;

    /// Gives back every claimed job that no worker began; how many. For the start of a process whose queue was in its
    /// own memory: what was in the queue is gone.
    async fn release_unbegun(&self) -> Result<u64, StoreError>;

    /// When the next job becomes due, if any waits.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Puts claimed jobs back at once, because they could not be handed to the queue. Does not count as an attempt.
    async fn unclaim(&self, jobs: &[Job], now: Timestamp) -> Result<(), StoreError>;

    /// Waiting jobs, and when the oldest due one became due.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that wait, due or not.
    pub waiting: u64,
    /// Jobs that were given up on.
    pub given_up: u64,
    /// When the oldest due job became due.
    pub oldest_due: Option<Timestamp>,
}

/// Tells the relay that work was committed, so that it does not have to wait for its timer.
#[async_trait]
pub trait WorkSignal: Send + Sync {
    /// Wakes everybody who waits, here and on other nodes.
    fn notify(&self);

    /// Returns when somebody notified since the last call returned. Cancel-safe.
    async fn notified(&self);
}
