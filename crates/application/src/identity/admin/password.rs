//! Staff give a user a new password.

use domain::UserId;
use domain::identity::right::UsersReset;
use ports::StoreError;
use ports::crypto::PasswordError;
use ports::mail::NewMail;

use super::{UserAdmin, entry, lock};
use crate::caller::{Member, Staff};
use crate::identity::password::changed_notice;
use crate::identity::{Password, PasswordRefusal};
use crate::mail::post;
use crate::retry::{MaybeContended, retry_contended};

/// Why a password was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetPasswordError {
    /// Whoever sets the password of a member of staff can sign in as them.
    #[error("only an administrator sets the passwords of staff")]
    NotTheirs,
    /// Nobody with this name or address may choose the password.
    #[error(transparent)]
    Refused(#[from] PasswordRefusal),
    /// It could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for SetPasswordError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl UserAdmin {
    /// Sets a user's password and ends their sessions. `false` if there is no such user.
    ///
    /// # Errors
    /// [`SetPasswordError`] if nothing was recorded, or nobody knows.
    pub async fn set_password(
        &self,
        by: &Staff<UsersReset>,
        user: &UserId,
        password: &Password,
    ) -> Result<bool, SetPasswordError> {
        let Some(found) = self.ports.queries.user(user).await? else {
            return Ok(false);
        };
        let password = password.of(&found.name, &found.email, &self.ports.office.policy().project)?;
        let hash = self.ports.hasher.hash(password).await?;
        let notice = changed_notice(&self.ports, &found)?;
        retry_contended(|| self.record_password(by, user, &hash, notice.as_ref())).await
    }

    async fn record_password(
        &self,
        by: &Member,
        user: &UserId,
        hash: &str,
        notice: Option<&NewMail>,
    ) -> Result<bool, SetPasswordError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let Some(user) = lock(&mut *tx, user).await? else {
            return Ok(false);
        };
        if !by.may_touch(&user) {
            return Err(SetPasswordError::NotTheirs);
        }
        let account = self.ports.ids.text_id();
        tx.identity().set_password(&account, &user.id, hash, now).await?;
        tx.identity().delete_sessions_of(&user.id, None).await?;
        tx.api_keys().disable_all(&user.id, now).await?;
        let entry = entry(by, "user.set_password", &user.id, now);
        tx.audit().append(&entry).await?;
        if let Some(notice) = notice {
            post(&mut *tx, notice).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
