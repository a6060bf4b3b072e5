//! Staff, or an operator, remove the second factor of somebody who lost everything.

use domain::UserId;
use domain::identity::User;
use domain::identity::right::UsersReset;
use domain::mail::MailKind;
use domain::text::Email;
use ports::StoreError;
use ports::mail::NewMail;

use super::TwoFactor;
use crate::caller::By;
use crate::mail::post;
use crate::retry::{MaybeContended, retry_contended};

/// Why it is still there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveTwoFactorError {
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Whoever knows the password of a member of staff could come in as them.
    #[error("only an administrator removes the second factors of staff")]
    NotTheirs,
    /// There is none.
    #[error("two-factor authentication is off")]
    Off,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for RemoveTwoFactorError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl TwoFactor {
    /// Removes a user's second factor and ends their sessions: from now on the password is enough.
    ///
    /// # Errors
    /// [`RemoveTwoFactorError`] if nothing was recorded, or nobody knows.
    pub async fn remove(&self, by: &By<UsersReset>, user: &UserId) -> Result<(), RemoveTwoFactorError> {
        let found = self.ports.people.queries.user(user).await?;
        let found = found.ok_or(RemoveTwoFactorError::UnknownUser)?;
        self.take_from(by, &found).await
    }

    /// As [`TwoFactor::remove`], by the user's address.
    ///
    /// # Errors
    /// [`RemoveTwoFactorError`] if nothing was recorded, or nobody knows.
    pub async fn remove_by_address(
        &self,
        by: &By<UsersReset>,
        email: &Email,
    ) -> Result<(), RemoveTwoFactorError> {
        let found = self.ports.people.queries.credentials(email).await?;
        let found = found.ok_or(RemoveTwoFactorError::UnknownUser)?;
        self.take_from(by, &found.user).await
    }

    async fn take_from(&self, by: &By<UsersReset>, user: &User) -> Result<(), RemoveTwoFactorError> {
        let notice = self.notice(user, MailKind::TwoFactorDisabled)?;
        retry_contended(|| self.record_removal(by, &user.id, notice.as_ref())).await
    }

    async fn record_removal(
        &self,
        by: &By<UsersReset>,
        user: &UserId,
        notice: Option<&NewMail>,
    ) -> Result<(), RemoveTwoFactorError> {
        let now = self.ports.people.clock.now();
        let mut tx = self.ports.people.store.begin().await?;
        let user = tx.identity().lock_user(user).await?;
        let user = user.ok_or(RemoveTwoFactorError::UnknownUser)?.user;
        if !by.may_touch(&user) {
            return Err(RemoveTwoFactorError::NotTheirs);
        }
        if !tx.two_factor().remove(&user.id, now).await? {
            return Err(RemoveTwoFactorError::Off);
        }
        tx.identity().delete_sessions_of(&user.id, None).await?;
        let entry = by.entry("two_factor.remove", format!("user:{}", user.id), now);
        tx.audit().append(&entry).await?;
        if let Some(notice) = notice {
            post(&mut *tx, notice).await?;
        }
        Ok(tx.commit().await?)
    }
}
