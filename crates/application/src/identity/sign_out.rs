//! A session ends.

use std::sync::Arc;

use domain::Secret;
use ports::crypto::TokenDigester;
use ports::identity::TokenDigest;
use ports::{Store, StoreError};

use crate::retry::retry_contended;

/// Ends sessions by their token.
pub struct SignOut {
    store: Arc<dyn Store>,
    digester: Arc<dyn TokenDigester>,
}

impl SignOut {
    /// Wires the use case.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, digester: Arc<dyn TokenDigester>) -> Self {
        Self { store, digester }
    }

    /// Ends the session of `token`; one that is gone already is fine.
    ///
    /// # Errors
    /// [`StoreError`] if it may still be open.
    pub async fn sign_out(&self, token: &Secret) -> Result<(), StoreError> {
        let digest = self.digester.digest(token.reveal());
        retry_contended(|| self.record(&digest)).await
    }

    async fn record(&self, digest: &TokenDigest) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.identity().delete_session(digest).await?;
        tx.commit().await
    }
}
