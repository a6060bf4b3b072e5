//! Sending an order to its provider, at most once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::OrderId;
use domain::catalog::{Availability, ServiceType};
use domain::orders::{
    Actor, Attempt, Change, Evidence, Order, OrderPolicy, OrderState, claim, resolve, take_back, withdraw,
};
use domain::providers::{
    AddAnswer, AddOutcome, CallResult, LookupCapability, Provider, RefusalKind, classify_add,
};
use domain::text::Comments;
use ports::gateway::{PanelGateway, PanelOrder};
use ports::orders::{OrderQueries, OrderView};
use ports::{Clock, Store, StoreError};

use super::record::{Amended, amend};
use crate::jobs::Verdict;
use crate::providers::{Admitted, CallClass, Panels, PanelsError};
use crate::submission::SubmissionGuard;

/// How long to wait before a provider that staff switched off is tried again.
const DISABLED_PAUSE: Duration = Duration::from_secs(60);
/// How long to wait while too much money at a provider has an unknown fate.
const EXPOSURE_PAUSE: Duration = Duration::from_secs(30);
/// How long an order waits while nothing is sent.
const CLOSED_PAUSE: Duration = Duration::from_secs(20);
/// Recording an answer is tried this often before the order is left to the rescuer.
const RECORD_ATTEMPTS_MAX: u32 = 8;
/// The first pause between these attempts; it doubles.
const RECORD_PAUSE_MIN: Duration = Duration::from_millis(50);

/// The use case.
pub struct SubmitOrder {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    gateway: Arc<dyn PanelGateway>,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    guard: Arc<SubmissionGuard>,
    policy: OrderPolicy,
    worker: String,
}

/// An order that this worker may send, and on which database it was claimed.
struct Claimed {
    order: Box<Order>,
    stamp: u64,
}

