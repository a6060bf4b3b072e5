//! Placing an order: what is refused, what it costs, and what is frozen on it.

use super::event::{Actor, EventKind, OrderEvent};
use super::order::{Order, ServiceSnapshot};
use super::state::{Hold, OrderState};
use crate::catalog::{Availability, Offer, ServiceType};
use crate::identity::User;
use crate::text::Link;
use crate::{Fingerprint, Money, OrderId, RateSetId, ServiceId, Timestamp};

/// What a customer asks for. The price is not part of it: the server alone prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementRequest {
    /// Where it is to be delivered.
    pub link: Link,
    /// How much.
    pub quantity: u64,
}

impl PlacementRequest {
    /// What two requests for services must have in common to be the same order.
    #[must_use]
    pub fn fingerprint(&self, service: ServiceId) -> Fingerprint {
        Fingerprint::of(&[
            ("service", &service.to_string()),
            ("link", self.link.as_str()),
            ("quantity", &self.quantity.to_string()),
        ])
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
    if !service.quantity.contains(request.quantity) {
        let range = service.quantity;
        return Err(PlaceRefusal::QuantityOutOfRange {
            min: range.min(),
            max: range.max(),
        });
    }
    let quote = service
        .quote(request.quantity)
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
        quantity: request.quantity,
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
    Ok(NewOrder { order })
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
