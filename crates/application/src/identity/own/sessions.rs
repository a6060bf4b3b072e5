//! Users look at their sessions and end them.

use domain::identity::Session;
use domain::{Secret, SessionId};
use ports::StoreError;
use ports::audit::AuditEntry;

use super::OwnAccount;
use crate::caller::actor;
use crate::identity::ActiveSession;
use crate::retry::retry_contended;

impl OwnAccount {
    /// The open sessions that the user opened, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn sessions(&self, session: &ActiveSession) -> Result<Vec<Session>, StoreError> {
        let now = self.ports.clock.now();
        let mut sessions = self.ports.queries.sessions_of(&session.user.id, now).await?;
        sessions.retain(|session| !session.stands_in());
        Ok(sessions)
    }

    /// Ends one of the user's sessions, by its id or its token. `false` if it is not theirs or was gone already.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be open.
    pub async fn revoke_session(&self, session: &ActiveSession, handle: &Secret) -> Result<bool, StoreError> {
        let digest = self.ports.digester.digest(handle.reveal());
        // A token is for whoever holds it, but only its own user's session may end here.
        let by_token = self
            .ports
            .queries
            .session(&digest, self.ports.clock.now())
            .await?;
        let id = match by_token {
            Some((found, ..)) => found.id,
            None => SessionId::new(handle.reveal()),
        };
        retry_contended(|| self.record_revocation(session, &id)).await
    }

    async fn record_revocation(&self, by: &ActiveSession, id: &SessionId) -> Result<bool, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let found = tx.identity().delete_session_by_id(id, Some(&by.user.id)).await?;
        if found {
            let entry = self.line(by, "session.revoke", format!("session:{id}"));
            tx.audit().append(&entry).await?;
        }
        tx.commit().await?;
        Ok(found)
    }

    /// Ends all of the user's sessions, or all but this one.
    ///
    /// # Errors
    /// [`StoreError`] if some may still be open.
    pub async fn revoke_sessions(
        &self,
        session: &ActiveSession,
        keep: Option<&SessionId>,
    ) -> Result<(), StoreError> {
        retry_contended(|| self.record_revocations(session, keep)).await
    }

    async fn record_revocations(
        &self,
        by: &ActiveSession,
        keep: Option<&SessionId>,
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let ended = tx.identity().delete_sessions_of(&by.user.id, keep).await?;
        if ended > 0 {
            let entry = self.line(by, "user.revoke_sessions", format!("user:{}", by.user.id));
            tx.audit().append(&entry.with("sessions_ended", ended)).await?;
        }
        tx.commit().await
    }

    fn line(&self, by: &ActiveSession, action: &'static str, target: String) -> AuditEntry {
        AuditEntry::new(actor(&by.user), action, target, self.ports.clock.now()).from(&by.origin)
    }
}
