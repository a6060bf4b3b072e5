//! The catalogue for reading.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::catalog::{Availability, CatalogChange, Category, ChangeKind, Offer, Service, UNCATEGORIZED};
use domain::{CategoryId, PageSize, ProviderId, ServiceId, Timestamp, UserId};
use entities::{categories, providers, services};
use ports::StoreError;
use ports::catalog::{CatalogQueries, CategoryListing, CategoryView, ServiceView};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    RelationTrait, Select,
};

use super::{ACTIVE, ARCHIVED, is_listed, mapping};
use crate::decode::{details_from_json, word};
use crate::error::{Failure, store_error};
use crate::queries::SeaQueries;
use crate::sql;

/// The longest list of categories.
const CATEGORIES_MAX: u64 = 1_000;
/// The longest list of services.
const SERVICES_MAX: u64 = 10_000;
/// Upstream ids that one statement asks about.
const IDS_MAX: usize = 500;
/// The longest list of one provider's services.
const SERVICES_OF_PROVIDER_MAX: u64 = 20_000;

/// A service's row with its category's name beside it.
#[derive(FromQueryResult)]
struct ServiceRow {
    #[sea_orm(nested)]
    service: services::Model,
    category_name: String,
}

impl ServiceRow {
    fn view(self) -> Result<ServiceView, StoreError> {
        let created_by = UserId::new(self.service.created_by.as_str());
        Ok(ServiceView {
            service: mapping::service(self.service)?,
            category_name: self.category_name,
            created_by,
        })
    }
}

/// A service's row with its provider's availability beside it.
#[derive(FromQueryResult)]
struct OfferRow {
    #[sea_orm(nested)]
    service: services::Model,
    provider_availability: String,
}

impl OfferRow {
    fn offer(self) -> Result<Offer, StoreError> {
        let provider = word(
            "providers.availability",
            &self.provider_availability,
            Availability::from_stored,
        )?;
        let row = services::Model {
            description: None,
            ..self.service
        };
        Ok(Offer {
            service: mapping::service(row)?,
            provider,
        })
    }
}

#[async_trait]
impl CatalogQueries for SeaQueries {
    async fn service(&self, id: ServiceId) -> Result<Option<ServiceView>, StoreError> {
        let row = with_category()
            .filter(services::Column::Id.eq(id.0))
            .into_model::<ServiceRow>()
            .one(self.conn())
            .await
            .map_err(store_error)?;
        row.map(ServiceRow::view).transpose()
    }

