//! Finding out what became of an order whose answer was lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::ServiceType;
use domain::orders::{
    Actor, Attempt, AttemptOutcome, Change, Evidence, Order, OrderPolicy, absence_proves, await_decision,
    looked_up, resolve, write_off,
};
use domain::providers::{CallResult, ListMatch, LookupCapability, Provider, find_in_list};
use domain::{OrderId, ProviderOrderId, Timestamp};
use ports::gateway::{PanelError, PanelGateway, PanelTarget};
use ports::orders::{OrderQueries, OrderView};
use ports::{Clock, Store, StoreError};

use super::record::{Amended, amend};
use crate::jobs::Verdict;
use crate::providers::{Admitted, CallClass, Panels, PanelsError};
use crate::submission::SubmissionGuard;

/// How long a look-up waits while orders in doubt are marked.
const IN_DOUBT_PAUSE: Duration = Duration::from_secs(2);

/// The use case.
pub struct ReconcileOrder {
    store: Arc<dyn Store>,
    pub(super) orders: Arc<dyn OrderQueries>,
    pub(super) gateway: Arc<dyn PanelGateway>,
    pub(super) panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    guard: Arc<SubmissionGuard>,
    pub(super) policy: OrderPolicy,
}

/// What a provider was asked, and what it said. The answer is as old as the question, however long it lay around.
struct LookUp {
    attempt: u32,
    asked_at: Timestamp,
    found: ListMatch,
}

