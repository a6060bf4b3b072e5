//! What an answer to `add` says, true or not.

use serde_json::{Value, json};

/// How the outcome of `add` is put into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// `{"order":23501}`, the truth.
    #[default]
    Order,
    /// The truth with the id as a string, which many panels do.
    StringId,
    /// The id of the order placed before this one.
    DuplicateId,
    /// An id that belongs to no order.
    WrongId,
    /// The id together with an `error`.
    Both,
    /// `{"order":null}`.
    OrderNull,
    /// `{"order":0}`.
    OrderZero,
    /// `{"status":"success"}` without an id.
    NoOrder,
    /// An error text that no list of known texts contains.
    UnknownError,
    /// An error text that repeats the caller's key.
    KeyEcho,
}

impl Wording {
    /// Every untrue or unusual wording with its name and a one-line description.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 9] = [
        (Self::StringId, "string-id", "the order id is a JSON string"),
        (
            Self::DuplicateId,
            "duplicate-ids",
            "answers the id of the previous order",
        ),
        (
            Self::WrongId,
            "wrong-id",
            "answers an id that belongs to no order",
        ),
        (Self::Both, "both", "answers an order id and an error"),
        (Self::OrderNull, "order-null", "answers a null order id"),
        (Self::OrderZero, "order-zero", "answers order id 0"),
        (Self::NoOrder, "no-order", "answers success without an order id"),
        (
            Self::UnknownError,
            "unknown-error",
            "answers an error text nobody has seen before",
        ),
        (
            Self::KeyEcho,
            "key-echo",
            "answers an error text that contains the API key",
        ),
    ];

    /// Whether the wording speaks of an order that exists.
    pub const fn places(self) -> bool {
        matches!(
            self,
            Self::Order | Self::StringId | Self::DuplicateId | Self::WrongId | Self::Both
        )
    }

    /// The answer for order `id`, placed after `previous`.
    pub(crate) fn answer(self, id: u64, previous: Option<u64>, key: &str) -> Value {
        match self {
            Self::Order => json!({ "order": id }),
            Self::StringId => json!({ "order": id.to_string() }),
            Self::DuplicateId => json!({ "order": previous.unwrap_or(id) }),
            Self::WrongId => json!({ "order": id.saturating_add(1_000_000_007) }),
            Self::Both => json!({ "order": id, "error": "Not enough funds on balance" }),
            Self::OrderNull => json!({ "order": null }),
            Self::OrderZero => json!({ "order": 0 }),
            Self::NoOrder => json!({ "status": "success" }),
            Self::UnknownError => json!({ "error": "Flux capacitor discharged" }),
            Self::KeyEcho => json!({ "error": format!("Flux capacitor discharged for key {key}") }),
        }
    }
}

/// A clean refusal of `add`: nothing was placed and the text is a known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The link is not acceptable.
    Link,
    /// No such service.
    Service,
    /// The service is switched off.
    Disabled,
    /// Too few units.
    Min,
    /// Too many units.
    Max,
    /// The panel's balance does not cover the order.
    Funds,
    /// The link already has a running order.
    Active,
    /// The key is not valid.
    Key,
}

impl Refusal {
    /// Every refusal with the argument that selects it.
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::Link, "link"),
        (Self::Service, "service"),
        (Self::Disabled, "disabled"),
        (Self::Min, "min"),
        (Self::Max, "max"),
        (Self::Funds, "funds"),
        (Self::Active, "active"),
        (Self::Key, "key"),
    ];

    /// The error text panels use; the limits stand in for the service's own.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Link => "Incorrect link",
            Self::Service => "Incorrect service ID",
            Self::Disabled => "Disabled service ID",
            Self::Min => "Quantity less than minimal 200",
            Self::Max => "Quantity more than maximum 1000",
            Self::Funds => "Not enough funds on balance",
            Self::Active => "You have active order with this link. Please wait until order being completed.",
            Self::Key => "Invalid API key",
        }
    }
}
