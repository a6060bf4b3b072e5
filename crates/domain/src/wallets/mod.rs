//! Wallets and the ledger behind them.

mod ledger;
mod movement;

pub use ledger::{Account, Normal, Transfer, TransferKind};
pub use movement::{Movement, WalletChange};

use crate::{Money, UserId};

/// The most that a wallet holds, and that one change moves: 10¹² units. No sum of two leaves 64 bits.
pub const BALANCE_MAX: Money = Money::from_micros(1_000_000_000_000_000_000);

/// Whether money may leave a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletStatus {
    /// Usable.
    Active,
    /// Closed for orders by staff; money can still come in and refunds still arrive.
    Frozen,
}

impl WalletStatus {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen => "frozen",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Active, Self::Frozen]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// A user's money, in the ledger currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Whose it is.
    pub user: UserId,
    /// What can be spent.
    pub available: Money,
    /// What waits for a provider's answer.
    pub held: Money,
    /// Whether it may be spent.
    pub status: WalletStatus,
}
