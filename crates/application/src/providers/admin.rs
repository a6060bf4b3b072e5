//! Staff administer providers.

use std::sync::Arc;

use domain::catalog::Availability;
use domain::providers::{Provider, ProviderSettings, SealedSecret};
use domain::text::Name;
use domain::{ProviderId, Secret};
use ports::audit::AuditEntry;
use ports::catalog::Unique;
use ports::crypto::{SealError, SecretSealer};
use ports::gateway::{PanelError, PanelGateway};
use ports::providers::{NewProvider, ProviderQueries};
use ports::{Clock, Store, StoreError};

use super::panels::key_context;
use crate::caller::Staff;
use crate::retry::{MaybeContended, retry_contended};

/// A provider to be added.
#[derive(Debug, Clone)]
pub struct AddProvider {
    /// Display name.
    pub name: Name,
    /// Where its panel API listens.
    pub api_url: String,
    /// Our key there.
    pub api_key: Secret,
    /// Its knobs.
    pub settings: ProviderSettings,
}

/// The provider as it is to be.
#[derive(Debug, Clone)]
pub struct EditProvider {
    /// Display name.
    pub name: Name,
    /// Where its panel API listens.
    pub api_url: String,
    /// Our key there; `None` leaves it as it is.
    pub api_key: Option<Secret>,
    /// What else is to change.
    pub knobs: ProviderEdit,
}

/// Knobs that staff may leave alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProviderEdit {
    /// Whether it is used.
    pub availability: Option<Availability>,
    /// How a lost order is found.
    pub lookup: Option<domain::providers::LookupCapability>,
    /// How many requests a second it allows us.
    pub requests_per_second: Option<u32>,
    /// How much may be of unknown fate there.
    pub exposure_cap: Option<domain::Money>,
}

impl ProviderEdit {
    /// `settings` with what is to change.
    #[must_use]
    pub fn apply(self, settings: ProviderSettings) -> ProviderSettings {
        ProviderSettings {
            lookup: self.lookup.unwrap_or(settings.lookup),
            requests_per_second: self.requests_per_second.unwrap_or(settings.requests_per_second),
            exposure_cap: self.exposure_cap.unwrap_or(settings.exposure_cap),
        }
    }
}

