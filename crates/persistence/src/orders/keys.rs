//! Idempotency keys.

use domain::orders::OrderState;
use domain::text::IdempotencyKey;
use domain::{Fingerprint, OrderId, Timestamp, UserId};
use entities::{idempotency_keys, orders};
use ports::StoreError;
use ports::orders::{KeyClaim, KeyLife};
use sea_orm::{DatabaseTransaction, EntityTrait, QuerySelect};

use crate::decode::word;
use crate::error::Failure;
use crate::sql;

/// Of racers with one key the first inserts; the others wait here until its transaction ends.
const CLAIM: &str = "
INSERT INTO idempotency_keys (user_id, key, fingerprint, order_id, created_at) VALUES ($1, $2, $3, NULL, $4)
ON CONFLICT (user_id, key) DO NOTHING";
const TAKE_OVER: &str = "
UPDATE idempotency_keys SET fingerprint = $3, order_id = NULL, created_at = $4 WHERE user_id = $1 AND key = $2";
const BIND: &str = "
UPDATE idempotency_keys SET order_id = $3 WHERE user_id = $1 AND key = $2 AND order_id IS NULL";

/// A request that wants a key.
pub(super) struct Claim<'a> {
    pub(super) user: &'a UserId,
    pub(super) key: &'a IdempotencyKey,
    pub(super) fingerprint: &'a Fingerprint,
    pub(super) life: KeyLife,
    pub(super) now: Timestamp,
}

/// See [`ports::orders::OrderRepository::claim_key`].
pub(super) async fn claim(conn: &DatabaseTransaction, claim: &Claim<'_>) -> Result<KeyClaim, Failure> {
    if write(conn, CLAIM, claim).await? == 1 {
        return Ok(KeyClaim::Fresh);
    }
    // The row is committed, or this transaction's own. Locking it makes the next racer wait for what happens here.
    let id = (claim.user.as_str().to_owned(), claim.key.as_str().to_owned());
    let row = idempotency_keys::Entity::find_by_id(id)
        .lock_exclusive()
        .one(conn)
        .await?;
    // A key without an order was claimed by a transaction that is this one: bound keys are all that gets committed.
    let order = match row.as_ref().and_then(|row| row.order_id) {
        Some(order) if guards(conn, order, claim.life).await? => OrderId(order),
        _ => {
            write(conn, TAKE_OVER, claim).await?;
            return Ok(KeyClaim::Fresh);
        }
    };
    let same = row.is_some_and(|row| row.fingerprint == claim.fingerprint.as_str());
    Ok(if same {
        KeyClaim::Replay(order)
    } else {
        KeyClaim::Mismatch
    })
}

async fn write(conn: &DatabaseTransaction, sql: &str, claim: &Claim<'_>) -> Result<u64, Failure> {
    let values = [
        claim.user.as_str().into(),
        claim.key.as_str().into(),
        claim.fingerprint.as_str().into(),
        claim.now.micros().into(),
    ];
    Ok(sql::execute(conn, sql, values).await?)
}

/// Whether a key that made `order` still keeps others from using it.
async fn guards(conn: &DatabaseTransaction, order: i64, life: KeyLife) -> Result<bool, Failure> {
    let KeyLife::NotBefore(since) = life else {
        return Ok(true);
    };
    let Some(row) = orders::Entity::find_by_id(order).one(conn).await? else {
        return Ok(false);
    };
    let state = word("orders.state", &row.state, OrderState::from_stored)?;
    Ok(!state.is_terminal() && row.created_at >= since.micros())
}

/// See [`ports::orders::OrderRepository::bind_key`].
pub(super) async fn bind(
    conn: &DatabaseTransaction,
    user: &UserId,
    key: &IdempotencyKey,
    order: OrderId,
) -> Result<(), Failure> {
    let values = [user.as_str().into(), key.as_str().into(), order.0.into()];
    match sql::execute(conn, BIND, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict {
            constraint: "idempotency_keys.order_id".to_owned(),
        }
        .into()),
    }
}
