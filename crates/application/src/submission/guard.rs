//! Notices a database that may have forgotten what was sent, and keeps it from being sent again.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::OrderId;
use domain::orders::{Actor, Order, OrderPolicy, doubt};
use domain::submission::{Comparison, Identity, Memory, Pause, PauseCause, Submission, compare};
use ports::audit::AuditEntry;
use ports::limits::{Admission, Limit, RateLimiter};
use ports::submission::{DatabaseIdentity, SubmissionMemory, SubmissionQueries};
use ports::{Clock, IdSource, Store, StoreError};

use super::gate::Gate;
use crate::orders::record::{Amended, amend};

/// Orders marked between two looks at the list.
const BATCH_MAX: u16 = 200;
/// How often the epoch is raised while orders are sent, over all nodes together. A copy of the database that is younger
/// than that may go unnoticed.
const RAISE_EVERY: Duration = Duration::from_secs(2);
/// What the audit log calls it.
pub(super) const TARGET: &str = "submission:orders";

/// The ports that the guard needs.
#[derive(Clone)]
pub struct GuardPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Looks without a transaction.
    pub queries: Arc<dyn SubmissionQueries>,
    /// What the database is.
    pub identity: Arc<dyn DatabaseIdentity>,
    /// What is remembered about it.
    pub memory: Arc<dyn SubmissionMemory>,
    /// Paces all nodes together.
    pub limiter: Arc<dyn RateLimiter>,
    /// Names.
    pub ids: Arc<dyn IdSource>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The guard, one in each process.
pub struct SubmissionGuard {
    pub(super) ports: GuardPorts,
    pub(super) policy: OrderPolicy,
    gate: Gate,
    /// One look at a time; what this process remembers itself.
    own: tokio::sync::Mutex<Option<Memory>>,
    memory_fails: AtomicBool,
    told: std::sync::Mutex<Option<Pause>>,
}

impl SubmissionGuard {
    /// The guard over its ports. Nothing may be sent before its first look.
    #[must_use]
    pub fn new(ports: GuardPorts, policy: OrderPolicy) -> Self {
        Self {
            gate: Gate::new(ports.identity.clone()),
            ports,
            policy,
            own: tokio::sync::Mutex::default(),
            memory_fails: AtomicBool::new(false),
            told: std::sync::Mutex::default(),
        }
    }

    /// What is known without asking.
    #[must_use]
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether no order is in doubt without being marked; asks the database only if this process does not know it.
    ///
    /// # Errors
    /// [`StoreError`] if the database, or what is remembered about it, is not to be had.
    pub async fn knows(&self) -> Result<bool, StoreError> {
        if !self.gate.is_known() {
            self.look().await?;
        }
        Ok(self.gate.is_known())
    }

    /// What has to be done again and again: looks, marks orders in doubt, raises the epoch while orders are sent.
    ///
    /// # Errors
    /// [`StoreError`] if the database, or what is remembered about it, is not to be had.
    pub async fn keep(&self) -> Result<(), StoreError> {
        let submission = self.look().await?;
        if let (Some(up_to), Some(pause)) = (submission.doubted_up_to, &submission.pause) {
            self.mark(up_to, pause).await?;
            self.look().await?;
        }
        self.raise().await
    }

    /// Compares the database with what is known about it, and pauses if it may have forgotten something.
    ///
    /// # Errors
    /// [`StoreError`]; then the gate is as it was, or closed.
    pub async fn look(&self) -> Result<Submission, StoreError> {
        let mut own = self.own.lock().await;
        let generation = self.ports.identity.generation();
        // Before the database: it is written after it.
        let recalled = self.recall().await?;
        let memory = newest(recalled.clone(), own.clone());
        let identity = self.ports.identity.identity().await?;
        let known = self.ports.queries.submission().await?;
        let lasts = self.ports.memory.lasts();
        let submission = match compare(&known, &identity, memory.as_ref(), lasts) {
            Comparison::Same => known,
            Comparison::First | Comparison::Moved | Comparison::Doubtful(_) => {
                self.settle(&identity, memory.as_ref()).await?
            }
        };
        self.remember(&submission, recalled.as_ref(), &mut own).await?;
        if self.ports.identity.generation() != generation {
            let why = "the database server changed while it was looked at";
            return Err(StoreError::Unavailable(why.to_owned()));
        }
        self.gate.see(generation, &submission);
        self.tell(&submission);
        Ok(submission)
    }

