//! Staff list and archive providers and see their keys. Adding and editing have files of their own.

use std::sync::Arc;

use domain::catalog::Availability;
use domain::identity::right::{ProvidersRead, ProvidersReveal, ProvidersWrite};
use domain::providers::Provider;
use domain::{ProviderId, Secret};
use ports::audit::AuditEntry;
use ports::crypto::{SealError, SecretSealer};
use ports::gateway::PanelGateway;
use ports::providers::ProviderQueries;
use ports::{Clock, Store, StoreError};

use super::panels::key_context;
use crate::caller::{Member, Staff};
use crate::retry::retry_contended;

/// Why a provider was not archived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveProviderError {
    /// There is no such provider.
    #[error("there is no such provider")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a key was not revealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevealKeyError {
    /// There is no such provider.
    #[error("there is no such provider")]
    Missing,
    /// The key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A provider with its key in clear.
#[derive(Debug, Clone)]
pub struct RevealedKey {
    /// The provider.
    pub provider: Provider,
    /// Our key there.
    pub api_key: Secret,
}

/// Lists, adds, edits and archives providers, and reveals their keys.
pub struct Providers {
    pub(super) store: Arc<dyn Store>,
    queries: Arc<dyn ProviderQueries>,
    pub(super) gateway: Arc<dyn PanelGateway>,
    pub(super) sealer: Arc<dyn SecretSealer>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Providers {
    /// Wires the use cases.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        queries: Arc<dyn ProviderQueries>,
        gateway: Arc<dyn PanelGateway>,
        sealer: Arc<dyn SecretSealer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            queries,
            gateway,
            sealer,
            clock,
        }
    }

    /// Providers that are not archived, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn list(&self, _: &Staff<ProvidersRead>) -> Result<Vec<Provider>, StoreError> {
        self.queries.list().await
    }

    /// Archives a provider. Its services are no longer offered; its orders live on.
    ///
    /// # Errors
    /// [`ArchiveProviderError`] if it was not archived, or nobody knows.
    pub async fn archive(
        &self,
        staff: &Staff<ProvidersWrite>,
        id: ProviderId,
    ) -> Result<(), ArchiveProviderError> {
        if retry_contended(|| self.record_archived(staff, id)).await? {
            Ok(())
        } else {
            Err(ArchiveProviderError::Missing)
        }
    }

    /// Opens a provider's key for a member of staff. It is not opened unless the audit log says so.
    ///
    /// # Errors
    /// [`RevealKeyError`] if there is nothing to reveal, or it was not recorded.
    pub async fn reveal_key(
        &self,
        staff: &Staff<ProvidersReveal>,
        id: ProviderId,
    ) -> Result<RevealedKey, RevealKeyError> {
        let (provider, sealed) = self.queries.find(id).await?.ok_or(RevealKeyError::Missing)?;
        if provider.availability == Availability::Archived {
            return Err(RevealKeyError::Missing);
        }
        retry_contended(|| self.record_revealed(staff, id)).await?;
        let api_key = self.sealer.open(&sealed, &key_context(id))?;
        Ok(RevealedKey { provider, api_key })
    }

    async fn record_archived(&self, staff: &Member, id: ProviderId) -> Result<bool, StoreError> {
        let mut tx = self.store.begin().await?;
        let Some(provider) = tx.providers().lock(id).await? else {
            return Ok(false);
        };
        let archived = Provider {
            availability: Availability::Archived,
            updated_at: self.clock.now(),
            ..provider
        };
        tx.providers().update(&archived).await?;
        let details = vec![("name", archived.name.to_string())];
        tx.audit()
            .append(&self.entry(staff, "provider.archive", id, details))
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn record_revealed(&self, staff: &Member, id: ProviderId) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.audit()
            .append(&self.entry(staff, "provider.reveal_key", id, Vec::new()))
            .await?;
        tx.commit().await
    }

    pub(super) fn entry(
        &self,
        staff: &Member,
        action: &'static str,
        id: ProviderId,
        details: Vec<(&'static str, String)>,
    ) -> AuditEntry {
        staff
            .entry(action, format!("provider:{id}"), self.clock.now())
            .with_all(details)
    }
}
