//! Orders for the schedules of workers. Each query walks a partial index that holds only the orders on its schedule.

use std::collections::HashMap;

use domain::orders::{Order, OrderState};
use domain::providers::KnownOrder;
use domain::text::Link;
use domain::{Money, OrderId, ProviderId, ProviderOrderId, Timestamp};
use entities::{attempts, orders};
use ports::jobs::JobTopic;
use ports::orders::StateCount;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use super::{HELD, IN_REVIEW, LEASED, LOOKED_UP, OPEN, POLLED, TRACKED, UNKNOWN, mapping};
use crate::decode::{money, number, word};
use crate::error::Failure;
use crate::sql;

/// See [`ports::orders::OrderQueries::open_counts`]. Two halves, because SQLite uses no index for "one or the other".
pub(super) async fn open_counts(conn: &impl ConnectionTrait) -> Result<Vec<StateCount>, Failure> {
    let statement = format!(
        "SELECT state, COUNT(*), MIN(updated_at), CAST(SUM(price) AS BIGINT) FROM (
            SELECT orders.state, orders.updated_at, orders.price FROM orders WHERE {OPEN}
            UNION ALL
            SELECT orders.state, orders.updated_at, orders.price FROM orders WHERE {IN_REVIEW} AND NOT ({OPEN})
        ) AS counted GROUP BY state ORDER BY state"
    );
    let rows = sql::query_all(conn, &statement, []).await?;
    let count = |row: &sea_orm::QueryResult| -> Result<StateCount, Failure> {
        let state: String = row.try_get_by_index(0)?;
        Ok(StateCount {
            state: word("orders.state", &state, OrderState::from_stored)?,
            orders: number("count of orders", row.try_get_by_index::<i64>(1)?)?,
            oldest_change: Timestamp::from_micros(row.try_get_by_index(2)?),
            price: money(row.try_get_by_index(3)?),
        })
    };
    rows.iter().map(count).collect()
}

/// See [`ports::orders::OrderQueries::in_review_count`].
pub(super) async fn in_review_count(conn: &impl ConnectionTrait) -> Result<u64, Failure> {
    let statement = format!("SELECT COUNT(*) FROM orders WHERE {IN_REVIEW}");
    let count = sql::query_number(conn, &statement, []).await?;
    Ok(number("count of orders", count)?)
}

/// See [`ports::orders::OrderQueries::expired_leases`].
pub(super) async fn expired_leases(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u16,
) -> Result<Vec<OrderId>, Failure> {
    let statement = format!(
        "SELECT orders.id FROM orders WHERE {LEASED} AND orders.lease_until < $1
        ORDER BY orders.lease_until, orders.id LIMIT $2"
    );
    order_ids(conn, &statement, [now.micros().into(), i64::from(limit).into()]).await
}

/// See [`ports::orders::OrderQueries::due_lookups`].
pub(super) async fn due_lookups(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u16,
) -> Result<Vec<OrderId>, Failure> {
    let statement = format!(
        "SELECT orders.id FROM orders WHERE {LOOKED_UP} AND orders.due_at <= $1
        ORDER BY orders.due_at, orders.id LIMIT $2"
    );
    order_ids(conn, &statement, [now.micros().into(), i64::from(limit).into()]).await
}

/// See [`ports::orders::OrderQueries::providers_with_due_polls`]. Begins with the providers, of which there are few, and
/// reads no more than a request's worth of orders or groups of each.
pub(super) async fn providers_with_due_polls(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    enough: u16,
) -> Result<Vec<ProviderId>, Failure> {
    let statement = format!(
        "SELECT providers.id FROM providers
        WHERE (
            EXISTS (SELECT 1 FROM poll_groups WHERE poll_groups.provider_id = providers.id AND due_at <= $1)
            OR EXISTS (SELECT 1 FROM orders WHERE {POLLED} AND orders.provider_id = providers.id AND due_at <= $1)
        ) AND (
            NOT EXISTS (SELECT 1 FROM poll_turns WHERE poll_turns.provider_id = providers.id AND open_at > $1)
            OR EXISTS (
                SELECT 1 FROM poll_groups
                WHERE poll_groups.provider_id = providers.id AND due_at <= $1 AND soon_at = due_at
            )
            OR (SELECT CAST(COALESCE(SUM(members), 0) AS BIGINT) FROM (
                SELECT members FROM poll_groups WHERE poll_groups.provider_id = providers.id AND due_at <= $1
                ORDER BY due_at LIMIT $2
            ) AS grouped) + (SELECT COUNT(*) FROM (
                SELECT 1 FROM orders WHERE {POLLED} AND orders.provider_id = providers.id AND due_at <= $1
                LIMIT $2
            ) AS single) >= $2
        ) ORDER BY providers.id"
    );
    let values = [now.micros().into(), i64::from(enough).into()];
    let ids = ids(conn, &statement, values).await?;
    Ok(ids.into_iter().map(ProviderId).collect())
}

