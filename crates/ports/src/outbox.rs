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
    /// To which order, provider or mail.
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

    /// Leaves jobs behind for subjects that are new in this transaction, in one statement.
    async fn push_new(&mut self, jobs: &[NewJob]) -> Result<(), StoreError>;

    /// Leaves a job behind unless the same work for the same subject waits or is being done: for sweeps that look at
    /// what is due again and again. A job that was given up on before `revive_before` waits again.
    async fn ensure(&mut self, job: NewJob, revive_before: Timestamp) -> Result<Pushed, StoreError>;
}

/// Which jobs the relay wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The moment at which they have to be due.
    pub now: Timestamp,
    /// When their claims end.
    pub lease_until: Timestamp,
    /// How many at most.
    pub limit: u16,
    /// How many of them from the young end of the line: of those that became due last, the ones that were added last. The
    /// rest are those that have waited longest.
    pub youngest: u16,
    /// Jobs with so many attempts are given up on instead.
    pub attempts_max: u32,
    /// Whether they are begun with the claim, because a worker of this process starts them at once.
    pub begin: bool,
}

/// What becomes of a job that a worker is through with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is done and goes.
    Finished,
    /// It has to be done (again) at `due_at`.
    Again {
        /// Not before.
        due_at: Timestamp,
        /// Its attempts start from zero: it did not fail, it only has to wait.
        forgive: bool,
    },
    /// Nobody tries any more. It stays visible to staff.
    GivenUp {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

/// The relay's side of the outbox.
#[async_trait]
pub trait OutboxRelay: Send + Sync {
    /// Claims due jobs, and returns them in the order in which they became due. A job whose lease has ended is due again;
    /// if a worker had begun it, that counts as an attempt. Jobs that are out of attempts are given up on and not
    /// returned.
    async fn claim_due(&self, wanted: &Wanted) -> Result<Vec<Job>, StoreError>;

    /// Workers begin claimed jobs: from now on they own them until `lease_until`, also if a claim's lease has ended
    /// meanwhile. For each job whether it was begun: not if somebody else has it by now, nor if this claim of it was
    /// begun before, for the queue may hand the jobs of a worker that it believes dead to another.
    async fn begin(&self, jobs: &[Job], lease_until: Timestamp) -> Result<Vec<bool>, StoreError>;

    /// Settles jobs, each if its claim still owns it; for each whether it did.
    async fn settle(&self, settled: &[(Job, Settlement)]) -> Result<Vec<bool>, StoreError>;

    /// Moves the end of claims that nobody has begun to `lease_until`, if they would end before `earlier_than`; how
    /// many. For jobs that are known to wait in the queue.
    async fn renew(
        &self,
        jobs: &[Job],
        lease_until: Timestamp,
        earlier_than: Timestamp,
    ) -> Result<u64, StoreError>;

    /// When the next job becomes due, if any waits.
    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Puts claimed jobs back at once, because they could not be handed to the queue. Does not count as an attempt.
    async fn unclaim(&self, jobs: &[Job]) -> Result<(), StoreError>;

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
