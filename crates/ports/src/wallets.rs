//! Wallets and the ledger.

use async_trait::async_trait;
use domain::wallets::{Transfer, Wallet, WalletChange, WalletStatus};
use domain::{Money, OrderId, PageSize, Timestamp, UserId};

use crate::orders::Inserted;
use crate::store::StoreError;

/// What became of a wallet change. Only holds and debits can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Done; the wallet afterwards.
    Done {
        /// Spendable afterwards.
        available: Money,
        /// Held afterwards.
        held: Money,
    },
    /// Too little is available; nothing changed.
    TooLow {
        /// What is available.
        available: Money,
    },
    /// The wallet is frozen; nothing changed.
    Frozen,
    /// There is no such wallet.
    NoWallet,
}

/// Wallets inside a transaction. Every balance change is one conditional statement whose row count decides.
#[async_trait]
pub trait WalletRepository: Send {
    /// Creates an empty wallet, unless there is one.
    async fn create(&mut self, user: &UserId, now: Timestamp) -> Result<Inserted, StoreError>;

    /// Locks the wallet and says whether no money is in it. One that is not there is empty.
    async fn lock_and_see_empty(&mut self, user: &UserId) -> Result<bool, StoreError>;

    /// Applies a change. Orders and debits need an active wallet; refunds and credits reach a frozen one too.
    async fn apply(&mut self, change: &WalletChange, now: Timestamp) -> Result<Applied, StoreError>;

    /// Records ledger rows. A row with the same kind and reference is a [`StoreError::Conflict`]: it must have been
    /// prevented by the transition that leads here.
    async fn record(&mut self, transfers: &[Transfer], now: Timestamp) -> Result<(), StoreError>;

    /// Whose money the ledger row with this kind and reference moved, and how much. `None` if there is no such row.
    async fn recorded(
        &mut self,
        kind: domain::wallets::TransferKind,
        reference: &str,
    ) -> Result<Option<(Option<UserId>, Money)>, StoreError>;

    /// Opens or freezes a wallet. `false` if there is none.
    async fn set_status(
        &mut self,
        user: &UserId,
        status: WalletStatus,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// A ledger row as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletEntry {
    /// Counts up.
    pub id: i64,
    /// Why money moved.
    pub kind: String,
    /// Change of the spendable balance; negative is out.
    pub amount: Money,
    /// The spendable balance afterwards.
    pub balance: Money,
    /// The order behind it.
    pub order: Option<OrderId>,
    /// What staff wrote.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Which entries a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryFilter {
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those of this order.
    pub order: Option<OrderId>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

/// Wallets for screens.
#[async_trait]
pub trait WalletQueries: Send + Sync {
    /// A user's wallet.
    async fn wallet(&self, user: &UserId) -> Result<Option<Wallet>, StoreError>;

    /// Changes of the spendable balance, newest first, below `before` if given. The balance after each is that of the whole
    /// wallet, whatever the filter leaves out.
    async fn entries(
        &self,
        user: &UserId,
        filter: &EntryFilter,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Vec<WalletEntry>, StoreError>;
}
