//! A session ends.

use std::sync::Arc;

use domain::Secret;
use ports::audit::{AuditEntry, Origin};
use ports::crypto::TokenDigester;
use ports::identity::{IdentityQueries, TokenDigest};
use ports::{Clock, Store, StoreError};

use crate::caller::actor;
use crate::retry::retry_contended;

/// Ends sessions by their token.
pub struct SignOut {
    store: Arc<dyn Store>,
    queries: Arc<dyn IdentityQueries>,
    digester: Arc<dyn TokenDigester>,
    clock: Arc<dyn Clock>,
}

impl SignOut {
    /// Wires the use case.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        queries: Arc<dyn IdentityQueries>,
        digester: Arc<dyn TokenDigester>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            queries,
            digester,
            clock,
        }
    }

    /// Ends the session of `token`; one that is gone already is fine.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be open.
    pub async fn sign_out(&self, token: &Secret, origin: &Origin) -> Result<(), StoreError> {
        let digest = self.digester.digest(token.reveal());
        let now = self.clock.now();
        let entry = self
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
        let mut tx = self.store.begin().await?;
        let ended = tx.identity().delete_session(digest).await?;
        if let Some(entry) = entry.filter(|_| ended) {
            tx.audit().append(entry).await?;
        }
        tx.commit().await
    }
}
