//! Does jobs, and settles their outbox rows.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{DepositId, MailId, OrderId, ProviderId};
use ports::Clock;
use ports::jobs::{Job, JobHandler, JobTopic};
use ports::outbox::{OutboxRelay, Settlement, WorkSignal};

use super::Verdict;
use super::books::{BATCH_MAX, Books};
use super::relay::IDLE_MAX;
use crate::catalog::SyncCatalog;
use crate::funds::CheckDeposit;
use crate::mail::DeliverMail;
use crate::orders::{CancelUpstream, ReconcileOrder, SubmitOrder, TrackOrders};
use crate::providers::PanelsError;

/// How long a job that failed waits.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);
/// How long a job waits that people have to do something for.
const PEOPLE_PAUSE: Duration = Duration::from_secs(60);

/// What there is to do for a job.
#[async_trait]
pub trait JobWork: Send + Sync + 'static {
    /// Does it.
    ///
    /// # Errors
    /// [`PanelsError`] if it has to be tried again.
    async fn run(&self, job: &Job) -> Result<Verdict, PanelsError>;
}

/// What jobs drive.
pub struct UseCases {
    /// [`JobTopic::SubmitOrder`].
    pub submit: SubmitOrder,
    /// [`JobTopic::ReconcileOrder`].
    pub reconcile: ReconcileOrder,
    /// [`JobTopic::CancelOrder`].
    pub cancel: CancelUpstream,
    /// [`JobTopic::PollProvider`].
    pub track: TrackOrders,
    /// [`JobTopic::DeliverMail`].
    pub mail: DeliverMail,
    /// [`JobTopic::CheckDeposit`].
    pub deposits: CheckDeposit,
    /// [`JobTopic::SyncCatalog`].
    pub sync: SyncCatalog,
}

#[async_trait]
impl JobWork for UseCases {
    async fn run(&self, job: &Job) -> Result<Verdict, PanelsError> {
        match job.topic {
            JobTopic::SubmitOrder => self.submit.submit(OrderId(job.subject)).await,
            JobTopic::ReconcileOrder => self.reconcile.reconcile(OrderId(job.subject)).await,
            JobTopic::CancelOrder => self.cancel.ask(OrderId(job.subject)).await,
            JobTopic::PollProvider => self.track.poll(ProviderId(job.subject)).await,
            JobTopic::DeliverMail => Ok(self.mail.deliver(MailId(job.subject)).await?),
            JobTopic::CheckDeposit => Ok(self.deposits.check(DepositId(job.subject)).await?),
            JobTopic::SyncCatalog => self.sync.sync(ProviderId(job.subject)).await,
        }
    }
}

/// The handler that consumers drive.
pub struct JobRunner {
    work: Arc<dyn JobWork>,
    outbox: Arc<dyn OutboxRelay>,
    books: Books,
    signal: Arc<dyn WorkSignal>,
    clock: Arc<dyn Clock>,
}

impl JobRunner {
    /// The handler over its ports.
    #[must_use]
    pub fn new(
        work: impl JobWork,
        outbox: Arc<dyn OutboxRelay>,
        signal: Arc<dyn WorkSignal>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            work: Arc::new(work),
            books: Books::new(&outbox, &clock, BATCH_MAX),
            outbox,
            signal,
            clock,
        }
    }

    /// The same, with up to `jobs` entries in one commit.
    #[must_use]
    pub fn with_batch(self, jobs: usize) -> Self {
        let books = Books::new(&self.outbox, &self.clock, jobs);
        Self { books, ..self }
    }

    /// `false` if the job is none of ours, or the database does not say so.
    async fn begin(&self, job: &Job) -> bool {
        let (topic, subject) = (job.topic.as_str(), job.subject);
        match self.books.begin(job).await {
            Ok(true) => return true,
            Ok(false) => tracing::debug!(topic, subject, "somebody else has this job by now"),
            Err(error) => tracing::warn!(topic, subject, %error, "a job could not be begun"),
        }
        false
    }

    fn settlement(&self, result: &Result<Verdict, PanelsError>) -> Settlement {
        let now = self.clock.now();
        let again = |pause| Settlement::Again {
            due_at: now.plus(pause),
            forgive: true,
        };
        match result {
            Ok(Verdict::Done) => Settlement::Finished,
            Ok(Verdict::Later(pause)) => again(*pause),
            Err(PanelsError::UnknownProvider) => Settlement::GivenUp {
                reason: "unknown provider".to_owned(),
                at: now,
            },
            Err(PanelsError::Key(_)) => again(PEOPLE_PAUSE),
            Err(PanelsError::Store(_)) => again(FAILURE_PAUSE),
        }
    }
}

#[async_trait]
impl JobHandler for JobRunner {
    async fn handle(&self, job: Job) {
        if !self.begin(&job).await {
            return;
        }
        failpoints::reach("job-after-begin");
        let (topic, subject) = (job.topic.as_str(), job.subject);
        let result = self.work.run(&job).await;
        if let Err(error) = &result {
            tracing::error!(topic, subject, %error, "a job failed");
        }
        failpoints::reach("job-before-settle");
        // The relay looks by itself soon enough for whatever comes later.
        let is_soon = matches!(result, Ok(Verdict::Later(pause)) if pause < IDLE_MAX);
        match self.books.settle(&job, self.settlement(&result)).await {
            Ok(true) if is_soon => self.signal.notify(),
            Ok(_) => {}
            // A finished job that stays in the outbox is done again, which is harmless.
            Err(error) => tracing::warn!(topic, subject, %error, "a job could not be settled"),
        }
    }
}
