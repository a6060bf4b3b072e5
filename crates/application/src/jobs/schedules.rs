//! What has to be looked at again and again. Every schedule may run on any node, at any time, twice: states decide.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use ports::crypto::SecretSealer;
use ports::figures::FigureKeeper;
use ports::funds::FundsQueries;
use ports::jobs::JobTopic;
use ports::limits::{Admission, Limit, RateLimiter};
use ports::mail::MailQueries;
use ports::orders::OrderQueries;
use ports::outbox::{NewJob, Pushed};
use ports::syncs::SyncQueries;
use ports::{Clock, Store, StoreError};

use super::REVIVE_AFTER;
use crate::audit::{HeadSigner, SealAudit};
use crate::currency::RefreshRates;
use crate::funds::SealDestinations;
use crate::orders::{FULL_ENOUGH, RescueOrders};
use crate::retry::retry_contended;

/// A recurring task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// Orders whose worker died become unknown.
    Rescue,
    /// Unknown orders that are due are looked up.
    LookUps,
    /// Providers with due orders are polled.
    Polls,
    /// Held orders whose job was lost get a new one.
    ForgottenHolds,
    /// Mails whose job was lost get a new one; old ones are forgotten, and so are sessions that have ended.
    Mails,
    /// Lines of the audit log are sealed.
    SealAudit,
    /// Exchange rates are asked for, if it is time to.
    Rates,
    /// Claimed payments whose job was lost get a new one, and what stands in plain of withdrawals is sealed.
    Deposits,
    /// Providers' lists that are due are followed.
    Syncs,
    /// What happened is added to the figures.
    Figures,
}

impl Schedule {
    /// Every schedule.
    pub const ALL: [Self; 10] = [
        Self::Rescue,
        Self::LookUps,
        Self::Polls,
        Self::ForgottenHolds,
        Self::Mails,
        Self::SealAudit,
        Self::Rates,
        Self::Deposits,
        Self::Syncs,
        Self::Figures,
    ];

    /// How often it runs, over all nodes together.
    #[must_use]
    pub const fn every(self) -> Duration {
        match self {
            Self::Rescue => Duration::from_secs(10),
            Self::LookUps => Duration::from_secs(2),
            Self::Polls => Duration::from_secs(1),
            Self::ForgottenHolds | Self::Mails | Self::Deposits => Duration::from_secs(60),
            Self::SealAudit | Self::Rates => Duration::from_secs(20),
            Self::Syncs => Duration::from_secs(15),
            Self::Figures => Duration::from_secs(5),
        }
    }

    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rescue => "rescue",
            Self::LookUps => "look_ups",
            Self::Polls => "polls",
            Self::ForgottenHolds => "forgotten_holds",
            Self::Mails => "mails",
            Self::SealAudit => "seal_audit",
            Self::Rates => "rates",
            Self::Deposits => "deposits",
            Self::Syncs => "syncs",
            Self::Figures => "figures",
        }
    }
}

/// Orders looked at in one run at most.
const BATCH_MAX: u16 = 200;
/// A held order without a job is forgotten after this time.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);
/// Sign-ins elsewhere that nobody ended are forgotten as quickly as they can be begun.
const SIGN_INS_MAX: u16 = 10_000;
/// How long a mail that was sent or could not be sent is remembered.
const MAILS_KEPT: Duration = Duration::from_hours(30 * 24);
/// How long a session that has ended is remembered: nothing reads it, but staff who look for a thief with the database's own
/// means find where the last sign-ins came from.
const SESSIONS_KEPT: Duration = Duration::from_hours(7 * 24);
/// Sessions forgotten in one run at most: more than are opened in a minute, and few enough not to keep writers waiting.
const SESSIONS_MAX: u16 = 1_000;
/// Batches added to the figures in one run: of a database that is new to them, half a million rows of each table.
const FIGURES_MAX: usize = 100;

/// The use cases behind the schedules.
pub struct Schedules {
    rescue: RescueOrders,
    seal: SealAudit,
    rates: Option<RefreshRates>,
    funds: Option<(Arc<dyn FundsQueries>, SealDestinations)>,
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    mails: Arc<dyn MailQueries>,
    syncs: Arc<dyn SyncQueries>,
    limiter: Arc<dyn RateLimiter>,
    clock: Arc<dyn Clock>,
    figures: Option<Arc<dyn FigureKeeper>>,
}

