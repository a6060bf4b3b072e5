//! What only people can decide: the fate of an unknown order, and what to do about an order in review.

use std::sync::Arc;

use domain::identity::Right;
use domain::identity::right::OrdersDecide;
use domain::orders::{
    Attempt, Change, DecisionRefusal, EventKind, Evidence, Order, OrderEvent, OrderPolicy, ReviewDecision,
    flag, resolve, settle_review, staff_decision_allowed,
};
use domain::{OrderId, ProviderOrderId, Timestamp};
use ports::audit::AuditEntry;
use ports::orders::PendingDecision;
use ports::{Clock, Store, StoreError, Tx};

use super::record::record;
use crate::caller::{Member, Staff};
use crate::identity::still_holds;
use crate::retry::{MaybeContended, retry_contended};
use crate::submission::SubmissionGuard;

/// The fate of an unknown order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The provider has it under this id.
    PlacedAs(ProviderOrderId),
    /// The provider does not have it.
    NotPlaced,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It was carried out; the order as it is now.
    Done(Box<Order>),
    /// The amount is large: a second member of staff must say the same.
    AwaitsSecond,
}

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideOrderError {
    /// There is no such order.
    #[error("there is no such order")]
    UnknownOrder,
    /// It is the caller's own order.
    #[error("nobody decides about their own order")]
    Own,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] DecisionRefusal),
    /// The database may have forgotten that the order was sent again; this is being found out.
    #[error("whether the order was sent again is being found out")]
    InDoubt,
    /// Another order has this provider order id.
    #[error("another order has this provider order id")]
    IdTaken,
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for DecideOrderError {
    fn from(error: StoreError) -> Self {
        if error.is_provider_order_taken() {
            Self::IdTaken
        } else {
            Self::Store(error)
        }
    }
}

impl MaybeContended for DecideOrderError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// The use cases.
pub struct DecideOrder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    guard: Arc<SubmissionGuard>,
    policy: OrderPolicy,
}

