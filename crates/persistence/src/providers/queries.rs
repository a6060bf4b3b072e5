//! Providers for reading.

use async_trait::async_trait;
use domain::ProviderId;
use domain::catalog::Availability;
use domain::providers::{Provider, SealedSecret};
use entities::providers;
use ports::StoreError;
use ports::providers::ProviderQueries;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::mapping;
use crate::error::store_error;
use crate::queries::SeaQueries;

/// The longest list of providers.
const PROVIDERS_MAX: u64 = 1_000;

#[async_trait]
impl ProviderQueries for SeaQueries {
    async fn find(&self, id: ProviderId) -> Result<Option<(Provider, SealedSecret)>, StoreError> {
        let row = providers::Entity::find_by_id(id.0)
            .one(self.conn())
            .await
            .map_err(store_error)?;
        row.map(mapping::provider_and_key).transpose()
    }

    async fn list(&self) -> Result<Vec<Provider>, StoreError> {
        let rows = providers::Entity::find()
            .filter(providers::Column::Availability.ne(Availability::Archived.as_str()))
            .order_by_desc(providers::Column::Id)
            .limit(PROVIDERS_MAX)
            .all(self.conn())
            .await
            .map_err(store_error)?;
        rows.into_iter().map(mapping::provider).collect()
    }
}
