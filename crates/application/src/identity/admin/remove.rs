//! Removing users.

use domain::UserId;
use ports::StoreError;

use super::{UserAdmin, entry, is_last_admin};
use crate::caller::Staff;
use crate::identity::removal::{Removal, Removed};
use crate::retry::retry_contended;

/// Why nobody was removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveUserError {
    /// Nobody would be left to administer anything.
    #[error("the last administrator cannot be removed")]
    LastAdmin,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserAdmin {
    /// Removes a user: nothing is left that says who they were, their sessions and ways to sign in are gone, and their
    /// address is free. Their orders, wallet and ledger stay. `false` if there was no such user.
    ///
    /// # Errors
    /// [`RemoveUserError`] if nothing was recorded, or nobody knows.
    pub async fn remove(&self, by: &Staff, user: &UserId) -> Result<bool, RemoveUserError> {
        retry_contended(|| self.record_removal(by, user))
            .await?
            .ok_or(RemoveUserError::LastAdmin)
    }

    /// `None` if nobody else is an administrator.
    async fn record_removal(&self, by: &Staff, user: &UserId) -> Result<Option<bool>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if is_last_admin(&mut *tx, user, now).await? {
            return Ok(None);
        }
        // Staff may remove whoever they want gone, whatever is left in the wallet.
        if Removal::of(user, now).enforced(&mut *tx).await? != Removed::Done {
            return Ok(Some(false));
        }
        let entry = entry(by, "user.remove", user, Vec::new(), now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(true))
    }
}
