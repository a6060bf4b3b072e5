//! The verbs of the panel API.

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// List the services.
    Services,
    /// Place an order.
    Add,
    /// Ask for the state of orders.
    Status,
    /// Ask for a refill of orders.
    Refill,
    /// Ask for the state of refills.
    RefillStatus,
    /// Cancel orders.
    Cancel,
    /// Ask for the balance.
    Balance,
    /// Look for placed orders, where the panel can.
    Orders,
}

impl Action {
    const ALL: [Self; 8] = [
        Self::Services,
        Self::Add,
        Self::Status,
        Self::Refill,
        Self::RefillStatus,
        Self::Cancel,
        Self::Balance,
        Self::Orders,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Add => "add",
            Self::Status => "status",
            Self::Refill => "refill",
            Self::RefillStatus => "refill_status",
            Self::Cancel => "cancel",
            Self::Balance => "balance",
            Self::Orders => "orders",
        }
    }

    /// The action with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}
