//! Providers inside a transaction.

use async_trait::async_trait;
use domain::catalog::Availability;
use domain::providers::{Provider, ProviderBalance, SealedSecret};
use domain::{ProviderId, Timestamp};
use entities::providers;
use ports::StoreError;
use ports::catalog::Unique;
use ports::providers::{NewProvider, ProviderRepository};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockType, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Set,
    TryInsertResult,
};

use super::mapping;
use crate::decode::stored;
use crate::error::{Failure, unless_raced};
use crate::sql;
use crate::tx::SeaTx;

const ARCHIVED: &str = Availability::Archived.as_str();

const HAS_SERVICES: &str = "
SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM services WHERE provider_id = $1 AND availability <> 'archived')
    THEN 1 ELSE 0 END AS BIGINT)";
/// One part for each index that such orders are in.
const HAS_ORDERS: &str = "
SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM orders WHERE provider_id = $1 AND state IN ('submitted', 'in_progress'))
    OR EXISTS (SELECT 1 FROM orders WHERE provider_id = $1 AND state = 'unknown')
    OR EXISTS (SELECT 1 FROM orders WHERE provider_id = $1 AND state = 'submitting')
    THEN 1 ELSE 0 END AS BIGINT)";

#[async_trait]
impl ProviderRepository for SeaTx {
    async fn insert(
        &mut self,
        provider: &NewProvider,
        now: Timestamp,
    ) -> Result<Unique<ProviderId>, StoreError> {
        let settings = &provider.settings;
        let row = providers::ActiveModel {
            name: Set(provider.name.as_str().to_owned()),
            api_url: Set(provider.api_url.clone()),
            availability: Set(Availability::Active.as_str().to_owned()),
            currency: Set(settings.currency.as_str().to_owned()),
            lookup: Set(settings.lookup.as_str().to_owned()),
            requests_per_second: Set(stored(
                "providers.requests_per_second",
                settings.requests_per_second,
            )?),
            exposure_cap: Set(settings.exposure_cap.micros()),
            package_rate: Set(settings.package_rate.as_str().to_owned()),
            created_by: Set(provider.created_by.as_str().to_owned()),
            created_at: Set(now.micros()),
            updated_at: Set(now.micros()),
            ..Default::default()
        };
        let outcome = providers::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec(self.conn()?)
            .await;
        Ok(match self.guard(outcome)? {
            TryInsertResult::Inserted(inserted) => Unique::Saved(ProviderId(inserted.last_insert_id)),
            TryInsertResult::Conflicted | TryInsertResult::Empty => Unique::Taken,
        })
    }

    async fn set_key(
        &mut self,
        id: ProviderId,
        key: &SealedSecret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let set = providers::Entity::update_many()
            .col_expr(providers::Column::KeyVersion, Expr::value(key.key_version))
            .col_expr(providers::Column::KeyNonce, Expr::value(key.nonce.clone()))
            .col_expr(
                providers::Column::KeyCiphertext,
                Expr::value(key.ciphertext.clone()),
            )
            .col_expr(providers::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(providers::Column::Id.eq(id.0))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(set)?.rows_affected > 0)
    }

    async fn lock(&mut self, id: ProviderId) -> Result<Option<Provider>, StoreError> {
        let row = providers::Entity::find_by_id(id.0)
            .filter(providers::Column::Availability.ne(ARCHIVED))
            .lock(LockType::NoKeyUpdate)
            .one(self.conn()?)
            .await;
        self.guard(row)?.map(mapping::provider).transpose()
    }

    async fn keep(&mut self, id: ProviderId) -> Result<Option<Provider>, StoreError> {
        let row = providers::Entity::find_by_id(id.0)
            .filter(providers::Column::Availability.ne(ARCHIVED))
            .lock_shared()
            .one(self.conn()?)
            .await;
        self.guard(row)?.map(mapping::provider).transpose()
    }

