//! Bans.

use std::time::Duration;

use domain::UserId;
use domain::identity::{Ban, User};
use ports::StoreError;

use super::{UserAdmin, entry, is_last_admin, lock};
use crate::caller::Staff;
use crate::retry::retry_contended;

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
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserAdmin {
    /// Bans a user: all of their sessions end with the same commit. A new ban replaces the one before, its end included.
    /// `None` if there is no such user.
    ///
    /// # Errors
    /// [`BanError`] if nothing was recorded, or nobody knows.
    pub async fn ban(&self, by: &Staff, ban: &BanUser) -> Result<Option<User>, BanError> {
        if *by.id() == ban.user {
            return Err(BanError::Yourself);
        }
        retry_contended(|| self.record_ban(by, ban))
            .await?
            .ok_or(BanError::LastAdmin)
    }

    /// `None` if nobody else is an administrator.
    async fn record_ban(&self, by: &Staff, ban: &BanUser) -> Result<Option<Option<User>>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if is_last_admin(&mut *tx, &ban.user, now).await? {
            return Ok(None);
        }
        let Some(user) = lock(&mut *tx, &ban.user).await? else {
            return Ok(Some(None));
        };
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
        let details = vec![("reason", reason), ("until", until)];
        let entry = entry(by, "user.ban", &banned.id, details, now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(Some(banned)))
    }

    /// Lifts a ban. `None` if there is no such user.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was recorded, or nobody knows.
    pub async fn unban(&self, by: &Staff, user: &UserId) -> Result<Option<User>, StoreError> {
        retry_contended(|| self.record_unban(by, user)).await
    }

    async fn record_unban(&self, by: &Staff, user: &UserId) -> Result<Option<User>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(user) = lock(&mut *tx, user).await? else {
            return Ok(None);
        };
        let free = User {
            ban: None,
            updated_at: now,
            ..user
        };
        tx.identity().save_user(&free).await?;
        let entry = entry(by, "user.unban", &free.id, Vec::new(), now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(free))
    }
}
