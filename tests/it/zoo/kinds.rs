//! What a provider can do wrong, and what that proves about the order.

/// What is known of an order right after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The provider has it.
    Placed,
    /// The provider said why it does not have it.
    Refused,
    /// Nothing was sent, so it may be sent again.
    NotSent,
    /// Nobody knows.
    Unknown,
}

/// One way to misbehave.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// Scripts for the panel, in turns: what is seen is the same, and the order is taken with one and not with another.
    pub scripts: &'static [&'static str],
    pub class: Class,
    /// What staff read about it.
    pub says: &'static str,
    /// How many orders one provider gets: fewer than open its circuit.
    pub herd: usize,
    /// The provider's address begins with `https`, and nobody there speaks TLS.
    pub tls: bool,
}

/// Fewer than the twenty calls that prove to a circuit that something is wrong.
const HERD: usize = 13;

const fn unknown(name: &'static str, scripts: &'static [&'static str], says: &'static str) -> Kind {
    Kind {
        name,
        scripts,
        class: Class::Unknown,
        says,
        herd: HERD,
        tls: false,
    }
}

/// A body that is read to its end would show in the memory.
pub const LARGE: [Kind; 2] = [
    unknown("huge", &["huge", "accept-huge"], "HTTP 200: no JSON object"),
    unknown(
        "gzip-bomb",
        &["gzip-bomb", "accept-gzip-bomb"],
        "HTTP 200: no JSON object",
    ),
];

pub const QUICK: [Kind; 14] = [
    unknown("http500", &["http500", "accept-http500"], "HTTP 500"),
    unknown("html", &["html", "accept-html"], "HTTP 200: no JSON object"),
    unknown("empty", &["empty", "accept-empty"], "HTTP 200: no JSON object"),
    unknown(
        "cut",
        &["cut-json", "accept-cut-json"],
        "HTTP 200: no JSON object",
    ),
    unknown("truncated", &["truncated", "accept-truncated"], ""),
    unknown(
        "order-null",
        &["order-null", "accept-order-null"],
        "neither an order nor an error",
    ),
    unknown(
        "order-zero",
        &["order-zero", "accept-order-zero"],
        "neither an order nor an error",
    ),
    unknown("both", &["both"], "both an order and an error"),
    unknown("reset", &["reset", "accept-reset"], ""),
    unknown("half-close", &["half-close", "accept-half-close"], ""),
    unknown("redirect", &["redirect", "accept-redirect"], "HTTP 307"),
    Kind {
        class: Class::Placed,
        ..unknown("wrong-id", &["wrong-id"], "")
    },
    // The first refusal leaves the provider alone for a while.
    Kind {
        class: Class::Refused,
        herd: 1,
        ..unknown("429", &["429"], "")
    },
    // So do five connections in a row that fail.
    Kind {
        class: Class::NotSent,
        herd: 5,
        tls: true,
        ..unknown("tls", &["complete"], "connect:")
    },
];

/// Nobody answers before our time is up.
pub const SLOW: [Kind; 3] = [
    unknown("hang", &["hang", "accept-hang"], "timeout"),
    unknown("late", &["accept-late"], "timeout"),
    unknown("drip", &["drip"], "timeout"),
];

/// A good order goes before each of these, which answers the good one's id.
pub const DUPLICATE: Kind = Kind {
    herd: 8,
    ..unknown("duplicate", &["duplicate-ids"], "belongs to another order")
};
