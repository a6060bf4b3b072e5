//! Bans.

use std::time::Duration;

use domain::UserId;
use domain::identity::right::UsersWrite;
use domain::identity::{Ban, User};
use ports::StoreError;

use super::{UserAdmin, entry, is_last_admin, lock};
use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// What is recorded when staff say nothing.
const NO_REASON: &str = "No reason";

/// The ban to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanUser {
    /// Who.
    pub user: UserId,
    /// Why; the user is not told.
    pub reason: Option<String>,
    /// For how long; `None` is for good.
    pub length: Option<Duration>,
}

/// Why nobody was banned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BanError {
    /// Staff cannot ban themselves.
    #[error("nobody bans themselves")]
    Yourself,
    /// Nobody would be left to lift the ban.
    #[error("the last administrator cannot be banned")]
    LastAdmin,
    /// Only administrators ban staff.
    #[error("only an administrator bans members of staff")]
    NotTheirs,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for BanError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl UserAdmin {
    /// Bans a user: all of their sessions end with the same commit. A new ban replaces the one before, its end included.
    /// `None` if there is no such user.
    ///
    /// # Errors
    /// [`BanError`] if nothing was recorded, or nobody knows.
    pub async fn ban(&self, by: &Staff<UsersWrite>, ban: &BanUser) -> Result<Option<User>, BanError> {
        if *by.id() == ban.user {
            return Err(BanError::Yourself);
        }
        retry_contended(|| self.record_ban(by, ban)).await
    }

    async fn record_ban(&self, by: &Member, ban: &BanUser) -> Result<Option<User>, BanError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        if is_last_admin(&mut *tx, &ban.user, now).await? {
            return Err(BanError::LastAdmin);
        }
        let Some(user) = lock(&mut *tx, &ban.user).await? else {
            return Ok(None);
        };
        if !by.may_touch(&user) {
            return Err(BanError::NotTheirs);
        }
        let reason = ban.reason.clone().unwrap_or_else(|| NO_REASON.to_owned());
        let until = ban.length.map(|length| now.plus(length));
        let banned = User {
            ban: Some(Ban {
                reason: Some(reason.clone()),
                until,
            }),
            updated_at: now,
            ..user
        };
        tx.identity().save_user(&banned).await?;
        tx.identity().delete_sessions_of(&banned.id, None).await?;
        let until = until.map_or_else(|| "never".to_owned(), |until| until.micros().to_string());
        let entry = entry(by, "user.ban", &banned.id, now)
            .with("reason", reason)
            .with("until", until);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(banned))
    }

    /// Lifts a ban. `None` if there is no such user.
    ///
    /// # Errors
    /// [`BanError`] if nothing was recorded, or nobody knows.
    pub async fn unban(&self, by: &Staff<UsersWrite>, user: &UserId) -> Result<Option<User>, BanError> {
        retry_contended(|| self.record_unban(by, user)).await
    }

    async fn record_unban(&self, by: &Member, user: &UserId) -> Result<Option<User>, BanError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let Some(user) = lock(&mut *tx, user).await? else {
            return Ok(None);
        };
        if !by.may_touch(&user) {
            return Err(BanError::NotTheirs);
        }
        let free = User {
            ban: None,
            updated_at: now,
            ..user
        };
        tx.identity().save_user(&free).await?;
        let entry = entry(by, "user.unban", &free.id, now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(free))
    }
}
