//! Programs sign out.

use domain::identity::{Session, User};
use domain::{Secret, SessionId, UserId};
use ports::StoreError;
use ports::audit::{AuditEntry, Origin};

use super::TokenAccess;
use crate::caller::actor;
use crate::identity::ActiveSession;
use crate::retry::retry_contended;

impl TokenAccess {
    /// Ends the session that a refresh token keeps, also one that was used; one that is gone already is fine.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be open.
    pub async fn revoke(&self, token: &Secret, origin: &Origin) -> Result<(), StoreError> {
        let (queries, now) = (&self.ports.queries, self.ports.clock.now());
        let digest = self.ports.digester.digest(token.reveal());
        let Some(found) = queries.refresh_token(&digest).await? else {
            return Ok(());
        };
        match queries.session_of_program(&found.session, now).await? {
            Some((session, user, _)) => self.close(&session, &user, origin).await,
            None => Ok(()),
        }
    }

    /// Ends the session that an access token named.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be open.
    pub async fn revoke_own(&self, active: &ActiveSession) -> Result<(), StoreError> {
        self.close(&active.session, &active.user, &active.origin).await
    }

    /// Ends the sessions of all programs of a session's user; how many.
    ///
    /// # Errors
    /// [`StoreError`] if some may still be open.
    pub async fn revoke_all(&self, active: &ActiveSession) -> Result<u64, StoreError> {
        let entry = self.line("user.revoke_tokens", &active.user, &active.origin);
        retry_contended(|| self.record_all(&active.user.id, &entry)).await
    }

    async fn close(&self, session: &Session, user: &User, origin: &Origin) -> Result<(), StoreError> {
        let mut entry = self.line("session.close", user, origin);
        entry.target = format!("session:{}", session.id);
        retry_contended(|| self.record_closed(&session.id, &entry)).await
    }

    fn line(&self, action: &'static str, user: &User, origin: &Origin) -> AuditEntry {
        let target = format!("user:{}", user.id);
        AuditEntry::new(actor(user), action, target, self.ports.clock.now()).from(origin)
    }

    async fn record_closed(&self, session: &SessionId, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if tx.identity().delete_session_by_id(session, None).await? {
            tx.audit().append(entry).await?;
        }
        tx.commit().await
    }

    async fn record_all(&self, user: &UserId, entry: &AuditEntry) -> Result<u64, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let ended = tx.refresh_tokens().end_sessions(user).await?;
        if ended > 0 {
            let entry = entry.clone().with("sessions", ended);
            tx.audit().append(&entry).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}
