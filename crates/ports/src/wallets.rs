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

impl WalletEntry {
    /// Where a page begins that goes on below this entry.
    #[must_use]
    pub const fn cursor(&self) -> EntryCursor {
        EntryCursor {
            before: self.id,
            balance: Some(Money::from_micros(
                self.balance.micros().saturating_sub(self.amount.micros()),
            )),
        }
    }
}

/// Where a page of entries begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryCursor {
    /// Below this entry.
    pub before: i64,
    /// The spendable balance before that entry moved it, if whoever asks knows it. The balances of the page are counted from
    /// there then; else from now, through all that is newer.
    pub balance: Option<Money>,
}

impl EntryCursor {
    /// Below an entry of which nothing else is known.
    #[must_use]
    pub const fn below(entry: i64) -> Self {
        Self {
            before: entry,
            balance: None,
        }
    }
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

    /// Changes of the spendable balance, newest first, from `from` on if given. The balance after each is that of the whole
    /// wallet, whatever the filter leaves out.
    async fn entries(
        &self,
        user: &UserId,
        filter: &EntryFilter,
        from: Option<EntryCursor>,
        size: PageSize,
    ) -> Result<Vec<WalletEntry>, StoreError>;
}
