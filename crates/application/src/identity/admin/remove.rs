//! Removing users.

use domain::UserId;
use domain::identity::right::UsersWrite;
use ports::StoreError;

use super::{UserAdmin, entry, is_last_admin, lock};
use crate::caller::{Member, Staff};
use crate::identity::removal::{Removal, Removed};
use crate::retry::{MaybeContended, retry_contended};

/// Why nobody was removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveUserError {
    /// Nobody would be left to administer anything.
    #[error("the last administrator cannot be removed")]
    LastAdmin,
    /// There is money in the wallet.
    #[error("there is money in the wallet")]
    HasMoney,
    /// Orders have not ended.
    #[error("orders have not ended")]
    HasOpenOrders,
    /// Only administrators remove staff.
    #[error("only an administrator removes members of staff")]
    NotTheirs,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for RemoveUserError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl UserAdmin {
    /// Removes a user: nothing is left that says who they were, their sessions and ways to sign in are gone, and their
    /// address is free. Their orders, wallet and ledger stay; whoever still has money or open orders is removed only if
    /// `whatever_is_left`. `false` if there was no such user.
    ///
    /// # Errors
    /// [`RemoveUserError`] if nothing was recorded, or nobody knows.
    pub async fn remove(
        &self,
        by: &Staff<UsersWrite>,
        user: &UserId,
        whatever_is_left: bool,
    ) -> Result<bool, RemoveUserError> {
        retry_contended(|| self.record_removal(by, user, whatever_is_left)).await
    }

    async fn record_removal(
        &self,
        by: &Member,
        user: &UserId,
        whatever_is_left: bool,
    ) -> Result<bool, RemoveUserError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        if is_last_admin(&mut *tx, user, now).await? {
            return Err(RemoveUserError::LastAdmin);
        }
        let Some(found) = lock(&mut *tx, user).await? else {
            return Ok(false);
        };
        if !by.may_touch(&found) {
            return Err(RemoveUserError::NotTheirs);
        }
        let removal = Removal::of(user, now);
        let left = match removal.obstacle(&mut *tx).await? {
            Removed::HasMoney if !whatever_is_left => return Err(RemoveUserError::HasMoney),
            Removed::HasOpenOrders if !whatever_is_left => return Err(RemoveUserError::HasOpenOrders),
            Removed::HasMoney => "money",
            Removed::HasOpenOrders => "orders",
            Removed::Done | Removed::NotThere | Removed::LastAdmin => "nothing",
        };
        if removal.enforced(&mut *tx).await? != Removed::Done {
            return Ok(false);
        }
        let entry = entry(by, "user.remove", user, now).with("left", left);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
