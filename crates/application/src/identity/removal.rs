//! What users and staff share when an account goes: what stands in the way, and what is left of it.
//!
//! Orders, wallet and ledger stay as they are, in the name of nobody.

use domain::{Timestamp, UserId};
use ports::{StoreError, Tx};

use super::admin::is_last_admin;

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    /// The account is gone.
    Done,
    /// There is no such user, or nothing says that they may go.
    NotThere,
    /// There is money in the wallet.
    HasMoney,
    /// Orders have not ended.
    HasOpenOrders,
    /// Nobody would be left to administer anything.
    LastAdmin,
}

/// The removal of a user.
pub(super) struct Removal<'a> {
    user: &'a UserId,
    now: Timestamp,
}

impl<'a> Removal<'a> {
    pub(super) const fn of(user: &'a UserId, now: Timestamp) -> Self {
        Self { user, now }
    }

    /// What stands in the way. The wallet is locked first, so that nothing is ordered or refunded meanwhile.
    pub(super) async fn obstacle(&self, tx: &mut dyn Tx) -> Result<Removed, StoreError> {
        if is_last_admin(tx, self.user, self.now).await? {
            return Ok(Removed::LastAdmin);
        }
        if tx.identity().lock_user(self.user).await?.is_none() {
            return Ok(Removed::NotThere);
        }
        if !tx.wallets().lock_and_see_empty(self.user).await? {
            return Ok(Removed::HasMoney);
        }
        // Behind the lock: a withdrawal that is asked for now finds an empty wallet.
        if tx.funds().has_open_funds(self.user).await? {
            return Ok(Removed::HasMoney);
        }
        if tx.orders().has_open(self.user).await? {
            return Ok(Removed::HasOpenOrders);
        }
        Ok(Removed::Done)
    }

    /// Removes the user, unless money or orders are left.
    pub(super) async fn settled(&self, tx: &mut dyn Tx) -> Result<Removed, StoreError> {
        match self.obstacle(tx).await? {
            Removed::Done => self.enforced(tx).await,
            obstacle => Ok(obstacle),
        }
    }

    /// Removes the user, whatever is left.
    pub(super) async fn enforced(&self, tx: &mut dyn Tx) -> Result<Removed, StoreError> {
        let Some(found) = tx.identity().lock_user(self.user).await? else {
            return Ok(Removed::NotThere);
        };
        tx.tokens().revoke_all(self.user).await?;
        tx.mails().forget(self.user, &found.user.email).await?;
        tx.identity()
            .retire_user(&found.user.anonymised(self.now))
            .await?;
        Ok(Removed::Done)
    }
}
