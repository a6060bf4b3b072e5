//! Canceling: at once while nothing was sent, by asking the provider afterwards.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::orders::{
    Actor, CancelRefusal, Change, EventKind, FollowUp, Order, OrderEvent, OrderState, cancel_by_customer,
};
use domain::providers::CallResult;
use domain::{OrderId, Timestamp};
use ports::gateway::{PanelError, PanelGateway};
use ports::orders::OrderQueries;
use ports::{Clock, Store, StoreError};

use super::reconcile::call_result;
use super::record::{Amended, amend};
use crate::caller::Caller;
use crate::jobs::Verdict;
use crate::providers::{CallClass, Panels, PanelsError};
use crate::submission::SubmissionGuard;

/// Why an order was not canceled.
#[derive(Debug, thiserror::Error)]
pub enum CancelOrderError {
    /// Somebody else acts as the user, whose money this is about.
    #[error("only the owner of the account does this")]
    NotTheOwner,
    /// There is no such order of the caller's.
    #[error("there is no such order")]
    UnknownOrder,
    /// A rule says no.
    #[error(transparent)]
    Refused(CancelRefusal),
    /// The database may have forgotten that the order was sent; this is being found out.
    #[error("whether the order was sent is being found out")]
    InDoubt,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The customer's use case.
pub struct CancelOrder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    guard: Arc<SubmissionGuard>,
}

impl CancelOrder {
    /// The use case over its ports.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, guard: Arc<SubmissionGuard>) -> Self {
        Self { store, clock, guard }
    }

    /// Cancels the caller's order, or notes the wish; the order as it is now.
    ///
    /// # Errors
    /// [`CancelOrderError`].
    pub async fn cancel(&self, caller: &Caller, id: OrderId) -> Result<Order, CancelOrderError> {
        if caller.stands_in() {
            return Err(CancelOrderError::NotTheOwner);
        }
        let now = self.clock.now();
        let owner = &caller.user().id;
        self.guard.knows().await?;
        let gate = self.guard.gate();
        let decide = |order: &Order, _: Option<&_>| {
            if order.user != *owner {
                return Err(CancelOrderError::UnknownOrder);
            }
            if order.state == OrderState::Held && !gate.is_known() {
                return Err(CancelOrderError::InDoubt);
            }
            cancel_by_customer(order, now)
                .map(Some)
                .map_err(CancelOrderError::Refused)
        };
        match amend(&*self.store, id, decide).await? {
            Amended::Recorded(order) => Ok(*order),
            Amended::Unchanged | Amended::Missing => Err(CancelOrderError::UnknownOrder),
            Amended::Refused(refusal) => Err(refusal),
        }
    }
}

/// How long after a cancel request the status is asked for.
const ASK_AFTER: Duration = Duration::from_secs(5);
/// When a provider that did not take the wish is asked again, at first. To cancel twice does no harm.
const ASK_AGAIN: Duration = Duration::from_mins(1);
/// For so long a provider is asked that hears the wish and answers nothing sensible.
const ASK_FOR: Duration = Duration::from_hours(6);

/// The worker's use case: the provider is asked to cancel. Money moves only when its status says so.
pub struct CancelUpstream {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    gateway: Arc<dyn PanelGateway>,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
}

impl CancelUpstream {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            orders,
            gateway,
            panels,
            clock,
        }
    }

    /// Asks the provider to cancel an order that it works on.
    ///
    /// # Errors
    /// [`PanelsError`] if the database or the provider's key is not to be had.
    pub async fn ask(&self, id: OrderId) -> Result<Verdict, PanelsError> {
        let Some(view) = self.orders.find(id).await? else {
            return Ok(Verdict::Done);
        };
        let order = view.order;
        let Some(provider_order_id) = order
            .provider_order_id
            .clone()
            // A job that outlived its order, in a queue beside a restored database, may name another one.
            .filter(|_| order.state.is_tracked() && order.cancel_requested_at.is_some())
        else {
            return Ok(Verdict::Done);
        };
        let (provider, target) = self.panels.target(order.service.provider).await?;
        let admitted = match self.panels.admit(&provider, CallClass::Read).await {
            Ok(admitted) => admitted,
            Err(pause) => return Ok(Verdict::Later(pause)),
        };
        let asked = self.gateway.cancel(&target, &provider_order_id).await;
        failpoints::reach("cancel-after-answer");
        let (result, word) = match &asked {
            Ok(()) => (CallResult::Answered, "asked".to_owned()),
            Err(error) => (call_result(error), error.to_string()),
        };
        self.panels.tell(provider.id, CallClass::Read, admitted, result);
        if let Err(error) = &asked
            && let Some(pause) = ask_again(&order, error, self.clock.now())
        {
            tracing::warn!(order_id = id.0, provider_id = provider.id.0, %error, "a provider did not take a cancellation; it is asked again");
            return Ok(Verdict::Later(pause));
        }
        self.note(id, &word).await?;
        Ok(Verdict::Done)
    }

    async fn note(&self, id: OrderId, word: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let decide = |order: &Order, _: Option<&_>| {
            if !order.state.is_tracked() {
                return Ok(None);
            }
            let mut after = order.clone();
            let due_at = now.plus(ASK_AFTER);
            after.due_at = Some(due_at);
            after.updated_at = now;
            let event = OrderEvent::new(EventKind::CancelSent, Actor::System, now).with("result", word);
            let change = Change::of(after).event(event);
            Ok(Some(change.follow_up(FollowUp::Ask { due_at })))
        };
        amend::<Infallible, _>(&*self.store, id, decide).await.map(|_| ())
    }
}

/// How long after it failed to take the wish the provider is asked again; `None` if it has said no, or was asked for long
/// enough. One that does not even hear it is asked until the order ends.
fn ask_again(order: &Order, error: &PanelError, now: Timestamp) -> Option<Duration> {
    if matches!(error, PanelError::Unreachable(_) | PanelError::Broken(_)) {
        return Some(ASK_AGAIN);
    }
    // A wish of the time in which the order was being sent is passed on when the provider has accepted it.
    let wished_at = order.cancel_requested_at.max(order.submitted_at)?;
    let waited = now.since(wished_at);
    (error.is_passing() && waited < ASK_FOR).then(|| ASK_AGAIN.max(waited / 4))
}
