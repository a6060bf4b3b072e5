//! The order itself.

use super::state::{Hold, OrderState};
use crate::text::{Link, Name};
use crate::{Money, OrderId, ProviderId, ProviderOrderId, Rate, RateSetId, ServiceId, Timestamp, UserId};

/// What was ordered, as it was when it was ordered. Later changes of the service do not touch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSnapshot {
    /// The service.
    pub id: ServiceId,
    /// Its name then.
    pub name: Name,
    /// Who delivers this order, whatever provider the service points at later.
    pub provider: ProviderId,
    /// The provider's id of the service then.
    pub upstream_id: String,
    /// The provider's price of 1000 then.
    pub rate: Rate,
    /// The selling price of 1000 then.
    pub selling_rate: Rate,
    /// Whether drops are refilled.
    pub refill: bool,
    /// Whether the provider cancels on request.
    pub cancel: bool,
}

/// An order. Price and cost are frozen when it is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Public id.
    pub id: OrderId,
    /// Whose order.
    pub user: UserId,
    /// What was ordered.
    pub service: ServiceSnapshot,
    /// Where it is to be delivered.
    pub link: Link,
    /// How much.
    pub quantity: u64,
    /// Taken from the wallet; at least one micro-unit.
    pub price: Money,
    /// Owed to the provider once it accepts.
    pub cost: Money,
    /// Where it is.
    pub state: OrderState,
    /// What became of the held money.
    pub hold: Hold,
    /// Given back to the customer so far (0 ≤ refunded ≤ price).
    pub refunded: Money,
    /// Booked as revenue so far (refunded + recognised ≤ price).
    pub recognised: Money,
    /// The provider's id of it; set exactly when the hold is posted.
    pub provider_order_id: Option<ProviderOrderId>,
    /// The provider's last status word, as written.
    pub provider_status: Option<String>,
    /// The counter before the delivery began.
    pub start_count: Option<u64>,
    /// What is not delivered yet, as last counted; once the provider's part has ended, exactly what was not delivered.
    pub remains: Option<u64>,
    /// How many attempts to send it were begun.
    pub attempts: u32,
    /// Until when the worker that claimed it may act on it.
    pub lease_until: Option<Timestamp>,
    /// When it became unknown.
    pub unknown_since: Option<Timestamp>,
    /// When it is looked at next: submitted, looked up or polled, by state. `None` if a tracked order is polled when its
    /// group is; a time of its own takes it out of the group.
    pub due_at: Option<Timestamp>,
    /// How often the provider has been looked up about it while unknown.
    pub lookups: u32,
    /// Why a person has to look at it.
    pub review: Option<String>,
    /// When the customer asked to cancel it.
    pub cancel_requested_at: Option<Timestamp>,
    /// Start of the request whose answer was applied last.
    pub observed_at: Option<Timestamp>,
    /// When the provider accepted it.
    pub submitted_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts changes; a change is recorded only onto the revision that it was decided on.
    pub revision: i64,
    /// The exchange rates in force when it was placed, if there were any. They say what its price was in another currency
    /// then; what is charged never depends on them.
    pub rates: Option<RateSetId>,
}

/// How the references of orders begin.
const REFERENCE: &str = "smmguru-";

impl Order {
    /// The reference that we send along to a provider that keeps one.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{REFERENCE}{}-{}", self.id, self.created_at.micros())
    }

    /// Whether a provider's reference is one of ours.
    #[must_use]
    pub fn is_reference(text: &str) -> bool {
        text.starts_with(REFERENCE)
    }

    /// Whether `other` is this order, be it at another time. A restored database gives the ids of the orders that it has
    /// forgotten to new ones, so that the id alone does not tell.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.id, self.created_at) == (other.id, other.created_at)
    }

    /// What is neither refunded nor recognised yet.
    #[must_use]
    pub fn deferred(&self) -> Money {
        self.price
            .saturating_sub(self.refunded)
            .saturating_sub(self.recognised)
    }

    /// The order, changed at `now`.
    #[must_use]
    pub(super) const fn touched(mut self, now: Timestamp) -> Self {
        self.updated_at = now;
        self
    }

    /// The order with its hold given back: it never reached the provider.
    #[must_use]
    pub(super) fn given_back(&self, now: Timestamp) -> Self {
        let mut after = self.clone();
        after.state = OrderState::Voided;
        after.hold = Hold::Voided;
        after.unknown_since = None;
        after.due_at = None;
        after.review = None;
        after.ended_at = Some(now);
        after.touched(now)
    }
}
