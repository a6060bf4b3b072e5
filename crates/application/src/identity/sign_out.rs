//! A session ends.

use domain::Secret;
use ports::StoreError;
use ports::audit::{AuditEntry, Origin};
use ports::identity::TokenDigest;

use super::identity_ports::IdentityPorts;

use crate::caller::actor;
use crate::retry::retry_contended;

/// Ends sessions by their token.
pub struct SignOut {
    ports: IdentityPorts,
}

impl SignOut {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self { ports }
    }

    /// Ends the session of `token`; one that is gone already is fine.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be open.
    pub async fn sign_out(&self, token: &Secret, origin: &Origin) -> Result<(), StoreError> {
        let digest = self.ports.digester.digest(token.reveal());
        let now = self.ports.clock.now();
        let entry = self
            .ports
            .queries
            .session(&digest, now)
            .await?
            .map(|(session, user, _)| {
                AuditEntry::new(
                    actor(&user),
                    "session.close",
                    format!("session:{}", session.id),
                    now,
                )
                .from(origin)
            });
        retry_contended(|| self.record(&digest, entry.as_ref())).await
    }

    async fn record(&self, digest: &TokenDigest, entry: Option<&AuditEntry>) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let ended = tx.identity().delete_session(digest).await?;
        if let Some(entry) = entry.filter(|_| ended) {
            tx.audit().append(entry).await?;
        }
        tx.commit().await
    }
}
