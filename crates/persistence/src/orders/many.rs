//! Many new orders at once.

use std::collections::HashMap;

use domain::orders::{NewOrder, Order};
use domain::text::IdempotencyKey;
use domain::{Fingerprint, OrderId, Timestamp, UserId};
use entities::{idempotency_keys, orders};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::{inputs, mapping};
use crate::connections::Connections;
use crate::decode::unreadable;
use crate::error::Failure;

/// See [`ports::orders::OrderRepository::insert_all`].
pub(super) async fn insert(conn: &DatabaseTransaction, new: &[NewOrder]) -> Result<Vec<Order>, Failure> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let rows = new.iter().map(|order| mapping::new_row(order.draft()));
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let rows = orders::Entity::insert_many(rows)
        .exec_with_returning(conn)
        .await?;
    let mut named: Vec<Order> = rows.into_iter().map(mapping::order).collect::<Result<_, _>>()?;
    named.sort_by_key(|order| order.id);
    // No database promises to answer in the order in which it was asked, so each order is recognised.
    let mut placed = Vec::with_capacity(new.len());
    for order in new {
        let found = named
            .iter()
            .position(|named| order.clone().identified(named.id) == *named);
        let found = found.ok_or_else(|| unreadable("orders.id", "another order"))?;
        placed.push(named.remove(found));
    }
    let ids = placed.iter().map(|order| order.id);
    inputs::insert(conn, ids.zip(new)).await?;
    Ok(placed)
}

/// See [`ports::orders::OrderRepository::bind_more`].
pub(super) async fn bind(
    conn: &DatabaseTransaction,
    user: &UserId,
    keys: &[(IdempotencyKey, OrderId)],
    fingerprint: &Fingerprint,
    now: Timestamp,
) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows = keys.iter().map(|(key, order)| idempotency_keys::ActiveModel {
        user_id: Set(user.as_str().to_owned()),
        key: Set(key.as_str().to_owned()),
        fingerprint: Set(fingerprint.as_str().to_owned()),
        order_id: Set(Some(order.0)),
        created_at: Set(now.micros()),
    });
    idempotency_keys::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// See [`ports::orders::OrderQueries::placed_with`].
pub(super) async fn placed_with(
    conn: &Connections,
    user: &UserId,
    keys: &[IdempotencyKey],
) -> Result<Vec<Order>, Failure> {
    use idempotency_keys::Column;

    let bound = idempotency_keys::Entity::find()
        .filter(Column::UserId.eq(user.as_str()))
        .filter(Column::Key.is_in(keys.iter().map(IdempotencyKey::as_str)))
        .all(conn)
        .await?;
    let mut ids: HashMap<String, i64> = bound
        .into_iter()
        .filter_map(|row| Some((row.key, row.order_id?)))
        .collect();
    let rows = orders::Entity::find()
        .filter(orders::Column::Id.is_in(ids.values().copied()))
        .all(conn)
        .await?;
    let mut rows: HashMap<i64, orders::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    let rows = keys
        .iter()
        .filter_map(|key| rows.remove(&ids.remove(key.as_str())?));
    Ok(rows.map(mapping::order).collect::<Result<_, _>>()?)
}
