//! The job queue. Jobs carry ids, never data; doing one twice is harmless because states decide.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Timestamp;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobTopic {
    /// Send an order to its provider; subject: order.
    SubmitOrder,
    /// Find out what became of an unknown order; subject: order.
    ReconcileOrder,
    /// Ask the provider to cancel an order; subject: order.
    CancelOrder,
    /// Ask a provider about its due orders; subject: provider.
    PollProvider,
    /// Deliver a mail; subject: mail.
    DeliverMail,
    /// Ask a gateway about a claimed payment; subject: deposit.
    CheckDeposit,
    /// Follow a provider's list of services; subject: provider.
    SyncCatalog,
}

impl JobTopic {
    /// Every topic.
    pub const ALL: [Self; 7] = [
        Self::SubmitOrder,
        Self::ReconcileOrder,
        Self::CancelOrder,
        Self::PollProvider,
        Self::DeliverMail,
        Self::CheckDeposit,
        Self::SyncCatalog,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubmitOrder => "order.submit",
            Self::ReconcileOrder => "order.reconcile",
            Self::CancelOrder => "order.cancel",
            Self::PollProvider => "provider.poll",
            Self::DeliverMail => "mail.deliver",
            Self::CheckDeposit => "deposit.check",
            Self::SyncCatalog => "catalog.sync",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}

/// A claimed outbox row on its way through a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The outbox row.
    pub id: i64,
    /// What to do.
    pub topic: JobTopic,
    /// To which order, provider, mail or deposit.
    pub subject: i64,
    /// Which claim of the row this is, counted from one. A worker may finish only the claim that it was given.
    pub claim: i64,
    /// When the claim ends, unless a worker begins the job before or the queue still holds it.
    pub lease_until: Timestamp,
    /// Whether it was begun when it was claimed, because a worker of the same process starts it at once.
    pub begun: bool,
}

/// Why a queue did not take or give jobs. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the job queue is unavailable: {0}")]
pub struct QueueError(pub String);

/// Hands jobs to workers, at least once, roughly in order. Losing what it holds costs latency only.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Hands over jobs. On an error some of them may have been handed over.
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError>;

    /// How many more jobs the queue takes at the moment; the relay never pushes more.
    async fn room(&self) -> Result<u16, QueueError>;

    /// How many jobs the workers of this process would start at once, if the queue hands jobs to no others. The relay
    /// then pushes no more than that, and begins jobs in the moment in which it claims them.
    fn idle_workers(&self) -> Option<u16> {
        None
    }

    /// Returns when there may be room again after there was none, if the queue notices. Cancel-safe.
    async fn room_again(&self) {
        std::future::pending().await
    }

    /// The jobs that wait in the queue for a worker. What it has lost is not among them.
    async fn held(&self) -> Result<Vec<Job>, QueueError>;

    /// Whether the queue works, and what it shares with other processes is there.
    async fn check(&self) -> Result<(), QueueError>;

    /// Whether jobs go on while [`JobQueue::check`] fails, because they wait elsewhere.
    fn goes_on_alone(&self) -> bool {
        false
    }
}

/// Does one job. It must not panic; if it does, the consumer survives and the job's lease runs out.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// Does the job and settles its outbox row.
    async fn handle(&self, job: Job);
}

/// Takes jobs from a queue until it is told to stop.
#[async_trait]
pub trait JobConsumer: Send + Sync {
    /// Runs up to `concurrency` jobs at once until `stop` is cancelled, then takes no more, lets running ones finish, and
    /// returns. Survives every failure of the queue.
    async fn consume(&self, handler: Arc<dyn JobHandler>, concurrency: usize, stop: Stop);
}

/// Tells work to stop. Clones are cancelled together.
pub type Stop = tokio_util::sync::CancellationToken;
