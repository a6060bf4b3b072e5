//! Orders for screens.

use async_trait::async_trait;
use domain::orders::Order;
use domain::providers::KnownOrder;
use domain::text::{Comments, IdempotencyKey, Link};
use domain::{Money, OrderId, PageSize, ProviderId, ProviderOrderId, Timestamp, UserId};
use entities::{order_events, orders};
use ports::StoreError;
use ports::orders::{AttemptView, EventView, OrderFilter, OrderQueries, OrderView, OwnOrder, StateCount};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};

use super::views::{self, OrderRow};
use super::{attempts, inputs, many, own, schedules};
use crate::error::store_error;
use crate::queries::SeaQueries;
use crate::sql;

/// Lines of history shown of one order.
const EVENTS_MAX: u64 = 500;
/// Keeps `%`, `_` and itself from meaning something in a `LIKE` pattern.
const LIKE_ESCAPE: char = '!';

#[async_trait]
impl OrderQueries for SeaQueries {
    async fn find(&self, id: OrderId) -> Result<Option<OrderView>, StoreError> {
        self.order(Condition::all().add(orders::Column::Id.eq(id.0)))
            .await
    }

    async fn find_of(&self, user: &UserId, id: OrderId) -> Result<Option<OrderView>, StoreError> {
        let of_user = orders::Column::UserId.eq(user.as_str());
        self.order(Condition::all().add(orders::Column::Id.eq(id.0)).add(of_user))
            .await
    }

    async fn placed_with(&self, user: &UserId, keys: &[IdempotencyKey]) -> Result<Vec<Order>, StoreError> {
        many::placed_with(self.conn(), user, keys)
            .await
            .map_err(StoreError::from)
    }

    async fn own_with(&self, user: &UserId, ids: &[OrderId]) -> Result<Vec<OwnOrder>, StoreError> {
        let select = orders::Entity::find()
            .select_only()
            .columns(own::COLUMNS)
            .filter(orders::Column::UserId.eq(user.as_str()))
            .filter(orders::Column::Id.is_in(ids.iter().map(|id| id.0)));
        let rows = self.conn().query_all(&select.into_query()).await;
        rows.map_err(store_error)?.iter().map(own::order).collect()
    }

    async fn comments(&self, id: OrderId) -> Result<Option<Comments>, StoreError> {
        inputs::comments(self.conn(), id).await
    }

    async fn events(&self, id: OrderId) -> Result<Vec<EventView>, StoreError> {
        let latest_first = order_events::Entity::find()
            .filter(order_events::Column::OrderId.eq(id.0))
            .order_by_desc(order_events::Column::Id)
            .limit(EVENTS_MAX)
            .all(self.conn())
            .await
            .map_err(store_error)?;
        latest_first.into_iter().rev().map(views::event).collect()
    }

    async fn attempts(&self, id: OrderId) -> Result<Vec<AttemptView>, StoreError> {
        let rows = attempts::all(self.conn(), id).await.map_err(store_error)?;
        rows.into_iter().map(attempts::view).collect()
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        size: PageSize,
    ) -> Result<Vec<OrderView>, StoreError> {
        let below = before.map(|before| orders::Column::Id.lt(before.0));
        let rows = OrderRow::select()
            .filter(condition(filter, self.conn().get_database_backend()).add_option(below))
            .order_by_desc(orders::Column::Id);
        let rows = OrderRow::find_by_statement(sql::first_rows(&rows, self.conn(), size.rows()))
            .all(self.conn())
            .await
            .map_err(store_error)?;
        rows.into_iter().map(OrderRow::view).collect()
    }

    async fn list_own(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        size: PageSize,
    ) -> Result<Vec<OwnOrder>, StoreError> {
        let rows = match own::plain(filter, before, size) {
            Some((text, values)) => sql::query_all(self.conn(), &text, values).await,
            None => {
                let below = before.map(|before| orders::Column::Id.lt(before.0));
                let select = orders::Entity::find()
                    .select_only()
                    .columns(own::COLUMNS)
                    .filter(condition(filter, self.conn().get_database_backend()).add_option(below))
                    .order_by_desc(orders::Column::Id);
                let first = sql::first_rows(&select, self.conn(), size.rows());
                self.conn().query_all_raw(first).await
            }
        };
        rows.map_err(store_error)?.iter().map(own::order).collect()
    }