    /// Looks once more, with the row locked: of several nodes that notice, one writes.
    async fn settle(&self, identity: &Identity, memory: Option<&Memory>) -> Result<Submission, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let mut known = tx.submission().lock().await?;
        let comparison = compare(&known, identity, memory, self.ports.memory.lasts());
        if known.incarnation.is_empty() {
            known.incarnation = self.ports.ids.text_id();
        }
        let adopted = known.adopted(identity, memory, now);
        let after = match comparison {
            // What was read is another node's news: it is certain after the commit.
            Comparison::Same => return tx.commit().await.map(|()| known),
            Comparison::First => adopted,
            Comparison::Moved => {
                tracing::warn!("the database was moved while submission was paused");
                adopted
            }
            Comparison::Doubtful(why) => {
                let latest = tx.submission().latest_order().await?;
                let entry = AuditEntry::new(Actor::System, "submission.doubt", TARGET, now)
                    .with("why", why)
                    .with("was", format!("{:?}", known.identity))
                    .with("is", format!("{identity:?}"))
                    .with("epoch", format!("{}, remembered {memory:?}", known.epoch));
                tx.audit().append(&entry).await?;
                // Nothing can be sent twice of a database that has no orders.
                match latest {
                    None => adopted,
                    Some(_) => adopted.paused(PauseCause::Database, why, latest, now),
                }
            }
        };
        tx.submission().save(&after).await?;
        tx.commit().await?;
        Ok(after)
    }

    async fn recall(&self) -> Result<Option<Memory>, StoreError> {
        match self.ports.memory.recall().await {
            Ok(memory) => {
                self.memory_fails.store(false, Ordering::Relaxed);
                Ok(memory)
            }
            Err(error) if self.ports.memory.lasts() => Err(StoreError::Unavailable(error.to_string())),
            Err(error) => {
                if !self.memory_fails.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the database is compared with less than usual");
                }
                Ok(None)
            }
        }
    }

    async fn remember(
        &self,
        submission: &Submission,
        recalled: Option<&Memory>,
        own: &mut Option<Memory>,
    ) -> Result<(), StoreError> {
        let memory = Memory {
            incarnation: submission.incarnation.clone(),
            epoch: submission.epoch,
            is_copy: false,
        };
        if recalled != Some(&memory) {
            let remembered = self
                .ports
                .memory
                .remember(&memory.incarnation, memory.epoch)
                .await;
            match remembered {
                Err(error) if self.ports.memory.lasts() => {
                    return Err(StoreError::Unavailable(error.to_string()));
                }
                Err(error) => tracing::debug!(%error, "the epoch is not remembered"),
                Ok(()) => {}
            }
        }
        *own = Some(memory);
        Ok(())
    }

    /// Marks every order that may have been sent without our knowing.
    async fn mark(&self, up_to: OrderId, pause: &Pause) -> Result<(), StoreError> {
        let sent_until = pause.since.plus(self.policy.lease);
        let (mut after, mut marked, mut failed) = (OrderId(0), 0_u64, 0_u64);
        loop {
            let page = self.ports.queries.doubtful(after, up_to, BATCH_MAX).await?;
            let Some(last) = page.last() else { break };
            after = *last;
            for id in page {
                let now = self.ports.clock.now();
                let decide = |order: &Order, attempt: Option<&_>| {
                    Ok(doubt(
                        order,
                        attempt,
                        &pause.reason,
                        sent_until,
                        &self.policy,
                        now,
                    ))
                };
                match amend::<Infallible, _>(&*self.ports.store, id, decide).await {
                    Ok(Amended::Recorded(_)) => marked += 1,
                    Ok(Amended::Unchanged | Amended::Missing) => {}
                    Ok(Amended::Refused(never)) => match never {},
                    Err(error) => {
                        tracing::error!(order_id = id.0, %error, "an order in doubt could not be marked yet");
                        failed += 1;
                    }
                }
            }
        }
        if marked > 0 {
            tracing::error!(
                orders = marked,
                "orders may have been sent without our knowing; they are looked up"
            );
        }
        if failed == 0 {
            self.end_marking(up_to, pause).await?;
        }
        Ok(())
    }

    async fn end_marking(&self, up_to: OrderId, pause: &Pause) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let known = tx.submission().lock().await?;
        // Unless there is a new doubt by now.
        if known.doubted_up_to == Some(up_to) && known.pause.as_ref() == Some(pause) {
            tx.submission().save(&known.marked()).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn raise(&self) -> Result<(), StoreError> {
        if !self.gate.take_sent() {
            return Ok(());
        }
        let raised = self.raise_once().await;
        if !matches!(raised, Ok(true)) {
            self.gate.sends();
        }
        raised.map(|_| ())
    }

    async fn raise_once(&self) -> Result<bool, StoreError> {
        let limit = Limit {
            count: 1,
            period: RAISE_EVERY.mul_f64(0.8),
            burst: 1,
        };
        let admission = self.ports.limiter.take("schedule:epoch", limit).await;
        if !self.gate.is_known() || matches!(admission, Admission::Denied { .. }) {
            return Ok(false);
        }
        let mut own = self.own.lock().await;
        let mut tx = self.ports.store.begin().await?;
        let known = tx.submission().lock().await?;
        // Another database under our hands is looked at first.
        let is_ours = own.as_ref().is_some_and(|own| {
            own.incarnation == known.incarnation && own.epoch <= known.epoch && self.gate.is_known()
        });
        if !is_ours {
            return Ok(false);
        }
        let raised = known.raised(self.ports.clock.now());
        tx.submission().save(&raised).await?;
        tx.commit().await?;
        self.remember(&raised, None, &mut own).await?;
        Ok(true)
    }

    /// Says it in the log, once for each pause and process.
    fn tell(&self, submission: &Submission) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told == submission.pause {
            return;
        }
        match &submission.pause {
            Some(pause) => tracing::error!(
                reason = %pause.reason,
                cause = pause.cause.as_str(),
                "nothing is sent to providers: submission is paused; see `smm-guru submission status`"
            ),
            None => tracing::info!("submission is released: orders are sent again"),
        }
        (*told).clone_from(&submission.pause);
    }
}

/// What a process remembers itself counts where nothing else is remembered, or nothing later.
fn newest(recalled: Option<Memory>, own: Option<Memory>) -> Option<Memory> {
    match (recalled, own) {
        (Some(recalled), Some(own)) if own.incarnation == recalled.incarnation => Some(Memory {
            epoch: recalled.epoch.max(own.epoch),
            ..recalled
        }),
        (Some(recalled), _) => Some(recalled),
        (None, own) => own,
    }
}
