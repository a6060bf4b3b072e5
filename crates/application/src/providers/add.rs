//! Staff add a provider.

use domain::identity::right::ProvidersWrite;
use domain::providers::ProviderSettings;
use domain::text::Name;
use domain::{ProviderId, Secret};
use ports::StoreError;
use ports::catalog::Unique;
use ports::crypto::SealError;
use ports::gateway::PanelError;
use ports::providers::NewProvider;

use super::admin::Providers;
use super::panels::key_context;
use crate::caller::{Member, Staff};
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

impl Providers {
    /// Adds a provider.
    ///
    /// # Errors
    /// [`AddProviderError`] if it was not added, or nobody knows.
    pub async fn add(
        &self,
        staff: &Staff<ProvidersWrite>,
        provider: &AddProvider,
    ) -> Result<ProviderId, AddProviderError> {
        self.gateway
            .check_address(&provider.api_url)
            .map_err(AddProviderError::Address)?;
        retry_contended(|| self.record_added(staff, provider)).await
    }

    async fn record_added(&self, staff: &Member, add: &AddProvider) -> Result<ProviderId, AddProviderError> {
        let now = self.clock.now();
        let provider = NewProvider {
            name: add.name.clone(),
            api_url: add.api_url.clone(),
            settings: add.settings.clone(),
            created_by: staff.id().clone(),
        };
        let mut tx = self.store.begin().await?;
        let Unique::Saved(id) = tx.providers().insert(&provider, now).await? else {
            return Err(AddProviderError::NameTaken);
        };
        // The seal binds the id, which the database has only just given out.
        let key = self.sealer.seal(&add.api_key, &key_context(id))?;
        tx.providers().set_key(id, &key, now).await?;
        let details = vec![
            ("name", provider.name.to_string()),
            ("api_url", provider.api_url),
            ("currency", provider.settings.currency.to_string()),
        ];
        tx.audit()
            .append(&self.entry(staff, "provider.add", id, details))
            .await?;
        tx.commit().await?;
        Ok(id)
    }
}