/// Why no provider was added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddProviderError {
    /// The address must not be called.
    #[error(transparent)]
    Address(PanelError),
    /// Another provider has the name.
    #[error("a provider with this name exists already")]
    NameTaken,
    /// The key could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for AddProviderError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Why a provider was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditProviderError {
    /// There is no such provider.
    #[error("there is no such provider")]
    Missing,
    /// The address must not be called.
    #[error(transparent)]
    Address(PanelError),
    /// Another provider has the name.
    #[error("a provider with this name exists already")]
    NameTaken,
    /// The key could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for EditProviderError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

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
    store: Arc<dyn Store>,
    queries: Arc<dyn ProviderQueries>,
    gateway: Arc<dyn PanelGateway>,
    sealer: Arc<dyn SecretSealer>,
    clock: Arc<dyn Clock>,
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
    pub async fn list(&self, _: &Staff) -> Result<Vec<Provider>, StoreError> {
        self.queries.list().await
    }

    /// Adds a provider.
    ///
    /// # Errors
    /// [`AddProviderError`] if it was not added, or nobody knows.
    pub async fn add(&self, staff: &Staff, provider: &AddProvider) -> Result<ProviderId, AddProviderError> {
        self.gateway
            .check_address(&provider.api_url)
            .map_err(AddProviderError::Address)?;
        retry_contended(|| self.record_added(staff, provider)).await
    }

    /// Changes a provider. Orders that it has stay with it.
    ///
    /// # Errors
    /// [`EditProviderError`] if it was not changed, or nobody knows.
    pub async fn edit(
        &self,
        staff: &Staff,
        id: ProviderId,
        edit: &EditProvider,
    ) -> Result<(), EditProviderError> {
        self.gateway
            .check_address(&edit.api_url)
            .map_err(EditProviderError::Address)?;
        let key = match &edit.api_key {
            Some(key) => Some(self.sealer.seal(key, &key_context(id))?),
            None => None,
        };
        retry_contended(|| self.record_edited(staff, id, edit, key.as_ref())).await
    }

    /// Archives a provider. Its services are no longer offered; its orders live on.
    ///
    /// # Errors
    /// [`ArchiveProviderError`] if it was not archived, or nobody knows.
    pub async fn archive(&self, staff: &Staff, id: ProviderId) -> Result<(), ArchiveProviderError> {
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
    pub async fn reveal_key(&self, staff: &Staff, id: ProviderId) -> Result<RevealedKey, RevealKeyError> {
        let (provider, sealed) = self.queries.find(id).await?.ok_or(RevealKeyError::Missing)?;
        if provider.availability == Availability::Archived {
            return Err(RevealKeyError::Missing);
        }
        retry_contended(|| self.record_revealed(staff, id)).await?;
        let api_key = self.sealer.open(&sealed, &key_context(id))?;
        Ok(RevealedKey { provider, api_key })
    }

    async fn record_added(&self, staff: &Staff, add: &AddProvider) -> Result<ProviderId, AddProviderError> {
        let now = self.clock.now();
        let provider = NewProvider {
            name: add.name.clone(),
            api_url: add.api_url.clone(),
            settings: add.settings,
            created_by: staff.id().clone(),
        };
        let mut tx = self.store.begin().await?;
        let Unique::Saved(id) = tx.providers().insert(&provider, now).await? else {
            return Err(AddProviderError::NameTaken);
        };
        // The seal binds the id, which the database has only just given out.
        let key = self.sealer.seal(&add.api_key, &key_context(id))?;
        tx.providers().set_key(id, &key, now).await?;
        let details = vec![("name", provider.name.to_string()), ("api_url", provider.api_url)];
        tx.audit()
            .append(&self.entry(staff, "provider.add", id, details))
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn record_edited(
        &self,
        staff: &Staff,
        id: ProviderId,
        edit: &EditProvider,
        key: Option<&SealedSecret>,
    ) -> Result<(), EditProviderError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let before = tx.providers().lock(id).await?.ok_or(EditProviderError::Missing)?;
        let after = Provider {
            name: edit.name.clone(),
            api_url: edit.api_url.clone(),
            availability: edit.knobs.availability.unwrap_or(before.availability),
            settings: edit.knobs.apply(before.settings),
            updated_at: now,
            ..before.clone()
        };
        match tx.providers().update(&after).await? {
            Unique::Saved(()) => {}
            Unique::Taken => return Err(EditProviderError::NameTaken),
            Unique::Missing => return Err(EditProviderError::Missing),
        }
        if let Some(key) = key {
            tx.providers().set_key(id, key, now).await?;
        }
        let details = edit_details(&before, &after, key.is_some());
        tx.audit()
            .append(&self.entry(staff, "provider.edit", id, details))
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn record_archived(&self, staff: &Staff, id: ProviderId) -> Result<bool, StoreError> {
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

    async fn record_revealed(&self, staff: &Staff, id: ProviderId) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.audit()
            .append(&self.entry(staff, "provider.reveal_key", id, Vec::new()))
            .await?;
        tx.commit().await
    }

    fn entry(
        &self,
        staff: &Staff,
        action: &'static str,
        id: ProviderId,
        details: Vec<(&'static str, String)>,
    ) -> AuditEntry {
        AuditEntry {
            actor: staff.actor(),
            action,
            target: format!("provider:{id}"),
            details,
            at: self.clock.now(),
        }
    }
}

fn edit_details(before: &Provider, after: &Provider, key_changed: bool) -> Vec<(&'static str, String)> {
    let mut details = vec![
        ("name", after.name.to_string()),
        ("api_url_before", before.api_url.clone()),
        ("api_url", after.api_url.clone()),
        ("availability", after.availability.as_str().to_owned()),
        ("lookup", after.settings.lookup.as_str().to_owned()),
        ("exposure_cap", after.settings.exposure_cap.to_string()),
    ];
    if key_changed {
        details.push(("key", "changed".to_owned()));
    }
    details
}
