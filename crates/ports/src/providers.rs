//! Providers and their sealed keys.

use async_trait::async_trait;
use domain::providers::{Provider, ProviderBalance, ProviderSettings, SealedSecret};
use domain::text::Name;
use domain::{ProviderId, Timestamp, UserId};

use crate::catalog::Unique;
use crate::store::StoreError;

/// A provider to be added. Its key follows in the same transaction, because the id is bound into the seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProvider {
    /// Display name; unique among providers that are not archived.
    pub name: Name,
    /// Where its panel API listens.
    pub api_url: String,
    /// Its knobs.
    pub settings: ProviderSettings,
    /// Who added it.
    pub created_by: UserId,
}

/// Providers inside a transaction.
#[async_trait]
pub trait ProviderRepository: Send {
    /// Adds a provider.
    async fn insert(
        &mut self,
        provider: &NewProvider,
        now: Timestamp,
    ) -> Result<Unique<ProviderId>, StoreError>;

    /// Sets the sealed key. `false` if there is no such provider.
    async fn set_key(
        &mut self,
        id: ProviderId,
        key: &SealedSecret,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Reads a provider that is not archived and locks its row until the transaction ends.
    async fn lock(&mut self, id: ProviderId) -> Result<Option<Provider>, StoreError>;

    /// Reads one that is not archived, and keeps everybody from changing it until the transaction ends. Whoever else keeps it,
    /// or writes rows that point at it, does not wait.
    async fn keep(&mut self, id: ProviderId) -> Result<Option<Provider>, StoreError>;

    /// Writes name, address, availability and settings over the row.
    async fn update(&mut self, provider: &Provider) -> Result<Unique<()>, StoreError>;

    /// Whether it has services that are not archived.
    async fn has_services(&mut self, id: ProviderId) -> Result<bool, StoreError>;

    /// Whether it has, or may have, orders that have not ended.
    async fn has_orders(&mut self, id: ProviderId) -> Result<bool, StoreError>;

    /// Keeps what the provider said its balance was.
    async fn set_balance(&mut self, id: ProviderId, balance: &ProviderBalance) -> Result<bool, StoreError>;
}

/// Providers for reading.
#[async_trait]
pub trait ProviderQueries: Send + Sync {
    /// A provider with its sealed key; archived ones too, because their orders live on.
    async fn find(&self, id: ProviderId) -> Result<Option<(Provider, SealedSecret)>, StoreError>;

    /// Providers that are not archived, newest first, at most 1,000.
    async fn list(&self) -> Result<Vec<Provider>, StoreError>;
}
