//! What scripts get, in the types that they compare with.

use domain::catalog::Service;
use domain::orders::{CustomerStatus, Hold};
use domain::text::IdempotencyKey;
use domain::wallets::Wallet;
use domain::{Money, OrderId};
use ports::catalog::CategoryListing;
use ports::orders::OwnOrder;
use serde::Serialize;
use serde_json::{Value, json};

use crate::v1::dashboard::CURRENCY;
use crate::wire::{WireTime, amount_number, amount_text, rate_number, rate_text};

/// Whose manners an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As every panel answers.
    Standard,
    /// As the old handler answered JSON.
    Old,
}

/// A number as text, or as the number that the old handler gave.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Whole(u64),
    Decimal(f64),
}

#[derive(Serialize)]
struct ServiceRow {
    service: i64,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    category: String,
    rate: Number,
    min: Number,
    max: Number,
    refill: bool,
    cancel: bool,
    dripfeed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    currency: &'static str,
}

/// What can be ordered. A service without a price that fits is not listed.
pub fn services(listing: Vec<CategoryListing>, manner: Manner) -> impl Serialize {
    let rows = listing.into_iter().flat_map(|listed| {
        let category = listed.category.name.to_string();
        let services = listed.services.into_iter();
        services.filter_map(move |service| row(service, &category, manner))
    });
    rows.collect::<Vec<_>>()
}

fn row(service: Service, category: &str, manner: Manner) -> Option<ServiceRow> {
    let (rate, quantity) = (service.selling_rate()?, service.orderable_quantity());
    let whole = |count: u64| match manner {
        Manner::Standard => Number::Text(count.to_string()),
        Manner::Old => Number::Whole(count),
    };
    Some(ServiceRow {
        service: service.id.0,
        name: service.name.to_string(),
        kind: service.service_type.as_str().to_owned(),
        category: category.to_owned(),
        rate: match manner {
            Manner::Standard => Number::Text(rate_text(rate)),
            Manner::Old => Number::Decimal(rate_number(rate)),
        },
        min: whole(quantity.min()),
        max: whole(quantity.max()),
        refill: service.refill,
        cancel: service.cancel,
        dripfeed: service.dripfeed,
        description: service.description,
        currency: CURRENCY,
    })
}

/// What is in the wallet.
pub fn balance(wallet: &Wallet) -> Value {
    json!({ "balance": amount_text(wallet.available), "currency": CURRENCY })
}

/// An order that was placed.
pub fn placed(id: OrderId) -> Value {
    json!({ "order": id.0 })
}

/// How far an order is.
pub fn status(order: &OwnOrder, manner: Manner) -> Value {
    let status = order.state.customer_status();
    let (charge, remains) = (charge(order), remains(order, status).to_string());
    let start_count = order.start_count.unwrap_or_default().to_string();
    match manner {
        Manner::Standard => json!({
            "charge": amount_text(charge),
            "start_count": start_count,
            "status": status.as_str(),
            "remains": remains,
            "currency": CURRENCY,
        }),
        Manner::Old => json!({
            "charge": amount_number(charge),
            "start_count": start_count,
            "status": status.as_str().to_uppercase(),
            "remains": remains,
            "currency": CURRENCY,
        }),
    }
}

/// What the order costs after what was given back.
fn charge(order: &OwnOrder) -> Money {
    match order.hold {
        Hold::Voided => Money::ZERO,
        Hold::Pending | Hold::Posted => order.price.saturating_sub(order.refunded),
    }
}

/// What is not delivered. An end says it even if nobody counted: clients refund by this number.
fn remains(order: &OwnOrder, status: CustomerStatus) -> u64 {
    match status {
        CustomerStatus::Completed => 0,
        CustomerStatus::Canceled => order.quantity,
        CustomerStatus::Pending | CustomerStatus::InProgress | CustomerStatus::Partial => {
            order.remains.unwrap_or(order.quantity)
        }
    }
}

/// An order in the list of recent ones, by which a lost answer to `add` is found again.
pub fn listed(order: &OwnOrder, request_id: Option<&IdempotencyKey>) -> Value {
    let mut row = json!({
        "order": order.id.0,
        "service": order.service.0,
        "link": order.link.as_str(),
        "quantity": order.quantity,
        "status": order.state.customer_status().as_str(),
        "created": WireTime(order.created_at),
    });
    if let (Some(id), Some(row)) = (request_id, row.as_object_mut()) {
        row.insert("request_id".to_owned(), json!(id.as_str()));
    }
    row
}
