//! Users' sessions in the hands of staff.

use domain::identity::Session;
use domain::identity::right::{UsersRead, UsersWrite};
use domain::{Secret, SessionId, UserId};
use ports::StoreError;

use super::{UserAdmin, entry};
use crate::caller::{Member, Staff};
use crate::retry::retry_contended;

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
    /// [`StoreError`] if it may still be open.
    pub async fn revoke_session(&self, by: &Staff<UsersWrite>, handle: &Secret) -> Result<(), StoreError> {
        retry_contended(|| self.record_revocation(by, handle)).await
    }

    async fn record_revocation(&self, by: &Member, handle: &Secret) -> Result<(), StoreError> {
        let id = SessionId::new(handle.reveal());
        let mut tx = self.ports.store.begin().await?;
        let by_id = tx.identity().delete_session_by_id(&id, None).await?;
        let found = if by_id {
            true
        } else {
            let digest = self.ports.digester.digest(handle.reveal());
            tx.identity().delete_session(&digest).await?
        };
        if found {
            let mut line = entry(by, "session.revoke", by.id(), self.ports.clock.now());
            if by_id {
                line.target = format!("session:{id}");
            }
            tx.audit().append(&line).await?;
        }
        tx.commit().await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`StoreError`] if some may still be open.
    pub async fn revoke_sessions_of(&self, by: &Staff<UsersWrite>, user: &UserId) -> Result<(), StoreError> {
        retry_contended(|| self.record_revocations(by, user)).await
    }

    async fn record_revocations(&self, by: &Member, user: &UserId) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if tx.identity().delete_sessions_of(user, None).await? > 0 {
            let entry = entry(by, "user.revoke_sessions", user, self.ports.clock.now());
            tx.audit().append(&entry).await?;
        }
        tx.commit().await
    }
}