impl DecideOrder {
    /// The use cases over their ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        guard: Arc<SubmissionGuard>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            clock,
            guard,
            policy,
        }
    }

    /// Decides the fate of an unknown order. Above a set price two members of staff must say the same.
    ///
    /// # Errors
    /// [`DecideOrderError`].
    pub async fn decide_fate(
        &self,
        staff: &Staff<OrdersDecide>,
        id: OrderId,
        fate: &Fate,
        note: &str,
    ) -> Result<Decided, DecideOrderError> {
        self.guard.knows().await.map_err(DecideOrderError::Store)?;
        retry_contended(|| self.decide_fate_once(staff, id, fate, note)).await
    }

    async fn decide_fate_once(
        &self,
        staff: &Member,
        id: OrderId,
        fate: &Fate,
        note: &str,
    ) -> Result<Decided, DecideOrderError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let order = others(&mut *tx, staff, id).await?;
        let attempt = tx
            .orders()
            .latest_attempt(id)
            .await?
            .ok_or(DecisionRefusal::NothingToDecide)?;
        let placed = matches!(fate, Fate::PlacedAs(_));
        // Before orders in doubt are marked, the quarantine of this one may not be the last.
        if !placed && !self.guard.gate().is_known() {
            return Err(DecideOrderError::InDoubt);
        }
        staff_decision_allowed(&order, &attempt, placed, &self.policy, now)?;

        if !self
            .is_agreed(&mut *tx, staff, (&order, &attempt), fate, now)
            .await?
        {
            tx.audit()
                .append(&audited(staff, "order.decide_first", id, fate, note, now))
                .await?;
            tx.commit().await?;
            return Ok(Decided::AwaitsSecond);
        }
        let change = self.fate_change(staff, &order, &attempt, fate, note, now)?;
        record(&mut *tx, &change).await?;
        tx.orders().drop_decision(id).await?;
        tx.audit()
            .append(&audited(staff, "order.decide", id, fate, note, now))
            .await?;
        tx.commit().await?;
        Ok(Decided::Done(Box::new(change.order)))
    }

    /// Whether enough people said the same of the latest attempt; if not, keeps this word as the first one.
    async fn is_agreed(
        &self,
        tx: &mut dyn Tx,
        staff: &Member,
        (order, attempt): (&Order, &Attempt),
        fate: &Fate,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if order.price < self.policy.second_approver_from {
            return Ok(true);
        }
        let placed_as = match fate {
            Fate::PlacedAs(id) => Some(id.clone()),
            Fate::NotPlaced => None,
        };
        let first = tx.orders().pending_decision(order.id).await?;
        let first = first.filter(|first| {
            first.staff != *staff.id() && first.placed_as == placed_as && first.at >= attempt.started_at
        });
        if let Some(first) = first
            && still_holds(tx, &first.staff, &[Right::OrdersDecide], now).await?
        {
            return Ok(true);
        }
        let word = PendingDecision {
            staff: staff.id().clone(),
            placed_as,
            at: now,
        };
        tx.orders().keep_decision(order.id, &word).await?;
        Ok(false)
    }

    fn fate_change(
        &self,
        staff: &Member,
        order: &Order,
        attempt: &Attempt,
        fate: &Fate,
        note: &str,
        now: Timestamp,
    ) -> Result<Change, DecisionRefusal> {
        let actor = staff.actor();
        let (evidence, word) = match fate {
            Fate::PlacedAs(id) => (
                Evidence::Placed {
                    provider_order_id: id.clone(),
                    actor: actor.clone(),
                },
                "placed",
            ),
            Fate::NotPlaced => {
                let proof = format!("staff:{}", staff.id());
                (
                    Evidence::Absent {
                        proof,
                        actor: actor.clone(),
                    },
                    "not_placed",
                )
            }
        };
        let mut change =
            resolve(order, attempt, &evidence, &self.policy, now).ok_or(DecisionRefusal::NothingToDecide)?;
        let event = OrderEvent::new(EventKind::Decision, actor, now)
            .with("decision", word)
            .with("note", note);
        change.events.insert(0, event);
        Ok(change)
    }

    /// Puts an order that the provider has in review, so that it can be decided about. If it is a large one, whoever does
    /// this has said the first word and does not say the second.
    ///
    /// # Errors
    /// [`DecideOrderError`].
    pub async fn flag(
        &self,
        staff: &Staff<OrdersDecide>,
        id: OrderId,
        note: &str,
    ) -> Result<Order, DecideOrderError> {
        retry_contended(|| self.flag_once(staff, id, note)).await
    }

    async fn flag_once(&self, staff: &Member, id: OrderId, note: &str) -> Result<Order, DecideOrderError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let order = others(&mut *tx, staff, id).await?;
        let change = flag(&order, staff.id(), note, now)?;
        record(&mut *tx, &change).await?;
        let word = PendingDecision {
            staff: staff.id().clone(),
            placed_as: None,
            at: now,
        };
        tx.orders().keep_decision(id, &word).await?;
        let entry = staff
            .entry("order.flag", format!("order:{id}"), now)
            .with("note", note);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(change.order)
    }

    /// Decides what to do about an order in review. A large one that a member of staff has put there is ended by another.
    ///
    /// # Errors
    /// [`DecideOrderError`].
    pub async fn decide_review(
        &self,
        staff: &Staff<OrdersDecide>,
        id: OrderId,
        decision: ReviewDecision,
        note: &str,
    ) -> Result<Decided, DecideOrderError> {
        retry_contended(|| self.decide_review_once(staff, id, decision, note)).await
    }

    async fn decide_review_once(
        &self,
        staff: &Member,
        id: OrderId,
        decision: ReviewDecision,
        note: &str,
    ) -> Result<Decided, DecideOrderError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let order = others(&mut *tx, staff, id).await?;
        let change = settle_review(&order, decision, staff.id(), note, now)?;
        if decision != ReviewDecision::Dismiss
            && order.price >= self.policy.second_approver_from
            && let Some(flagged) = tx.orders().pending_decision(id).await?
            && flagged.staff == *staff.id()
        {
            return Ok(Decided::AwaitsSecond);
        }
        record(&mut *tx, &change).await?;
        tx.orders().drop_decision(id).await?;
        let entry = staff
            .entry("order.review", format!("order:{id}"), now)
            .with("decision", decision.word())
            .with("note", note)
            .with("state_before", order.state.as_str())
            .with("state", change.order.state.as_str());
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Decided::Done(Box::new(change.order)))
    }
}

/// An order, locked, about which the member of staff may decide.
async fn others(tx: &mut dyn Tx, staff: &Member, id: OrderId) -> Result<Order, DecideOrderError> {
    let order = tx.orders().lock(id).await?;
    let order = order.ok_or(DecideOrderError::UnknownOrder)?;
    if order.user == *staff.id() {
        return Err(DecideOrderError::Own);
    }
    Ok(order)
}

fn audited(
    staff: &Member,
    action: &'static str,
    id: OrderId,
    fate: &Fate,
    note: &str,
    now: Timestamp,
) -> AuditEntry {
    let fate = match fate {
        Fate::PlacedAs(id) => format!("placed as {id}"),
        Fate::NotPlaced => "not placed".to_owned(),
    };
    staff
        .entry(action, format!("order:{id}"), now)
        .with("fate", fate)
        .with("note", note)
}