    async fn open_counts(&self) -> Result<Vec<StateCount>, StoreError> {
        Ok(schedules::open_counts(self.conn()).await?)
    }

    async fn in_review_count(&self) -> Result<u64, StoreError> {
        Ok(schedules::in_review_count(self.conn()).await?)
    }

    async fn expired_leases(&self, now: Timestamp, limit: u16) -> Result<Vec<OrderId>, StoreError> {
        Ok(schedules::expired_leases(self.conn(), now, limit).await?)
    }

    async fn due_lookups(&self, now: Timestamp, limit: u16) -> Result<Vec<OrderId>, StoreError> {
        Ok(schedules::due_lookups(self.conn(), now, limit).await?)
    }

    async fn providers_with_due_polls(
        &self,
        now: Timestamp,
        enough: u16,
    ) -> Result<Vec<ProviderId>, StoreError> {
        Ok(schedules::providers_with_due_polls(self.conn(), now, enough).await?)
    }

    async fn forgotten_holds(&self, before: Timestamp, limit: u16) -> Result<Vec<OrderId>, StoreError> {
        Ok(schedules::forgotten_holds(self.conn(), before, limit).await?)
    }

    async fn unknown_exposure(&self, provider: ProviderId) -> Result<Money, StoreError> {
        Ok(schedules::unknown_exposure(self.conn(), provider).await?)
    }

    async fn tracked_for_link(
        &self,
        provider: ProviderId,
        link: &Link,
        limit: u16,
    ) -> Result<Vec<Order>, StoreError> {
        Ok(schedules::tracked_for_link(self.conn(), provider, link, limit).await?)
    }

    async fn known_provider_orders(
        &self,
        provider: ProviderId,
        ids: &[ProviderOrderId],
    ) -> Result<Vec<KnownOrder>, StoreError> {
        Ok(schedules::known_provider_orders(self.conn(), provider, ids).await?)
    }
}

impl SeaQueries {
    async fn order(&self, condition: Condition) -> Result<Option<OrderView>, StoreError> {
        let row = OrderRow::select()
            .filter(condition)
            .into_model::<OrderRow>()
            .one(self.conn())
            .await
            .map_err(store_error)?;
        row.map(OrderRow::view).transpose()
    }
}

fn condition(filter: &OrderFilter, backend: DbBackend) -> Condition {
    use orders::Column;

    let of_status = |status: domain::orders::CustomerStatus| {
        Column::State.is_in(status.states().map(domain::orders::OrderState::as_str))
    };
    let of_review = |in_review| {
        if in_review {
            Column::Review.is_not_null()
        } else {
            Column::Review.is_null()
        }
    };
    Condition::all()
        .add_option(filter.user.as_ref().map(|user| Column::UserId.eq(user.as_str())))
        .add_option(filter.provider.map(|provider| Column::ProviderId.eq(provider.0)))
        .add_option(filter.service.map(|service| Column::ServiceId.eq(service.0)))
        .add_option(filter.status.map(of_status))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.in_review.map(of_review))
        .add_option(
            filter
                .link_contains
                .as_ref()
                .map(|text| link_contains(text, backend)),
        )
}

/// The link holds `text`, whatever the case. SQLite folds the letters of ASCII only, so the pattern is folded alike.
fn link_contains(text: &str, backend: DbBackend) -> SimpleExpr {
    let folded = match backend {
        DbBackend::Sqlite => text.to_ascii_lowercase(),
        _ => text.to_lowercase(),
    };
    let mut pattern = String::from("%");
    for character in folded.chars() {
        if matches!(character, '%' | '_' | LIKE_ESCAPE) {
            pattern.push(LIKE_ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    let link = Func::lower(Expr::col((orders::Entity, orders::Column::Link)));
    Expr::expr(link).like(LikeExpr::new(pattern).escape(LIKE_ESCAPE))
}
