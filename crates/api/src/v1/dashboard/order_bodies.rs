//! Orders as their owners see them.

use domain::Money;
use domain::currency::Display;
use domain::orders::Hold;
use ports::orders::{EventView, OwnOrder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{WireTime, shown_number, shown_text, time};

/// A page of orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerOrders {
    pub orders: Vec<CustomerOrder>,
    #[schema(example = "USD")]
    pub currency: String,
    /// Where the next page begins; null on the last one.
    #[serde(rename = "nextCursor")]
    pub next_cursor: Option<String>,
}

/// An order as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerOrder {
    id: i64,
    service_id: i64,
    /// The service's name when it was ordered.
    service_name: String,
    #[schema(example = "https://instagram.com/x")]
    link: String,
    quantity: u64,
    /// What was taken from the wallet, at the exchange rate in force when it was placed.
    #[schema(example = 1.4)]
    price: f64,
    /// What was given back so far.
    #[schema(example = "0.00")]
    refunded: String,
    /// `Pending`, `In progress`, `Completed`, `Partial` or `Canceled`.
    #[schema(example = "In progress")]
    status: &'static str,
    /// Whether drops are refilled.
    refill: bool,
    /// The counter before the delivery began.
    start_count: Option<u64>,
    /// What is not delivered yet.
    remains: Option<u64>,
    /// When the owner asked to cancel it.
    #[schema(value_type = Option<String>, format = DateTime)]
    cancel_requested_at: Option<WireTime>,
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[serde(rename = "updated_at")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// An order with its history.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerOrderDetail {
    pub order: CustomerOrder,
    /// What kind of order it is.
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    pub kind: String,
    /// What is to be written, one comment a line; null if its type says nothing.
    pub comments: Option<String>,
    /// The currency of its amounts.
    #[schema(example = "USD")]
    pub currency: String,
    /// Units of that for 1 USD, when it was placed.
    #[schema(example = "1")]
    pub rate: String,
    /// What happened to it, oldest first.
    pub history: Vec<CustomerEvent>,
}

/// A line of history.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerEvent {
    /// What happened.
    #[schema(example = "placed")]
    event: &'static str,
    /// `system`, `provider`, `customer` or `staff`.
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: WireTime,
}

/// An order after it was canceled, or after the wish was noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CanceledOrder {
    pub order: CustomerOrder,
}

/// An order as its owner sees it.
pub fn customer_order(order: OwnOrder, display: &Display) -> CustomerOrder {
    let refunded = shown_text(display, given_back(&order));
    CustomerOrder {
        id: order.id.0,
        service_id: order.service.0,
        service_name: order.service_name.into(),
        link: order.link.into(),
        quantity: order.quantity,
        price: shown_number(display, order.price),
        refunded,
        status: order.state.customer_status().as_str(),
        refill: order.refill,
        start_count: order.start_count,
        remains: order.remains,
        cancel_requested_at: time(order.cancel_requested_at),
        created_at: WireTime(order.created_at),
        updated_at: WireTime(order.updated_at),
    }
}

/// A hold that was released gave the whole price back, without a refund of the ledger.
fn given_back(order: &OwnOrder) -> Money {
    match order.hold {
        Hold::Voided => order.price,
        Hold::Pending | Hold::Posted => order.refunded,
    }
}

/// The line of an order's history, if it is shown to customers.
pub fn customer_event(event: &EventView) -> Option<CustomerEvent> {
    event.kind.is_shown_to_customer().then(|| CustomerEvent {
        event: event.kind.as_str(),
        by: event.actor.clone(),
        at: WireTime(event.at),
    })
}
