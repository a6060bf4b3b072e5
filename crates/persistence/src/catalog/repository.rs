//! The catalogue inside a transaction.

use async_trait::async_trait;
use domain::catalog::{Availability, Service, ServiceType};
use domain::orders::NewOrder;
use domain::providers::PackageRate;
use domain::text::Name;
use domain::{CategoryId, ProviderId, ServiceId, Timestamp, UserId};
use entities::{categories, services};
use ports::StoreError;
use ports::catalog::{CatalogRepository, NewService, Unique};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockType, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, NotSet, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Set, TryInsertResult,
};

use super::{ACTIVE, ARCHIVED, mapping, offers};
use crate::decode::unreadable;
use crate::error::{Failure, unless_raced};
use crate::sql;
use crate::tx::SeaTx;

#[async_trait]
impl CatalogRepository for SeaTx {
    async fn insert_category(
        &mut self,
        name: &Name,
        by: &UserId,
        now: Timestamp,
    ) -> Result<Unique<CategoryId>, StoreError> {
        let outcome = categories::Entity::insert(new_category(name, by, now))
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec(self.conn()?)
            .await;
        Ok(match self.guard(outcome)? {
            TryInsertResult::Inserted(inserted) => {
                let id = CategoryId(inserted.last_insert_id);
                self.touched().category(id, now);
                Unique::Saved(id)
            }
            TryInsertResult::Conflicted | TryInsertResult::Empty => Unique::Taken,
        })
    }

    /// One statement that always returns a row: the update writes the name over itself.
    async fn ensure_category(
        &mut self,
        name: &Name,
        by: &UserId,
        now: Timestamp,
    ) -> Result<CategoryId, StoreError> {
        // The condition has to be the index's own text: a bound value would not be recognised.
        let known = OnConflict::column(categories::Column::Name)
            .target_and_where(Expr::cust("availability <> 'archived'"))
            .update_column(categories::Column::Name)
            .to_owned();
        let outcome = categories::Entity::insert(new_category(name, by, now))
            .on_conflict(known)
            .exec_with_returning(self.conn()?)
            .await;
        let row = self.guard(outcome)?;
        // One that was there already changes nothing.
        if row.created_at == now.micros() {
            self.touched().category(CategoryId(row.id), now);
        }
        Ok(CategoryId(row.id))
    }

    async fn rename_category(
        &mut self,
        id: CategoryId,
        name: &Name,
        now: Timestamp,
    ) -> Result<Unique<()>, StoreError> {
        let renamed = rename_category(self.conn()?, id, name, now).await;
        let renamed = self.guard(unless_raced(renamed, "categories_name"))?;
        self.touched().category(id, now);
        Ok(renamed)
    }

    async fn archive_category(
        &mut self,
        id: CategoryId,
        into: CategoryId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let archived = archive_category(self.conn()?, id, into, now).await;
        let archived = self.guard(archived)?;
        // Its services are in the other one by now.
        self.touched().category(into, now);
        Ok(archived)
    }

    async fn insert_service(
        &mut self,
        service: &NewService,
        now: Timestamp,
    ) -> Result<Unique<ServiceId>, StoreError> {
        let row = mapping::new_service_row(service, now)?;
        let outcome = services::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec(self.conn()?)
            .await;
        Ok(match self.guard(outcome)? {
            TryInsertResult::Inserted(inserted) => {
                let id = ServiceId(inserted.last_insert_id);
                self.touched().service(id, now);
                Unique::Saved(id)
            }
            TryInsertResult::Conflicted | TryInsertResult::Empty => Unique::Taken,
        })
    }

