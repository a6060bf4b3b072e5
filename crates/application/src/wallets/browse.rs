//! A customer looks at their money.

use std::sync::Arc;

use domain::identity::right::WalletsRead;
use domain::wallets::{Wallet, WalletStatus};
use domain::{Money, PageSize, UserId};
use ports::wallets::{EntryCursor, EntryFilter, WalletEntry, WalletQueries};
use ports::{Clock, Store, StoreError};

use crate::caller::{Caller, Staff};
use crate::retry::retry_contended;

/// A page of wallet entries, newest first.
#[derive(Debug, Clone)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<WalletEntry>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<EntryCursor>,
}

/// Shows a caller their own wallet.
pub struct BrowseWallet {
    store: Arc<dyn Store>,
    queries: Arc<dyn WalletQueries>,
    clock: Arc<dyn Clock>,
}

impl BrowseWallet {
    /// Wires the use cases.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn WalletQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// The caller's wallet, created if it is missing.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn balance(&self, caller: &Caller) -> Result<Wallet, StoreError> {
        let user = &caller.user().id;
        if let Some(wallet) = self.queries.wallet(user).await? {
            return Ok(wallet);
        }
        retry_contended(|| self.create(user)).await?;
        let wallet = self.queries.wallet(user).await?;
        Ok(wallet.unwrap_or_else(|| Wallet {
            user: user.clone(),
            available: Money::ZERO,
            held: Money::ZERO,
            status: WalletStatus::Active,
        }))
    }

    /// What moved the caller's spendable balance.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn entries(
        &self,
        caller: &Caller,
        filter: &EntryFilter,
        from: Option<EntryCursor>,
        size: PageSize,
    ) -> Result<EntryPage, StoreError> {
        self.page(&caller.user().id, filter, from, size).await
    }

    /// A customer's wallet, for staff. `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn of(&self, _: &Staff<WalletsRead>, user: &UserId) -> Result<Option<Wallet>, StoreError> {
        self.queries.wallet(user).await
    }

    /// What moved a customer's spendable balance, for staff.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn entries_of(
        &self,
        _: &Staff<WalletsRead>,
        user: &UserId,
        filter: &EntryFilter,
        from: Option<EntryCursor>,
        size: PageSize,
    ) -> Result<EntryPage, StoreError> {
        self.page(user, filter, from, size).await
    }

    async fn page(
        &self,
        user: &UserId,
        filter: &EntryFilter,
        from: Option<EntryCursor>,
        size: PageSize,
    ) -> Result<EntryPage, StoreError> {
        let entries = self.queries.entries(user, filter, from, size).await?;
        let full = entries.len() >= usize::from(size.rows());
        let next = entries.last().filter(|_| full).map(WalletEntry::cursor);
        Ok(EntryPage { entries, next })
    }

    async fn create(&self, user: &UserId) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.wallets().create(user, self.clock.now()).await?;
        tx.commit().await
    }
}
