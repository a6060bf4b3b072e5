//! Orders as staff see them.

use std::collections::BTreeMap;

use application::orders::StaffOrderDetail;
use ports::orders::{AttemptView, EventView, OrderView, StateCount};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{WireTime, amount_text, time};

/// A page of orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffOrders {
    pub orders: Vec<StaffOrder>,
    /// Where the next page begins; null on the last one.
    #[serde(rename = "nextCursor")]
    pub next_cursor: Option<String>,
}

/// An order as staff see it. Amounts are exact, in USD.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffOrder {
    id: i64,
    user_id: String,
    user_email: String,
    service_id: i64,
    service_name: String,
    /// What kind of order it is.
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    kind: String,
    provider_id: i64,
    provider_name: String,
    /// The provider's id of the service.
    upstream_service: String,
    /// The provider's id of the order.
    provider_order_id: Option<String>,
    /// The provider's last status word.
    provider_status: Option<String>,
    link: String,
    quantity: u64,
    price: String,
    cost: String,
    refunded: String,
    /// As customers see it.
    status: &'static str,
    /// As it is recorded.
    #[schema(example = "unknown")]
    state: &'static str,
    /// `pending`, `posted` or `voided`.
    hold: &'static str,
    start_count: Option<u64>,
    remains: Option<u64>,
    /// How many attempts to send it were begun.
    attempts: u32,
    /// Why a person has to look at it.
    review: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    unknown_since: Option<WireTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<WireTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    cancel_requested_at: Option<WireTime>,
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[serde(rename = "updated_at")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// An order with everything that is known about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffOrderBody {
    order: StaffOrder,
    /// What is to be written, one comment a line; null if its type says nothing.
    comments: Option<String>,
    /// Attempts to send it, oldest first.
    attempts: Vec<AttemptBody>,
    /// What happened to it, oldest first.
    history: Vec<EventBody>,
}

/// An attempt to send an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptBody {
    /// Counts from one.
    no: u32,
    /// `intent`, `unknown`, `placed` or `not_placed`.
    outcome: String,
    /// Why that is known.
    proof: Option<String>,
    /// The process that made it.
    worker: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: WireTime,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<WireTime>,
}

/// A line of history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventBody {
    #[schema(example = "observed")]
    event: &'static str,
    /// `system`, `provider`, `customer` or `staff`.
    by: String,
    /// The person, if it was one.
    user_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: WireTime,
    /// Named details.
    details: BTreeMap<String, String>,
}

/// How many orders are under way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// One row for each state that is not an end and has orders.
    states: Vec<StateRow>,
    /// How many orders wait for a person.
    in_review: u64,
}

/// A state and the orders in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateRow {
    #[schema(example = "submitted")]
    state: &'static str,
    orders: u64,
    /// The sum of prices.
    #[schema(example = "12.30")]
    price: String,
    /// When the one that waits longest was last changed.
    #[schema(value_type = String, format = DateTime)]
    oldest_change: WireTime,
}

/// An order as staff see it.
pub fn staff_order(view: OrderView) -> StaffOrder {
    let order = view.order;
    StaffOrder {
        id: order.id.0,
        user_id: order.user.to_string(),
        user_email: view.user_email,
        service_id: order.service.id.0,
        service_name: order.service.name.to_string(),
        kind: view.service_type.as_str().to_owned(),
        provider_id: order.service.provider.0,
        provider_name: view.provider_name,
        upstream_service: order.service.upstream_id,
        provider_order_id: order.provider_order_id.map(|id| id.to_string()),
        provider_status: order.provider_status,
        link: order.link.to_string(),
        quantity: order.quantity,
        price: amount_text(order.price),
        cost: amount_text(order.cost),
        refunded: amount_text(order.refunded),
        status: order.state.customer_status().as_str(),
        state: order.state.as_str(),
        hold: order.hold.as_str(),
        start_count: order.start_count,
        remains: order.remains,
        attempts: order.attempts,
        review: order.review,
        unknown_since: time(order.unknown_since),
        due_at: time(order.due_at),
        cancel_requested_at: time(order.cancel_requested_at),
        created_at: WireTime(order.created_at),
        updated_at: WireTime(order.updated_at),
    }
}

/// An order with everything that is known about it.
pub fn order_body(detail: StaffOrderDetail) -> StaffOrderBody {
    StaffOrderBody {
        order: staff_order(detail.detail.view),
        comments: detail.detail.comments.map(String::from),
        attempts: detail.attempts.into_iter().map(attempt).collect(),
        history: detail.detail.events.into_iter().map(event).collect(),
    }
}

fn attempt(view: AttemptView) -> AttemptBody {
    AttemptBody {
        no: view.no,
        outcome: view.outcome,
        proof: view.proof,
        worker: view.worker,
        started_at: WireTime(view.started_at),
        resolved_at: time(view.resolved_at),
    }
}

fn event(view: EventView) -> EventBody {
    EventBody {
        event: view.kind.as_str(),
        by: view.actor,
        user_id: view.actor_user.map(|user| user.to_string()),
        at: WireTime(view.at),
        details: view.details.into_iter().collect(),
    }
}

/// The orders under way.
pub fn overview_body(states: &[StateCount], in_review: u64) -> Overview {
    Overview {
        states: states.iter().map(state_row).collect(),
        in_review,
    }
}

fn state_row(count: &StateCount) -> StateRow {
    StateRow {
        state: count.state.as_str(),
        orders: count.orders,
        price: amount_text(count.price),
        oldest_change: WireTime(count.oldest_change),
    }
}
