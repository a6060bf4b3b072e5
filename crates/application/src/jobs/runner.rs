//! Does jobs, and settles their outbox rows.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{OrderId, ProviderId};
use ports::jobs::{Job, JobHandler, JobTopic};
use ports::outbox::OutboxRelay;
use ports::{Clock, Store, StoreError};

use super::{JOB_LEASE, Verdict};
use crate::orders::{CancelUpstream, ReconcileOrder, SubmitOrder, TrackOrders};
use crate::providers::PanelsError;
use crate::retry::retry_contended;

/// How long a job that failed waits.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

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
}

/// The handler that consumers drive.
pub struct JobRunner {
    use_cases: UseCases,
    outbox: Arc<dyn OutboxRelay>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl JobRunner {
    /// The handler over its use cases.
    #[must_use]
    pub fn new(
        use_cases: UseCases,
        outbox: Arc<dyn OutboxRelay>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            use_cases,
            outbox,
            store,
            clock,
        }
    }

    async fn run(&self, job: &Job) -> Result<Verdict, PanelsError> {
        match job.topic {
            JobTopic::SubmitOrder => self.use_cases.submit.submit(OrderId(job.subject)).await,
            JobTopic::ReconcileOrder => self.use_cases.reconcile.reconcile(OrderId(job.subject)).await,
            JobTopic::CancelOrder => self.use_cases.cancel.ask(OrderId(job.subject)).await,
            JobTopic::PollProvider => self.use_cases.track.poll(ProviderId(job.subject)).await,
        }
    }

    async fn settle(&self, job: &Job, result: Result<Verdict, PanelsError>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        match result {
            Ok(Verdict::Done) => tx.outbox().finish(job).await?,
            Ok(Verdict::Later(pause)) => tx.outbox().reschedule(job, now.plus(pause), true).await?,
            Err(PanelsError::UnknownProvider) => tx.outbox().give_up(job, "unknown provider", now).await?,
            Err(PanelsError::Key(_)) => {
                tx.outbox()
                    .reschedule(job, now.plus(FAILURE_PAUSE * 12), true)
                    .await?
            }
            Err(PanelsError::Store(_)) => tx.outbox().reschedule(job, now.plus(FAILURE_PAUSE), true).await?,
        };
        tx.commit().await
    }
}

#[async_trait]
impl JobHandler for JobRunner {
    async fn handle(&self, job: Job) {
        match self.outbox.begin(&job, self.clock.now().plus(JOB_LEASE)).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::debug!(
                    topic = job.topic.as_str(),
                    subject = job.subject,
                    "somebody else has this job by now"
                );
                return;
            }
            Err(error) => {
                tracing::warn!(topic = job.topic.as_str(), subject = job.subject, %error, "a job could not be begun");
                return;
            }
        }
        failpoints::reach("job-after-begin");
        let result = self.run(&job).await;
        if let Err(error) = &result {
            tracing::error!(topic = job.topic.as_str(), subject = job.subject, %error, "a job failed");
        }
        let verdict = result.as_ref().ok().copied();
        failpoints::reach("job-before-settle");
        let settled = self.settle(&job, result).await;
        // A finished job that stays in the outbox is done again, which is harmless.
        let settled = match (settled, verdict) {
            (Err(StoreError::Contended), Some(verdict)) => {
                retry_contended(|| self.settle(&job, Ok(verdict))).await
            }
            (settled, _) => settled,
        };
        if let Err(error) = settled {
            tracing::warn!(topic = job.topic.as_str(), subject = job.subject, %error, "a job could not be settled");
        }
    }
}