    async fn update(&mut self, provider: &Provider) -> Result<Unique<()>, StoreError> {
        let updated = update(self.conn()?, provider).await;
        let updated = self.guard(unless_raced(updated, "providers_name"))?;
        self.touched().provider(provider.id, provider.updated_at);
        Ok(updated)
    }

    async fn has_services(&mut self, id: ProviderId) -> Result<bool, StoreError> {
        let found = sql::query_number(self.conn()?, HAS_SERVICES, [id.0.into()]).await;
        Ok(self.guard(found)? > 0)
    }

    async fn has_orders(&mut self, id: ProviderId) -> Result<bool, StoreError> {
        let found = sql::query_number(self.conn()?, HAS_ORDERS, [id.0.into()]).await;
        Ok(self.guard(found)? > 0)
    }

    async fn set_balance(&mut self, id: ProviderId, balance: &ProviderBalance) -> Result<bool, StoreError> {
        let set = providers::Entity::update_many()
            .col_expr(
                providers::Column::BalanceAmount,
                Expr::value(balance.amount.as_str()),
            )
            .col_expr(
                providers::Column::BalanceCurrency,
                Expr::value(balance.currency.as_str()),
            )
            .col_expr(providers::Column::BalanceAt, Expr::value(balance.at.micros()))
            .filter(providers::Column::Id.eq(id.0))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(set)?.rows_affected > 0)
    }
}

/// Writes unless another provider has the name. Two that take the same name at the same moment both pass this test;
/// then the index refuses the second, who is to try again ([`unless_raced`]).
async fn update(tx: &DatabaseTransaction, provider: &Provider) -> Result<Unique<()>, Failure> {
    let settings = &provider.settings;
    let requests_per_second: i32 = stored("providers.requests_per_second", settings.requests_per_second)?;
    let mut statement = providers::Entity::update_many()
        .col_expr(providers::Column::Name, Expr::value(provider.name.as_str()))
        .col_expr(providers::Column::ApiUrl, Expr::value(provider.api_url.as_str()))
        .col_expr(
            providers::Column::Availability,
            Expr::value(provider.availability.as_str()),
        )
        .col_expr(
            providers::Column::Currency,
            Expr::value(settings.currency.as_str()),
        )
        .col_expr(providers::Column::Lookup, Expr::value(settings.lookup.as_str()))
        .col_expr(
            providers::Column::RequestsPerSecond,
            Expr::value(requests_per_second),
        )
        .col_expr(
            providers::Column::ExposureCap,
            Expr::value(settings.exposure_cap.micros()),
        )
        .col_expr(
            providers::Column::PackageRate,
            Expr::value(settings.package_rate.as_str()),
        )
        .col_expr(
            providers::Column::UpdatedAt,
            Expr::value(provider.updated_at.micros()),
        )
        .filter(providers::Column::Id.eq(provider.id.0))
        .filter(providers::Column::Availability.ne(ARCHIVED));
    if provider.availability != Availability::Archived {
        statement = statement.filter(Expr::not_exists(others_named(provider)));
    }
    if statement.exec(tx).await?.rows_affected > 0 {
        return Ok(Unique::Saved(()));
    }
    let there = providers::Entity::find_by_id(provider.id.0)
        .filter(providers::Column::Availability.ne(ARCHIVED))
        .count(tx)
        .await?;
    Ok(if there > 0 { Unique::Taken } else { Unique::Missing })
}

fn others_named(provider: &Provider) -> SelectStatement {
    let other = Alias::new("other");
    Query::select()
        .expr(Expr::val(1))
        .from_as(providers::Entity, other.clone())
        .and_where(Expr::col((other.clone(), providers::Column::Name)).eq(provider.name.as_str()))
        .and_where(Expr::col((other.clone(), providers::Column::Availability)).ne(ARCHIVED))
        .and_where(Expr::col((other, providers::Column::Id)).ne(provider.id.0))
        .to_owned()
}
