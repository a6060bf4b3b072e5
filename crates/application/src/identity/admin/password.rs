//! Staff give a user a new password.

use domain::UserId;
use ports::StoreError;
use ports::crypto::PasswordError;

use super::{UserAdmin, entry, lock};
use crate::caller::Staff;
use crate::identity::Password;
use crate::retry::retry_contended;

/// Why a password was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetPasswordError {
    /// It could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserAdmin {
    /// Sets a user's password and ends their sessions. `false` if there is no such user.
    ///
    /// # Errors
    /// [`SetPasswordError`] if nothing was recorded, or nobody knows.
    pub async fn set_password(
        &self,
        by: &Staff,
        user: &UserId,
        password: &Password,
    ) -> Result<bool, SetPasswordError> {
        let hash = self.hasher.hash(password.secret()).await?;
        Ok(retry_contended(|| self.record_password(by, user, &hash)).await?)
    }

    async fn record_password(&self, by: &Staff, user: &UserId, hash: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(user) = lock(&mut *tx, user).await? else {
            return Ok(false);
        };
        let account = self.ids.text_id();
        tx.identity().set_password(&account, &user.id, hash, now).await?;
        tx.identity().delete_sessions_of(&user.id, None).await?;
        let entry = entry(by, "user.set_password", &user.id, Vec::new(), now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
