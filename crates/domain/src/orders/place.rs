//! Placing an order: what is refused, what it costs, and what is frozen on it.

use super::event::{Actor, EventKind, OrderEvent};
use super::input::OrderInput;
use super::order::{Order, ServiceSnapshot};
use super::state::{Hold, OrderState};
use crate::catalog::{Availability, Offer, ServiceType};
use crate::identity::User;
use crate::text::{Comments, Link};
use crate::{Fingerprint, Money, OrderId, RateSetId, ServiceId, Timestamp};

/// What a customer asks for. The price is not part of it: the server alone prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementRequest {
    /// Where it is to be delivered.
    pub link: Link,
    /// How much, and what else the service's type asks for.
    pub input: OrderInput,
}

impl PlacementRequest {
    /// What two requests for services must have in common to be the same order.
    #[must_use]
    pub fn fingerprint(&self, service: ServiceId) -> Fingerprint {
        let (service, quantity) = (service.to_string(), self.input.quantity.map(|it| it.to_string()));
        let mut fields = vec![("service", service.as_str()), ("link", self.link.as_str())];
        fields.extend(quantity.as_deref().map(|quantity| ("quantity", quantity)));
        let comments = self.input.comments.as_ref();
        fields.extend(comments.map(|comments| ("comments", comments.as_str())));
        Fingerprint::of(&fields)
    }
}

/// What two requests for many orders must have in common to be the same: every order, at the same place.
#[must_use]
pub fn fingerprint_of_all(requests: &[(ServiceId, PlacementRequest)]) -> Fingerprint {
    let each: Vec<Fingerprint> = requests
        .iter()
        .map(|(service, request)| request.fingerprint(*service))
        .collect();
    let fields: Vec<_> = each.iter().map(|each| ("order", each.as_str())).collect();
    Fingerprint::of(&fields)
}

/// The highest price that is taken: 10¹² units, more than which no wallet holds.
pub const PRICE_MAX: Money = Money::from_micros(1_000_000_000_000_000_000);

/// An order that has no id yet; the database gives it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    order: Order,
    service_type: ServiceType,
    comments: Option<Comments>,
}

impl NewOrder {
    /// The order, once the database has named it.
    #[must_use]
    pub fn identified(mut self, id: OrderId) -> Order {
        self.order.id = id;
        self.order
    }

    /// The same, placed while these exchange rates are in force.
    #[must_use]
    pub const fn under(mut self, rates: Option<RateSetId>) -> Self {
        self.order.rates = rates;
        self
    }

    /// The order before it has a name; its id is meaningless.
    #[must_use]
    pub const fn draft(&self) -> &Order {
        &self.order
    }

    /// What kind of order it is, whatever becomes of the service.
    #[must_use]
    pub const fn service_type(&self) -> &ServiceType {
        &self.service_type
    }

    /// What is to be written, if the service takes that.
    #[must_use]
    pub const fn comments(&self) -> Option<&Comments> {
        self.comments.as_ref()
    }
}

/// Why an order is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRefusal {
    /// The user is banned.
    #[error("the account is banned")]
    Banned,
    /// The service or its provider is not offered.
    #[error("the service is not available")]
    ServiceUnavailable,
    /// The service needs input that this kind of order does not carry.
    #[error("services of type {0} cannot be ordered")]
    UnsupportedType(String),
    /// The quantity is outside the service's range.
    #[error("the quantity must be between {min} and {max}")]
    QuantityOutOfRange {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// It does not say how much.
    #[error("the quantity is missing")]
    QuantityMissing,
    /// It does not say what is to be written.
    #[error("the service needs comments, one on each line")]
    CommentsMissing,
    /// The service writes nothing.
    #[error("the service takes no comments")]
    CommentsNotTaken,
    /// The quantity is not the number of comments.
    #[error("the quantity must be the number of comments, {comments}, or be left out")]
    OtherQuantity {
        /// How many comments there are.
        comments: u64,
    },
    /// No wallet could hold the price.
    #[error("the order is too large")]
    TooLarge,
}

/// Decides whether `request` is taken, and prices it.
///
/// # Errors
/// [`PlaceRefusal`] that says why not.
pub fn place(
    user: &User,
    offer: &Offer,
    request: PlacementRequest,
    now: Timestamp,
) -> Result<NewOrder, PlaceRefusal> {
    if user.is_banned(now) {
        return Err(PlaceRefusal::Banned);
    }
    let service = &offer.service;
    if service.availability != Availability::Active || offer.provider != Availability::Active {
        return Err(PlaceRefusal::ServiceUnavailable);
    }
    if let ServiceType::Other(word) = &service.service_type {
        return Err(PlaceRefusal::UnsupportedType(word.clone()));
    }
    if service.loses() {
        return Err(PlaceRefusal::ServiceUnavailable);
    }
    let quantity = request.input.quantity_of(service)?;
    let quote = service
        .quote(quantity)
        .filter(|quote| quote.price <= PRICE_MAX)
        .ok_or(PlaceRefusal::TooLarge)?;
    let selling_rate = service.selling_rate().ok_or(PlaceRefusal::TooLarge)?;
    let order = Order {
        id: OrderId(0),
        user: user.id.clone(),
        service: ServiceSnapshot {
            id: service.id,
            name: service.name.clone(),
            provider: service.provider,
            upstream_id: service.upstream_id.clone(),
            rate: service.rate,
            selling_rate,
            refill: service.refill,
            cancel: service.cancel,
        },
        link: request.link,
        quantity,
        price: quote.price,
        cost: quote.cost,
        state: OrderState::Held,
        hold: Hold::Pending,
        refunded: Money::ZERO,
        recognised: Money::ZERO,
        provider_order_id: None,
        provider_status: None,
        start_count: None,
        remains: None,
        attempts: 0,
        lease_until: None,
        unknown_since: None,
        due_at: Some(now),
        lookups: 0,
        review: None,
        cancel_requested_at: None,
        observed_at: None,
        submitted_at: None,
        ended_at: None,
        created_at: now,
        updated_at: now,
        revision: 0,
        rates: None,
    };
    Ok(NewOrder {
        order,
        service_type: service.service_type.clone(),
        comments: request.input.comments,
    })
}

impl Order {
    /// The first line of the order's history.
    #[must_use]
    pub fn placed_event(&self) -> OrderEvent {
        OrderEvent::new(
            EventKind::Placed,
            Actor::Customer(self.user.clone()),
            self.created_at,
        )
        .with("price", self.price)
        .with("quantity", self.quantity)
    }
}