impl Schedules {
    /// The use cases over their ports.
    #[must_use]
    pub fn new(
        rescue: RescueOrders,
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        mails: Arc<dyn MailQueries>,
        syncs: Arc<dyn SyncQueries>,
        limiter: Arc<dyn RateLimiter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            rescue,
            seal: SealAudit::new(store.clone(), clock.clone()),
            rates: None,
            funds: None,
            store,
            orders,
            mails,
            syncs,
            limiter,
            clock,
            figures: None,
        }
    }

    /// Keeps these figures too.
    #[must_use]
    pub fn with_figures(self, figures: Arc<dyn FigureKeeper>) -> Self {
        Self {
            figures: Some(figures),
            ..self
        }
    }

    /// The same, and claimed payments are not forgotten; what `sealer` has not sealed is sealed.
    #[must_use]
    pub fn with_funds(self, funds: Arc<dyn FundsQueries>, sealer: Arc<dyn SecretSealer>) -> Self {
        let seal = SealDestinations::new(self.store.clone(), funds.clone(), sealer);
        Self {
            funds: Some((funds, seal)),
            ..self
        }
    }

    /// The same, and exchange rates are asked for.
    #[must_use]
    pub fn with_rates(self, rates: RefreshRates) -> Self {
        Self {
            rates: Some(rates),
            ..self
        }
    }

    /// Signs the heads of the audit log that go to the log.
    #[must_use]
    pub fn signing(self, heads: HeadSigner) -> Self {
        Self {
            seal: self.seal.signing(heads),
            ..self
        }
    }

    /// Runs a schedule, unless another node has just done so; how much it found to do.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(&self, schedule: Schedule) -> Result<usize, StoreError> {
        // A little less than the period, so that one node alone is never refused by its own jitter.
        let limit = Limit {
            count: 1,
            period: schedule.every().mul_f64(0.8),
            burst: 1,
        };
        let key = format!("schedule:{}", schedule.as_str());
        if matches!(self.limiter.take(&key, limit).await, Admission::Denied { .. }) {
            return Ok(0);
        }
        let now = self.clock.now();
        match schedule {
            Schedule::Rescue => self.rescue.rescue().await,
            Schedule::SealAudit => self.seal.seal().await,
            Schedule::Rates => match &self.rates {
                Some(rates) => rates.refresh().await,
                None => Ok(0),
            },
            Schedule::Figures => self.add_up().await,
            Schedule::LookUps => {
                let due = self.orders.due_lookups(now, BATCH_MAX).await?;
                self.ensure(JobTopic::ReconcileOrder, due.iter().map(|id| id.0), now)
                    .await
            }
            Schedule::Polls => {
                let due = self.orders.providers_with_due_polls(now, FULL_ENOUGH).await?;
                self.ensure(JobTopic::PollProvider, due.iter().map(|id| id.0), now)
                    .await
            }
            Schedule::ForgottenHolds => {
                let forgotten = self
                    .orders
                    .forgotten_holds(now.minus(FORGOTTEN_AFTER), BATCH_MAX)
                    .await?;
                if !forgotten.is_empty() {
                    tracing::error!(
                        orders = forgotten.len(),
                        "held orders had no job; they get a new one"
                    );
                }
                self.ensure(JobTopic::SubmitOrder, forgotten.iter().map(|id| id.0), now)
                    .await
            }
            Schedule::Mails => self.look_after_mails(now).await,
            Schedule::Deposits => self.look_after_deposits(now).await,
            Schedule::Syncs => {
                let due = self.syncs.due_syncs(now, BATCH_MAX).await?;
                self.ensure(JobTopic::SyncCatalog, due.iter().map(|id| id.0), now)
                    .await
            }
        }
    }

    async fn add_up(&self) -> Result<usize, StoreError> {
        let Some(figures) = &self.figures else {
            return Ok(0);
        };
        let shown = figures.shown().await?;
        let mut found = 0;
        for _ in 0..FIGURES_MAX {
            let progress = figures.gather(shown).await?;
            found += usize::try_from(progress.passed).unwrap_or_default();
            if progress.passed == 0 || progress.left == 0 {
                break;
            }
        }
        Ok(found)
    }

    async fn look_after_mails(&self, now: Timestamp) -> Result<usize, StoreError> {
        retry_contended(|| self.prune_mails(now)).await?;
        retry_contended(|| self.prune_sessions(now)).await?;
        let forgotten = self
            .mails
            .forgotten(now.minus(FORGOTTEN_AFTER), BATCH_MAX)
            .await?;
        self.ensure(JobTopic::DeliverMail, forgotten.iter().map(|id| id.0), now)
            .await
    }

    async fn look_after_deposits(&self, now: Timestamp) -> Result<usize, StoreError> {
        let Some((funds, destinations)) = &self.funds else {
            return Ok(0);
        };
        let forgotten = funds
            .forgotten_deposits(now.minus(FORGOTTEN_AFTER), BATCH_MAX)
            .await?;
        let forgotten = self
            .ensure(JobTopic::CheckDeposit, forgotten.iter().map(|id| id.0), now)
            .await?;
        destinations.seal().await?;
        Ok(forgotten)
    }

    async fn prune_mails(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.mails().prune(now.minus(MAILS_KEPT), BATCH_MAX).await?;
        tx.social().forget_ended(now, SIGN_INS_MAX).await?;
        tx.commit().await
    }

    /// In a transaction of its own: who ends a user's sessions forgets their mails after that, so the other order in one
    /// transaction could be a circle.
    async fn prune_sessions(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.identity()
            .forget_sessions(now.minus(SESSIONS_KEPT), SESSIONS_MAX)
            .await?;
        tx.commit().await
    }

    async fn ensure(
        &self,
        topic: JobTopic,
        subjects: impl Iterator<Item = i64> + Send,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut subjects: Vec<i64> = subjects.collect();
        // In one order on every node, or two that add the same jobs at once could wait for each other in a circle.
        subjects.sort_unstable();
        if subjects.is_empty() {
            return Ok(0);
        }
        let mut added = 0;
        let mut tx = self.store.begin().await?;
        for subject in subjects {
            let job = NewJob {
                topic,
                subject,
                due_at: now,
            };
            if tx.outbox().ensure(job, now.minus(REVIVE_AFTER)).await? == Pushed::Added {
                added += 1;
            }
        }
        tx.commit().await?;
        Ok(added)
    }
}