    async fn offers(&self, ids: &[ServiceId]) -> Result<Vec<Offer>, StoreError> {
        let rows = services::Entity::find()
            .column_as(providers::Column::Availability, "provider_availability")
            .join(JoinType::InnerJoin, services::Relation::Providers.def())
            .filter(services::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .filter(services::Column::Availability.ne(ARCHIVED))
            .into_model::<OfferRow>()
            .all(self.conn())
            .await
            .map_err(store_error)?;
        rows.into_iter().map(OfferRow::offer).collect()
    }

    async fn services(&self) -> Result<Vec<ServiceView>, StoreError> {
        let rows = with_category()
            .join(JoinType::InnerJoin, services::Relation::Providers.def())
            .filter(providers::Column::Availability.ne(ARCHIVED))
            .order_by_desc(services::Column::Id)
            .limit(SERVICES_MAX)
            .into_model::<ServiceRow>()
            .all(self.conn())
            .await
            .map_err(store_error)?;
        rows.into_iter().map(ServiceRow::view).collect()
    }

    async fn removed_of(
        &self,
        provider: ProviderId,
        upstream_ids: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let mut removed = Vec::new();
        for some in upstream_ids.chunks(IDS_MAX) {
            let found = services::Entity::find()
                .select_only()
                .column(services::Column::UpstreamId)
                .filter(services::Column::ProviderId.eq(provider.0))
                .filter(services::Column::Availability.eq(ARCHIVED))
                .filter(services::Column::UpstreamId.is_in(some))
                .into_tuple::<String>()
                .all(self.conn())
                .await;
            removed.extend(found.map_err(store_error)?);
        }
        Ok(removed)
    }

    async fn services_of(&self, provider: ProviderId) -> Result<Vec<Service>, StoreError> {
        let rows = services::Entity::find()
            .filter(services::Column::ProviderId.eq(provider.0))
            .filter(services::Column::Availability.ne(ARCHIVED))
            .order_by_asc(services::Column::Id)
            .limit(SERVICES_OF_PROVIDER_MAX)
            .all(self.conn())
            .await
            .map_err(store_error)?;
        let mut services: Vec<Service> = rows.into_iter().map(mapping::service).collect::<Result<_, _>>()?;
        // The databases collate text differently, so the order is made here.
        services.sort_by(|a, b| a.upstream_id.cmp(&b.upstream_id));
        Ok(services)
    }

    async fn categories(&self) -> Result<Vec<CategoryView>, StoreError> {
        let rows = categories::Entity::find()
            .filter(categories::Column::Availability.ne(ARCHIVED))
            .order_by_asc(categories::Column::Id)
            .limit(CATEGORIES_MAX)
            .all(self.conn())
            .await
            .map_err(store_error)?;
        let mut views: Vec<CategoryView> = rows
            .into_iter()
            .map(mapping::category)
            .collect::<Result<_, _>>()?;
        views.sort_by_cached_key(|view| in_order(&view.category));
        Ok(views)
    }

    async fn listing(&self) -> Result<Vec<CategoryListing>, StoreError> {
        let rows = categories::Entity::find()
            .filter(categories::Column::Availability.eq(ACTIVE))
            .filter(categories::Column::Name.ne(UNCATEGORIZED))
            .order_by_asc(categories::Column::Id)
            .limit(CATEGORIES_MAX)
            .all(self.conn())
            .await
            .map_err(store_error)?;
        let mut services = self.orderable_services().await?;
        let mut listing = Vec::with_capacity(rows.len());
        for row in rows {
            let category = mapping::category(row)?.category;
            let services = services.remove(&category.id).unwrap_or_default();
            listing.push(CategoryListing { category, services });
        }
        listing.sort_by_cached_key(|listed| in_order(&listed.category));
        Ok(listing)
    }

    fn known_version(&self) -> Option<i64> {
        self.database().catalogue().get()
    }

    async fn version(&self) -> Result<i64, StoreError> {
        let reading = self.database().catalogue().begin();
        let version = sql::query_number(self.conn(), "SELECT version FROM catalog_feed WHERE id = 1", [])
            .await
            .map_err(store_error)?;
        self.database().catalogue().end(reading, version);
        Ok(version)
    }

    async fn changes(&self, since: i64, size: PageSize) -> Result<Vec<CatalogChange>, StoreError> {
        let text =
            "SELECT sequence, service_id, kind, was, became, at FROM catalog_changes WHERE sequence > $1
            ORDER BY sequence LIMIT $2";
        let values = [since.into(), i64::from(size.rows()).into()];
        let rows = sql::query_all(self.conn(), text, values)
            .await
            .map_err(store_error)?;
        rows.iter()
            .map(|row| change(row).map_err(StoreError::from))
            .collect()
    }
}

fn change(row: &QueryResult) -> Result<CatalogChange, Failure> {
    let kind: String = row.try_get("", "kind")?;
    let (was, became): (String, String) = (row.try_get("", "was")?, row.try_get("", "became")?);
    Ok(CatalogChange {
        sequence: row.try_get("", "sequence")?,
        service: ServiceId(row.try_get("", "service_id")?),
        kind: word("catalog_changes.kind", &kind, ChangeKind::from_stored)?,
        was: details_from_json("catalog_changes.was", &was)?,
        became: details_from_json("catalog_changes.became", &became)?,
        at: Timestamp::from_micros(row.try_get("", "at")?),
    })
}

impl SeaQueries {
    /// What can be ordered, by category, by id.
    async fn orderable_services(&self) -> Result<HashMap<CategoryId, Vec<Service>>, StoreError> {
        let rows = services::Entity::find()
            .join(JoinType::InnerJoin, services::Relation::Providers.def())
            .join(JoinType::InnerJoin, services::Relation::Categories.def())
            .filter(Expr::cust(is_listed()))
            .order_by_asc(services::Column::Id)
            .limit(SERVICES_MAX)
            .all(self.conn())
            .await
            .map_err(store_error)?;
        let mut by_category: HashMap<CategoryId, Vec<Service>> = HashMap::new();
        for row in rows {
            let service = mapping::service(row)?;
            by_category.entry(service.category).or_default().push(service);
        }
        Ok(by_category)
    }
}

/// Services that are not archived, with their category's name.
fn with_category() -> Select<services::Entity> {
    services::Entity::find()
        .column_as(categories::Column::Name, "category_name")
        .join(JoinType::InnerJoin, services::Relation::Categories.def())
        .filter(services::Column::Availability.ne(ARCHIVED))
}

/// Those that have a place come first. Names are compared without case; the databases collate text differently, so the
/// order is made here.
fn in_order(category: &Category) -> (bool, Option<i64>, String, CategoryId) {
    let place = category.position;
    (
        place.is_none(),
        place,
        category.name.as_str().to_lowercase(),
        category.id,
    )
}