    async fn lock_service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        let row = services::Entity::find_by_id(id.0)
            .filter(services::Column::Availability.ne(ARCHIVED))
            .lock(LockType::NoKeyUpdate)
            .one(self.conn()?)
            .await;
        self.guard(row)?.map(mapping::service).transpose()
    }

    async fn update_service(&mut self, service: &Service) -> Result<(), StoreError> {
        let row = mapping::service_row(service)?;
        let written = services::Entity::update_many()
            .set(row)
            .filter(services::Column::Id.eq(service.id.0))
            .exec(self.conn()?)
            .await;
        match self.guard(written)?.rows_affected {
            0 => Err(unreadable("services.id", service.id)),
            _ => {
                self.touched().service(service.id, service.updated_at);
                Ok(())
            }
        }
    }

    async fn set_service_availability(
        &mut self,
        id: ServiceId,
        availability: Availability,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let set = services::Entity::update_many()
            .col_expr(services::Column::Availability, Expr::value(availability.as_str()))
            .col_expr(services::Column::Stopped, Expr::value(None::<String>))
            .col_expr(services::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(services::Column::Id.eq(id.0))
            .filter(services::Column::Availability.ne(ARCHIVED))
            .exec(self.conn()?)
            .await;
        let set = self.guard(set)?.rows_affected > 0;
        self.touched().service(id, now);
        Ok(set)
    }

    async fn lock_services_of(
        &mut self,
        provider: ProviderId,
        upstream_ids: &[String],
    ) -> Result<Vec<Service>, StoreError> {
        let rows = services::Entity::find()
            .filter(services::Column::ProviderId.eq(provider.0))
            .filter(services::Column::UpstreamId.is_in(upstream_ids.iter().map(String::as_str)))
            .filter(services::Column::Availability.ne(ARCHIVED))
            .order_by_asc(services::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(self.conn()?)
            .await;
        self.guard(rows)?.into_iter().map(mapping::service).collect()
    }

    async fn reprice_packages(
        &mut self,
        provider: ProviderId,
        listed: PackageRate,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rate = match listed {
            PackageRate::Thousand => "rate / 1000 + CASE WHEN rate % 1000 > 0 THEN 1 ELSE 0 END",
            PackageRate::One => {
                "CASE WHEN rate > 9223372036854775 THEN 9223372036854775807 ELSE rate * 1000 END"
            }
        };
        let packages = ServiceType::ORDERABLE.into_iter().filter(ServiceType::is_package);
        let packages: Vec<String> = packages.map(|kind| format!("'{}'", kind.as_str())).collect();
        let text = format!(
            "UPDATE services SET rate = {rate}, updated_at = $2
            WHERE provider_id = $1 AND availability <> '{ARCHIVED}' AND service_type IN ({})",
            packages.join(", ")
        );
        let values = [provider.0.into(), now.micros().into()];
        let written = sql::execute(self.conn()?, &text, values).await;
        self.guard(written)?;
        self.touched().provider(provider, now);
        Ok(())
    }

    async fn arrange_categories(&mut self, order: &[CategoryId], now: Timestamp) -> Result<bool, StoreError> {
        let arranged = arrange_categories(self.conn()?, order).await;
        let arranged = self.guard(arranged)?;
        if let Some(first) = order.first() {
            self.touched().category(*first, now);
        }
        Ok(arranged)
    }

    async fn still_offers(&mut self, orders: &[NewOrder]) -> Result<bool, StoreError> {
        let still = offers::still(self.conn()?, orders).await;
        self.guard(still)
    }
}

fn new_category(name: &Name, by: &UserId, now: Timestamp) -> categories::ActiveModel {
    categories::ActiveModel {
        id: NotSet,
        name: Set(name.as_str().to_owned()),
        availability: Set(ACTIVE.to_owned()),
        position: Set(None),
        created_by: Set(by.as_str().to_owned()),
        created_at: Set(now.micros()),
        updated_at: Set(now.micros()),
    }
}

/// Renames unless another category has the name. Two that take the same name at the same moment both pass this test;
/// then the index refuses the second, who is to try again ([`unless_raced`]).
async fn rename_category(
    tx: &DatabaseTransaction,
    id: CategoryId,
    name: &Name,
    now: Timestamp,
) -> Result<Unique<()>, Failure> {
    let renamed = categories::Entity::update_many()
        .col_expr(categories::Column::Name, Expr::value(name.as_str()))
        .col_expr(categories::Column::UpdatedAt, Expr::value(now.micros()))
        .filter(categories::Column::Id.eq(id.0))
        .filter(categories::Column::Availability.ne(ARCHIVED))
        .filter(Expr::not_exists(other_categories_named(id, name)))
        .exec(tx)
        .await?;
    if renamed.rows_affected > 0 {
        return Ok(Unique::Saved(()));
    }
    let there = categories::Entity::find_by_id(id.0)
        .filter(categories::Column::Availability.ne(ARCHIVED))
        .count(tx)
        .await?;
    Ok(if there > 0 { Unique::Taken } else { Unique::Missing })
}

fn other_categories_named(id: CategoryId, name: &Name) -> SelectStatement {
    let other = Alias::new("other");
    Query::select()
        .expr(Expr::val(1))
        .from_as(categories::Entity, other.clone())
        .and_where(Expr::col((other.clone(), categories::Column::Name)).eq(name.as_str()))
        .and_where(Expr::col((other.clone(), categories::Column::Availability)).ne(ARCHIVED))
        .and_where(Expr::col((other, categories::Column::Id)).ne(id.0))
        .to_owned()
}

async fn archive_category(
    tx: &DatabaseTransaction,
    id: CategoryId,
    into: CategoryId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let archived = categories::Entity::update_many()
        .col_expr(categories::Column::Availability, Expr::value(ARCHIVED))
        .col_expr(categories::Column::UpdatedAt, Expr::value(now.micros()))
        .filter(categories::Column::Id.eq(id.0))
        .filter(categories::Column::Availability.ne(ARCHIVED))
        .exec(tx)
        .await?;
    if archived.rows_affected == 0 {
        return Ok(false);
    }
    services::Entity::update_many()
        .col_expr(services::Column::CategoryId, Expr::value(into.0))
        .col_expr(services::Column::UpdatedAt, Expr::value(now.micros()))
        .filter(services::Column::CategoryId.eq(id.0))
        .exec(tx)
        .await?;
    Ok(true)
}

/// Gives every category its place, or none. `false` unless all that were named are there.
async fn arrange_categories(tx: &DatabaseTransaction, order: &[CategoryId]) -> Result<bool, Failure> {
    let backend = tx.get_database_backend();
    let given = sql::given(backend, 1, &["id", "place"]);
    let rows = order
        .iter()
        .zip(1_i64..)
        .map(|(category, place)| [category.0, place]);
    let values = sql::given_values(backend, rows);
    let text = format!(
        "UPDATE categories SET position = (SELECT MIN(place) FROM {given} WHERE given.id = categories.id)
        WHERE availability <> '{ARCHIVED}'"
    );
    sql::execute(tx, &text, values).await?;
    let text = format!(
        "SELECT COUNT(*) FROM categories WHERE availability <> '{ARCHIVED}' AND position IS NOT NULL"
    );
    let placed = sql::query_number(tx, &text, []).await?;
    Ok(usize::try_from(placed).is_ok_and(|placed| placed == order.len()))
}