impl ReconcileOrder {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
        guard: Arc<SubmissionGuard>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            orders,
            gateway,
            panels,
            clock,
            guard,
            policy,
        }
    }

    /// Looks an unknown order up at its provider, if the provider offers that or has said that another order is in the way,
    /// and records what it found. An order that stayed unknown too long is written off, also if the provider cannot be asked
    /// any more.
    ///
    /// # Errors
    /// [`PanelsError`] if the database or the provider's key is not to be had.
    pub async fn reconcile(&self, id: OrderId) -> Result<Verdict, PanelsError> {
        let Some(view) = self.orders.find(id).await? else {
            return Ok(Verdict::Done);
        };
        if !self.guard.knows().await? {
            return Ok(Verdict::Later(IN_DOUBT_PAUSE));
        }
        let attempts = self.orders.attempts(id).await?;
        let undecided = attempts
            .last()
            .filter(|last| last.outcome == AttemptOutcome::Unknown.as_str());
        let Some(attempt) = undecided else {
            return Ok(Verdict::Done);
        };

        let (provider, target) = match self.panels.target(view.order.service.provider).await {
            Ok(found) => found,
            Err(PanelsError::Store(error)) => return Err(error.into()),
            Err(_) if self.write_off(&view.order, attempt.no).await? => return Ok(Verdict::Done),
            Err(error) => return Err(error),
        };
        let for_another = self.refused_for_another(&view.order, attempt, &provider, &target);
        if let Some(verdict) = for_another.await? {
            return Ok(verdict);
        }
        if provider.settings.lookup == LookupCapability::None {
            self.apply(&view.order, attempt.no, |order, attempt, now| {
                write_off(order, attempt, &self.policy, now)
                    .or_else(|| await_decision(order, &self.policy, now))
            })
            .await?;
            return Ok(Verdict::Done);
        }
        let admitted = match self.panels.admit(&provider, CallClass::Read).await {
            Ok(admitted) => admitted,
            Err(_) if self.write_off(&view.order, attempt.no).await? => return Ok(Verdict::Done),
            Err(pause) => return Ok(Verdict::Later(pause)),
        };
        let asked_at = self.clock.now();
        let found = self
            .look_up(&provider, &target, admitted, &view, attempt.started_at)
            .await;
        failpoints::reach("look-up-after-answer");
        let answer = LookUp {
            attempt: attempt.no,
            asked_at,
            found: found?,
        };
        self.record(&view.order, &answer).await?;
        Ok(Verdict::Done)
    }

    /// Writes an order off whose time has come. Whether it had.
    pub(super) async fn write_off(&self, asked: &Order, no: u32) -> Result<bool, StoreError> {
        // Thousands may wait for a provider that takes no calls.
        let is_time = |since: Timestamp| self.clock.now() >= since.plus(self.policy.write_off_after);
        if !asked.unknown_since.is_some_and(is_time) {
            return Ok(false);
        }
        let when_due = |order: &Order, attempt: &Attempt, now| write_off(order, attempt, &self.policy, now);
        self.apply(asked, no, when_due).await
    }

    async fn look_up(
        &self,
        provider: &Provider,
        target: &PanelTarget,
        admitted: Admitted,
        view: &OrderView,
        sent_after: Timestamp,
    ) -> Result<ListMatch, StoreError> {
        let order = &view.order;
        let pieces = (view.service_type == ServiceType::Default).then_some(order.quantity);
        let capability = provider.settings.lookup;
        let reference = (capability == LookupCapability::Reference).then(|| order.reference());
        let listed = match self.gateway.recent_orders(target, reference).await {
            Ok(listed) => listed,
            Err(error) => {
                self.panels
                    .tell(provider.id, CallClass::Read, admitted, call_result(&error));
                return Ok(ListMatch::Inconclusive(error.to_string()));
            }
        };
        self.panels
            .tell(provider.id, CallClass::Read, admitted, CallResult::Answered);
        let ids: Vec<ProviderOrderId> = listed.iter().map(|row| row.id.clone()).collect();
        let known = self.orders.known_provider_orders(provider.id, &ids).await?;
        Ok(find_in_list(
            order, pieces, capability, &listed, &known, sent_after,
        ))
    }

    async fn record(&self, asked: &Order, answer: &LookUp) -> Result<(), StoreError> {
        let result = self
            .apply(asked, answer.attempt, |order, attempt, now| {
                self.decide(order, attempt, answer, now)
            })
            .await;
        match result {
            // Another order took the id meanwhile: one row's bad luck must not repeat for ever.
            Err(StoreError::Conflict { constraint }) => {
                tracing::error!(order_id = asked.id.0, %constraint, "an order that was found belongs to another one");
                let why = "the order that was found belongs to another one";
                self.apply(asked, answer.attempt, |order, _, now| {
                    Some(looked_up(order, why, &self.policy, now))
                })
                .await
                .map(|_| ())
            }
            result => result.map(|_| ()),
        }
    }

    fn decide(&self, order: &Order, attempt: &Attempt, answer: &LookUp, now: Timestamp) -> Option<Change> {
        let evidence = match &answer.found {
            ListMatch::Found(id) => Evidence::Placed {
                provider_order_id: id.clone(),
                actor: Actor::Provider,
            },
            ListMatch::Absent if absence_proves(order, &self.policy, answer.asked_at) => Evidence::Absent {
                proof: "lookup:absent".to_owned(),
                actor: Actor::Provider,
            },
            ListMatch::Absent => return self.wait(order, attempt, "not there yet", now),
            ListMatch::Inconclusive(why) => return self.wait(order, attempt, why, now),
        };
        resolve(order, attempt, &evidence, &self.policy, now)
    }

    pub(super) fn wait(&self, order: &Order, attempt: &Attempt, why: &str, now: Timestamp) -> Option<Change> {
        write_off(order, attempt, &self.policy, now)
            .or_else(|| Some(looked_up(order, why, &self.policy, now)))
    }

    /// Whether anything was recorded.
    pub(super) async fn apply<D>(&self, asked: &Order, no: u32, decide: D) -> Result<bool, StoreError>
    where
        D: Fn(&Order, &Attempt, Timestamp) -> Option<Change> + Send + Sync,
    {
        let now = self.clock.now();
        let gate = self.guard.gate();
        let undecided = |order: &Order, attempt: Option<&Attempt>| {
            // Before orders in doubt are marked, the quarantine of this one may not be the last. In a database that was
            // restored meanwhile, another order may have the id.
            let is_asked = gate.is_known() && order.is_same_as(asked);
            let attempt =
                attempt.filter(|it| is_asked && it.no == no && it.outcome == AttemptOutcome::Unknown);
            Ok(attempt.and_then(|attempt| decide(order, attempt, now)))
        };
        let amended = amend::<Infallible, _>(&*self.store, asked.id, undecided).await?;
        Ok(matches!(amended, Amended::Recorded(_)))
    }
}

/// How a failed read counts for the circuit.
pub(crate) const fn call_result(error: &PanelError) -> CallResult {
    match error {
        PanelError::Unreachable(_) | PanelError::Forbidden(_) => CallResult::Unreachable,
        PanelError::Broken(_) | PanelError::Unreadable(_) => CallResult::Failed,
        PanelError::Refused(_) | PanelError::RefusedForNow(_) => CallResult::Answered,
    }
}
