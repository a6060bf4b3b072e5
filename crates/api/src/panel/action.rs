//! What can be asked.

use domain::api_keys::Scope;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Services,
    Add,
    Status,
    Orders,
    Cancel,
    Refill,
    RefillStatus,
    Balance,
}

impl Action {
    /// Reads the word of the protocol.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "services" => Self::Services,
            "add" => Self::Add,
            "status" => Self::Status,
            "orders" => Self::Orders,
            "cancel" => Self::Cancel,
            "refill" => Self::Refill,
            "refill_status" => Self::RefillStatus,
            "balance" => Self::Balance,
            _ => return None,
        })
    }

    /// What a key must be for.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Services => Scope::Services,
            Self::Balance => Scope::Balance,
            Self::Status | Self::Orders | Self::RefillStatus => Scope::OrdersRead,
            Self::Add | Self::Cancel | Self::Refill => Scope::OrdersWrite,
        }
    }

    /// Whether it changes anything, so that a GET request needs a key that allows it.
    pub fn acts(self) -> bool {
        self.scope() == Scope::OrdersWrite
    }
}
