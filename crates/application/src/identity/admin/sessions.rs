//! Users' sessions in the hands of staff.

use domain::identity::Session;
use domain::identity::right::{UsersRead, UsersWrite};
use domain::{Secret, SessionId, UserId};
use ports::{StoreError, Tx};

use super::{UserAdmin, entry, lock};
use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// Why no session of the user was ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokeSessionsError {
    /// Whoever ends the sessions of a member of staff keeps them from their work.
    #[error("only an administrator ends the sessions of staff")]
    NotTheirs,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for RevokeSessionsError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl UserAdmin {
    /// The open sessions of a user, those of staff who act as them included.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn sessions_of(
        &self,
        _by: &Staff<UsersRead>,
        user: &UserId,
    ) -> Result<Vec<Session>, StoreError> {
        self.ports.queries.sessions_of(user, self.ports.clock.now()).await
    }

    /// Ends one session, by its id or its token; one that is gone already is fine.
    ///
    /// # Errors
    /// [`RevokeSessionsError`] if it may still be open.
    pub async fn revoke_session(
        &self,
        by: &Staff<UsersWrite>,
        handle: &Secret,
    ) -> Result<(), RevokeSessionsError> {
        retry_contended(|| self.record_revocation(by, handle)).await
    }

    async fn record_revocation(&self, by: &Member, handle: &Secret) -> Result<(), RevokeSessionsError> {
        let id = SessionId::new(handle.reveal());
        let digest = self.ports.digester.digest(handle.reveal());
        let mut tx = self.ports.store.begin().await?;
        let Some(owner) = tx.identity().owner_of_session(&id, &digest).await? else {
            return Ok(());
        };
        may_end(&mut *tx, by, &owner).await?;
        let by_id = tx.identity().delete_session_by_id(&id, None).await?;
        let found = by_id || tx.identity().delete_session(&digest).await?;
        if found {
            let mut line = entry(by, "session.revoke", by.id(), self.ports.clock.now());
            if by_id {
                line.target = format!("session:{id}");
            }
            tx.audit().append(&line).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`RevokeSessionsError`] if some may still be open.
    pub async fn revoke_sessions_of(
        &self,
        by: &Staff<UsersWrite>,
        user: &UserId,
    ) -> Result<(), RevokeSessionsError> {
        retry_contended(|| self.record_revocations(by, user)).await
    }

    async fn record_revocations(&self, by: &Member, user: &UserId) -> Result<(), RevokeSessionsError> {
        let mut tx = self.ports.store.begin().await?;
        may_end(&mut *tx, by, user).await?;
        if tx.identity().delete_sessions_of(user, None).await? > 0 {
            let entry = entry(by, "user.revoke_sessions", user, self.ports.clock.now());
            tx.audit().append(&entry).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Refuses whoever may not act on `user`, which is locked before the sessions, as everywhere. Everybody ends their own.
async fn may_end(tx: &mut dyn Tx, by: &Member, user: &UserId) -> Result<(), RevokeSessionsError> {
    if by.id() == user {
        return Ok(());
    }
    match lock(tx, user).await? {
        Some(user) if !by.may_touch(&user) => Err(RevokeSessionsError::NotTheirs),
        Some(_) | None => Ok(()),
    }
}