/// See [`ports::orders::OrderQueries::forgotten_holds`].
pub(super) async fn forgotten_holds(
    conn: &impl ConnectionTrait,
    before: Timestamp,
    limit: u16,
) -> Result<Vec<OrderId>, Failure> {
    let statement = format!(
        "SELECT orders.id FROM orders WHERE {HELD} AND orders.updated_at < $1 AND NOT EXISTS (
            SELECT 1 FROM outbox
            WHERE outbox.topic = $2 AND outbox.subject = orders.id AND outbox.given_up_at IS NULL
        )
        ORDER BY orders.updated_at, orders.id LIMIT $3"
    );
    let values = [
        before.micros().into(),
        JobTopic::SubmitOrder.as_str().into(),
        i64::from(limit).into(),
    ];
    order_ids(conn, &statement, values).await
}

/// See [`ports::orders::OrderQueries::unknown_exposure`].
pub(super) async fn unknown_exposure(
    conn: &impl ConnectionTrait,
    provider: ProviderId,
) -> Result<Money, Failure> {
    let statement = format!(
        "SELECT CAST(COALESCE(SUM(orders.price), 0) AS BIGINT) FROM orders
        WHERE {UNKNOWN} AND orders.provider_id = $1"
    );
    Ok(money(
        sql::query_number(conn, &statement, [provider.0.into()]).await?,
    ))
}

/// See [`ports::orders::OrderQueries::tracked_for_link`].
pub(super) async fn tracked_for_link(
    conn: &impl ConnectionTrait,
    provider: ProviderId,
    link: &Link,
    limit: u16,
) -> Result<Vec<Order>, Failure> {
    let rows = orders::Entity::find()
        .filter(orders::Column::Link.eq(link.as_str()))
        .filter(orders::Column::ProviderId.eq(provider.0))
        .filter(Expr::cust(TRACKED))
        .order_by_asc(orders::Column::Id)
        .limit(u64::from(limit))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(mapping::order).collect::<Result<_, _>>()?)
}

/// See [`ports::orders::OrderQueries::known_provider_orders`]. An order that was voided before it turned out to be
/// placed does not carry the provider's id; its attempt does.
pub(super) async fn known_provider_orders(
    conn: &impl ConnectionTrait,
    provider: ProviderId,
    ids: &[ProviderOrderId],
) -> Result<Vec<KnownOrder>, Failure> {
    let words = || ids.iter().map(ProviderOrderId::as_str);
    let of_orders: Vec<(Option<String>, Option<i64>)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::ProviderOrderId, orders::Column::SubmittedAt])
        .filter(orders::Column::ProviderId.eq(provider.0))
        .filter(orders::Column::ProviderOrderId.is_in(words()))
        .into_tuple()
        .all(conn)
        .await?;
    let of_attempts: Vec<(Option<String>, Option<i64>)> = attempts::Entity::find()
        .select_only()
        .columns([attempts::Column::ProviderOrderId, attempts::Column::StartedAt])
        .filter(attempts::Column::ProviderId.eq(provider.0))
        .filter(attempts::Column::ProviderOrderId.is_in(words()))
        .into_tuple()
        .all(conn)
        .await?;
    // What is said last counts: an attempt knows when it began.
    let sent: HashMap<String, Option<i64>> = of_orders
        .into_iter()
        .chain(of_attempts)
        .filter_map(|(id, at)| Some((id?, at)))
        .collect();
    let known = |id: &ProviderOrderId| {
        let at = sent.get(id.as_str())?;
        Some(KnownOrder {
            id: id.clone(),
            sent_at: Timestamp::from_micros(at.unwrap_or(i64::MAX)),
        })
    };
    Ok(ids.iter().filter_map(known).collect())
}

async fn order_ids(
    conn: &impl ConnectionTrait,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<OrderId>, Failure> {
    Ok(ids(conn, statement, values)
        .await?
        .into_iter()
        .map(OrderId)
        .collect())
}

async fn ids(
    conn: &impl ConnectionTrait,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<i64>, Failure> {
    let rows = sql::query_all(conn, statement, values).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}
