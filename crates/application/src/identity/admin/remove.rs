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
    /// address is free. Their orders, wallet and ledger stay. `false` if there was no such user.
    ///
    /// # Errors
    /// [`RemoveUserError`] if nothing was recorded, or nobody knows.
    pub async fn remove(&self, by: &Staff<UsersWrite>, user: &UserId) -> Result<bool, RemoveUserError> {
        retry_contended(|| self.record_removal(by, user)).await
    }

    async fn record_removal(&self, by: &Member, user: &UserId) -> Result<bool, RemoveUserError> {
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
        // Staff may remove whoever they want gone, whatever is left in the wallet.
        if Removal::of(user, now).enforced(&mut *tx).await? != Removed::Done {
            return Ok(false);
        }
        let entry = entry(by, "user.remove", user, now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