impl SubmitOrder {
    /// The use case over its ports; `worker` names this process in the attempts it makes.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a port or a policy of its own; they are named where they are wired"
    )]
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
        guard: Arc<SubmissionGuard>,
        policy: OrderPolicy,
        worker: String,
    ) -> Self {
        Self {
            store,
            orders,
            gateway,
            panels,
            clock,
            guard,
            policy,
            worker,
        }
    }

    /// Sends the order if it is waiting to be sent. Whatever happens after the intent is durable, it is never sent
    /// again unless it is proven that nothing was sent.
    ///
    /// # Errors
    /// [`PanelsError`] if the database or the provider's key is not to be had; then nothing was sent.
    pub async fn submit(&self, id: OrderId) -> Result<Verdict, PanelsError> {
        let Some(view) = self.orders.find(id).await? else {
            return Ok(Verdict::Done);
        };
        if view.order.state != OrderState::Held {
            return Ok(Verdict::Done);
        }
        self.guard.knows().await?;
        let Some(stamp) = self.guard.gate().pass() else {
            return Ok(Verdict::Later(CLOSED_PAUSE));
        };
        // Before anything is read for it: there may be thousands.
        if let Err(pause) = self.panels.glance(view.order.service.provider, CallClass::Submit) {
            return Ok(Verdict::Later(pause));
        }
        let (provider, target) = self.panels.target(view.order.service.provider).await?;
        if let Some(verdict) = self.hold_back(&provider, id).await? {
            return Ok(verdict);
        }
        let comments = self.comments(&view).await?;
        let admitted = match self.panels.admit(&provider, CallClass::Submit).await {
            Ok(admitted) => admitted,
            Err(pause) => return Ok(Verdict::Later(pause)),
        };
        let claimed_at = self.clock.monotonic();
        let claimant = self.claimant();
        let order = match self.claim(id, &claimant).await {
            Ok(Some(order)) => order,
            unclaimed => {
                self.panels.forgo(provider.id, CallClass::Submit, admitted);
                return match unclaimed {
                    Ok(_) => Ok(Verdict::Done),
                    Err(StoreError::Unavailable(why)) => {
                        Ok(self.take_back(id, &claimant, stamp, why).await?)
                    }
                    Err(error) => Err(error.into()),
                };
            }
        };
        let claimed = Claimed { order, stamp };
        if let Some(evidence) = self.reason_not_to_send(stamp, claimed_at) {
            self.panels.forgo(provider.id, CallClass::Submit, admitted);
            self.record(&claimed, &evidence).await?;
            return Ok(Verdict::Done);
        }
        self.guard.gate().sends();
        failpoints::reach("send-before-connect");
        let request = request(&provider, &claimed.order, &view.service_type, comments);
        let answer = self.gateway.add(&target, &request).await;
        failpoints::reach("send-after-answer");
        self.conclude(&provider, admitted, &claimed, &answer).await?;
        Ok(Verdict::Done)
    }

    /// Reasons not to send that are known before anything is claimed.
    async fn hold_back(&self, provider: &Provider, id: OrderId) -> Result<Option<Verdict>, StoreError> {
        match provider.availability {
            Availability::Active => {}
            Availability::Disabled => return Ok(Some(self.wait(provider, DISABLED_PAUSE))),
            Availability::Archived => {
                let now = self.clock.now();
                let gate = self.guard.gate();
                let give_back = |order: &Order, _: Option<&_>| {
                    let withdrawn = withdraw(order, "the provider was removed", now);
                    Ok(withdrawn.filter(|_| gate.is_known()))
                };
                amend::<Infallible, _>(&*self.store, id, give_back).await?;
                return Ok(Some(Verdict::Done));
            }
        }
        let exposure = self.orders.unknown_exposure(provider.id).await?;
        let too_much = exposure > provider.settings.exposure_cap;
        Ok(too_much.then(|| self.wait(provider, EXPOSURE_PAUSE)))
    }

    fn wait(&self, provider: &Provider, at_least: Duration) -> Verdict {
        Verdict::Later(self.panels.turn_away(provider, CallClass::Submit, at_least))
    }

    /// A name for one claim. The process's own would not do: a claim that failed has the number of the next one, and
    /// both may be of one process.
    fn claimant(&self) -> String {
        static CLAIMS: AtomicU64 = AtomicU64::new(0);
        format!("{}-{}", self.worker, CLAIMS.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes the intent durable. `None` if somebody else has the order. If the database does not say whether the
    /// commit happened, nothing is sent.
    async fn claim(&self, id: OrderId, claimant: &str) -> Result<Option<Box<Order>>, StoreError> {
        let now = self.clock.now();
        let decide = |order: &Order, _: Option<&_>| Ok(claim(order, claimant, &self.policy, now));
        match amend::<Infallible, _>(&*self.store, id, decide).await? {
            Amended::Recorded(order) => Ok(Some(order)),
            Amended::Unchanged | Amended::Missing => Ok(None),
            Amended::Refused(never) => match never {},
        }
    }

    /// Nobody knows whether the claim was recorded, and nothing was sent. If it was, it is taken back as soon as the
    /// database answers; if that cannot be done either, the rescuer finds it when its lease has ended. On another
    /// database than the one of the claim it proves nothing that this worker did not send it.
    async fn take_back(
        &self,
        id: OrderId,
        claimant: &str,
        stamp: u64,
        why: String,
    ) -> Result<Verdict, StoreError> {
        tracing::warn!(order_id = id.0, %why, "a claim may or may not have been recorded; nothing is sent");
        let gate = self.guard.gate();
        let decide = |order: &Order, attempt: Option<&Attempt>| {
            let now = self.clock.now();
            let attempt = attempt.filter(|_| gate.stamp() == stamp);
            Ok(attempt.and_then(|attempt| take_back(order, attempt, claimant, &self.policy, now)))
        };
        match self.insist(id, decide).await? {
            Amended::Recorded(_) => Ok(Verdict::Done),
            Amended::Unchanged | Amended::Missing => Err(StoreError::Unavailable(why)),
            Amended::Refused(never) => match never {},
        }
    }

    /// Reasons that came up while the order was claimed. On another database than the one that was looked at, nobody
    /// knows whether the order was sent before.
    fn reason_not_to_send(&self, stamp: u64, claimed_at: Duration) -> Option<Evidence> {
        let gate = self.guard.gate();
        let not_sent = |proof: &str| Evidence::NotSent {
            proof: proof.to_owned(),
        };
        if gate.stamp() != stamp {
            let why = "it was claimed on a database that nobody had looked at".to_owned();
            Some(Evidence::Unknown { why })
        } else if !gate.is_open() {
            Some(not_sent("local:paused"))
        } else if self.is_stale(claimed_at) {
            Some(not_sent("local:stale"))
        } else {
            None
        }
    }

    /// Whether so much time has passed since the claim that its lease may end while the request runs: a process that
    /// was paused in between must not send any more.
    fn is_stale(&self, claimed_at: Duration) -> bool {
        self.clock.monotonic().saturating_sub(claimed_at) >= self.policy.send_within
    }

    /// What is to be written. It is read before anything is claimed, and an order that has lost it is never sent.
    async fn comments(&self, view: &OrderView) -> Result<Option<Comments>, StoreError> {
        if !view.service_type.takes_comments() {
            return Ok(None);
        }
        let id = view.order.id;
        match self.orders.comments(id).await? {
            Some(comments) => Ok(Some(comments)),
            None => Err(StoreError::Unavailable(format!(
                "the comments of order {id} have vanished"
            ))),
        }
    }

    async fn conclude(
        &self,
        provider: &Provider,
        admitted: Admitted,
        claimed: &Claimed,
        answer: &AddAnswer,
    ) -> Result<(), StoreError> {
        let outcome = classify_add(answer);
        self.tell_circuit(provider, admitted, answer, &outcome);
        let evidence = match outcome {
            AddOutcome::Placed(provider_order_id) => {
                if self.guard.gate().stamp() != claimed.stamp {
                    tracing::error!(order_id = claimed.order.id.0, %provider_order_id, "placed, and the database may have forgotten that it was sent");
                }
                Evidence::Placed {
                    provider_order_id,
                    actor: Actor::Provider,
                }
            }
            AddOutcome::Refused { text, .. } => Evidence::Refused { text },
            AddOutcome::NotSent { proof } => Evidence::NotSent { proof },
            AddOutcome::Unknown { why } => Evidence::Unknown { why },
        };
        match self.record(claimed, &evidence).await {
            Err(error @ StoreError::Conflict { .. }) if matches!(evidence, Evidence::Placed { .. }) => {
                let why = if error.is_provider_order_taken() {
                    "the provider answered an order id that belongs to another order".to_owned()
                } else {
                    format!("the provider took it, and that cannot be recorded: {error}")
                };
                tracing::error!(order_id = claimed.order.id.0, %why, "an order that was sent is unknown");
                self.record(claimed, &Evidence::Unknown { why }).await
            }
            result => {
                if let (
                    Err(error),
                    Evidence::Placed {
                        provider_order_id, ..
                    },
                ) = (&result, &evidence)
                {
                    // Nobody else has it: staff can say by it what became of the order.
                    tracing::error!(order_id = claimed.order.id.0, %provider_order_id, %error, "placed, and that could not be recorded");
                }
                result
            }
        }
    }

    fn tell_circuit(
        &self,
        provider: &Provider,
        admitted: Admitted,
        answer: &AddAnswer,
        outcome: &AddOutcome,
    ) {
        let result = match (answer, outcome) {
            (AddAnswer::NotSent { .. }, _) => CallResult::Unreachable,
            (_, AddOutcome::Placed(_) | AddOutcome::Refused { .. }) => CallResult::Answered,
            _ => CallResult::Failed,
        };
        self.panels.tell(provider.id, CallClass::Submit, admitted, result);
        if let AddOutcome::Refused {
            kind: RefusalKind::Account,
            text,
        } = outcome
        {
            tracing::error!(provider_id = provider.id.0, %text, "the provider refuses our account; it is left alone for a while");
            self.panels.trip(provider.id, CallClass::Submit);
        }
    }

    /// The evidence is about the attempt that was claimed. If recording it succeeded without our knowing, the order may
    /// have another attempt by now, about which it says nothing. Nor does "not sent" say anything on a database that
    /// was exchanged meanwhile: the order may have been sent after that. And there another order may have the same id.
    async fn record(&self, claimed: &Claimed, evidence: &Evidence) -> Result<(), StoreError> {
        let gate = self.guard.gate();
        let decide = |order: &Order, attempt: Option<&Attempt>| {
            let now = self.clock.now();
            let counts = gate.stamp() == claimed.stamp || !matches!(evidence, Evidence::NotSent { .. });
            let is_ours = counts && order.is_same_as(&claimed.order);
            let attempt = attempt.filter(|attempt| is_ours && attempt.no == claimed.order.attempts);
            Ok(attempt.and_then(|attempt| resolve(order, attempt, evidence, &self.policy, now)))
        };
        self.insist(claimed.order.id, decide).await.map(|_| ())
    }

    /// What is known is worth more than the time it takes to write it down: only a database that stays away makes us
    /// leave the order to the rescuer, who will find it unknown.
    async fn insist<D>(&self, id: OrderId, decide: D) -> Result<Amended<Infallible>, StoreError>
    where
        D: Fn(&Order, Option<&Attempt>) -> Result<Option<Change>, Infallible> + Send + Sync,
    {
        let mut pause = RECORD_PAUSE_MIN;
        for _ in 1..RECORD_ATTEMPTS_MAX {
            match amend(&*self.store, id, &decide).await {
                Err(error @ (StoreError::Unavailable(_) | StoreError::Contended)) => {
                    tracing::warn!(order_id = id.0, %error, "what is known of an order could not be recorded yet");
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2);
                }
                result => return result,
            }
        }
        amend(&*self.store, id, &decide).await
    }
}

/// What the provider is told. A package has one size, and comments say how many they are.
fn request(provider: &Provider, order: &Order, kind: &ServiceType, comments: Option<Comments>) -> PanelOrder {
    let keeps_references = provider.settings.lookup == LookupCapability::Reference;
    PanelOrder {
        upstream_service: order.service.upstream_id.clone(),
        link: order.link.as_str().to_owned(),
        quantity: (*kind == ServiceType::Default).then_some(order.quantity),
        comments: comments.map(String::from),
        reference: keeps_references.then(|| order.reference()),
    }
}
