//! Orders as rows and back.

use domain::orders::{Hold, Order, OrderState, ServiceSnapshot};
use domain::text::{Link, Name};
use domain::{OrderId, ProviderId, ProviderOrderId, RateSetId, ServiceId, Timestamp, UserId};
use entities::orders::{ActiveModel, Model};
use ports::StoreError;
use sea_orm::ActiveValue::{NotSet, Set};

use crate::decode::{money, number, rate, stored, time, word};

/// An order as its row holds it.
pub(super) fn order(row: Model) -> Result<Order, StoreError> {
    Ok(Order {
        id: OrderId(row.id),
        user: UserId::new(row.user_id),
        service: ServiceSnapshot {
            id: ServiceId(row.service_id),
            name: Name::from_stored(row.service_name),
            provider: ProviderId(row.provider_id),
            upstream_id: row.upstream_service,
            rate: rate("orders.rate", row.rate)?,
            selling_rate: rate("orders.selling_rate", row.selling_rate)?,
            refill: row.refill,
            cancel: row.cancel,
        },
        link: Link::from_stored(row.link),
        quantity: number("orders.quantity", row.quantity)?,
        price: money(row.price),
        cost: money(row.cost),
        state: word("orders.state", &row.state, OrderState::from_stored)?,
        hold: word("orders.hold", &row.hold, Hold::from_stored)?,
        refunded: money(row.refunded),
        recognised: money(row.recognised),
        provider_order_id: row.provider_order_id.map(ProviderOrderId::new),
        provider_status: row.provider_status,
        start_count: row
            .start_count
            .map(|count| number("orders.start_count", count))
            .transpose()?,
        remains: row
            .remains
            .map(|count| number("orders.remains", count))
            .transpose()?,
        attempts: number("orders.attempts", row.attempts)?,
        lease_until: time(row.lease_until),
        unknown_since: time(row.unknown_since),
        due_at: time(row.due_at),
        lookups: number("orders.lookups", row.lookups)?,
        review: row.review,
        cancel_requested_at: time(row.cancel_requested_at),
        observed_at: time(row.observed_at),
        submitted_at: time(row.submitted_at),
        ended_at: time(row.ended_at),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
        revision: row.revision,
        rates: row.rate_set.map(RateSetId),
    })
}

/// A new order's row; the database names it.
pub(super) fn new_row(order: &Order) -> Result<ActiveModel, StoreError> {
    let service = &order.service;
    Ok(ActiveModel {
        id: NotSet,
        user_id: Set(order.user.as_str().to_owned()),
        service_id: Set(service.id.0),
        service_name: Set(service.name.as_str().to_owned()),
        provider_id: Set(service.provider.0),
        upstream_service: Set(service.upstream_id.clone()),
        rate: Set(service.rate.nanos()),
        selling_rate: Set(service.selling_rate.nanos()),
        refill: Set(service.refill),
        cancel: Set(service.cancel),
        link: Set(order.link.as_str().to_owned()),
        quantity: Set(stored("orders.quantity", order.quantity)?),
        price: Set(order.price.micros()),
        cost: Set(order.cost.micros()),
        created_at: Set(order.created_at.micros()),
        revision: Set(order.revision),
        rate_set: Set(order.rates.map(|set| set.0)),
        ..changed_row(order)?
    })
}

/// What a decision may change about an order. What was ordered, by whom and for how much is frozen. Only a tracked order
/// without a due time of its own stays in its group.
pub(super) fn changed_row(order: &Order) -> Result<ActiveModel, StoreError> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    Ok(ActiveModel {
        state: Set(order.state.as_str().to_owned()),
        hold: Set(order.hold.as_str().to_owned()),
        refunded: Set(order.refunded.micros()),
        recognised: Set(order.recognised.micros()),
        provider_order_id: Set(order.provider_order_id.as_ref().map(|id| id.as_str().to_owned())),
        provider_status: Set(order.provider_status.clone()),
        start_count: Set(order
            .start_count
            .map(|count| stored("orders.start_count", count))
            .transpose()?),
        remains: Set(order
            .remains
            .map(|count| stored("orders.remains", count))
            .transpose()?),
        attempts: Set(stored("orders.attempts", order.attempts)?),
        lease_until: Set(micros(order.lease_until)),
        unknown_since: Set(micros(order.unknown_since)),
        due_at: Set(micros(order.due_at)),
        lookups: Set(stored("orders.lookups", order.lookups)?),
        review: Set(order.review.clone()),
        cancel_requested_at: Set(micros(order.cancel_requested_at)),
        observed_at: Set(micros(order.observed_at)),
        submitted_at: Set(micros(order.submitted_at)),
        ended_at: Set(micros(order.ended_at)),
        updated_at: Set(order.updated_at.micros()),
        poll_group: if order.state.is_tracked() && order.due_at.is_none() {
            NotSet
        } else {
            Set(None)
        },
        ..ActiveModel::default()
    })
}
