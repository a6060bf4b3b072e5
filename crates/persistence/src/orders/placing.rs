//! A placement in one statement, on PostgreSQL.
//!
//! The statement is its own transaction: the driver reads the server's answer to its end, which comes after the commit.
//! Its parts depend on each other, so none of them leaves anything behind alone: the wallet pays only if the key is
//! free and the offer stands, the order is inserted only if the wallet has paid, and all else hangs on the order. What
//! is written is what the transaction of many statements writes; a test holds the two equal.
//!
//! Whoever asks may have been looked up for an earlier request. Then the statement looks, too: the wallet pays only if their
//! session still stands. So an order is one round trip, and whoever signed out a moment ago orders nothing.
//!
//! Racers with one key wait for their common wallet. The one that comes second has not seen the first one's key, so
//! its own is refused by the primary key, and with it the whole statement.

use std::sync::LazyLock;

use domain::OrderId;
use domain::wallets::WalletStatus;
use entities::orders;
use ports::StoreError;
use ports::placing::{Attendants, KeptSession, Placement};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Iden, Iterable, Value};

use super::{inputs, mapping};
use crate::catalog::offers;
use crate::decode::{details_to_json, unreadable};
use crate::error::store_error;
use crate::sql;

/// Before the order's own columns, whose parameters follow from `$31` on; what the wallet pays for hangs on every table
/// before it.
const HOLD: &str = "
hold AS (
    UPDATE wallets SET available = available - $12, held = held + $12, updated_at = $13
    WHERE user_id = $14 AND status = $15 AND available >= $12
        AND NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE user_id = $14 AND key = $16)
        AND EXISTS (SELECT 1 FROM offer)";
/// After the order. `placed` is the order's id.
const REST: &str = "
key AS (
    INSERT INTO idempotency_keys (user_id, key, fingerprint, order_id, created_at)
    SELECT $14, $16, $17, id, $13 FROM placed
), event AS (
    INSERT INTO order_events (order_id, kind, actor, actor_user, at, details)
    SELECT id, $18, $19, $20, $21, $22 FROM placed
), job AS (
    INSERT INTO outbox (topic, subject, due_at, claim, attempts)
    SELECT $23, id, $24, 0, 0 FROM placed
), moved AS (
    INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, provider_id, note, created_at)
    SELECT $25, $26, $12, $27, id::TEXT, $28, id, $29, $30, $13 FROM placed
)
SELECT id FROM placed";
/// The first parameter of the order's own columns.
const ORDER_FROM: usize = 31;

/// The columns that a new order sets.
fn columns() -> impl Iterator<Item = orders::Column> {
    use orders::Column;
    Column::iter().filter(|column| !matches!(column, Column::Id | Column::AskedAt))
}

/// The statement, for whoever was looked up for this request.
static STATEMENT: LazyLock<String> = LazyLock::new(|| statement("", ""));
/// The statement for whoever was looked up before: it finds their session only if it still stands.
static IN_SESSION: LazyLock<String> = LazyLock::new(|| {
    let first = ORDER_FROM + columns().count();
    let caller = format!(
        "
caller AS (
    SELECT 1 FROM sessions, users
    WHERE sessions.id = ${} AND sessions.token_digest = ${} AND sessions.expires_at = ${} AND sessions.updated_at = ${}
        AND sessions.impersonated_by IS NULL AND sessions.user_id = $14 AND users.id = $14 AND users.role = ${} AND users.email_verified = ${}
        AND NOT users.banned AND users.removed_at IS NULL
),",
        first,
        first + 1,
        first + 2,
        first + 3,
        first + 4,
        first + 5,
    );
    statement(&caller, "\n        AND EXISTS (SELECT 1 FROM caller)")
});

/// `caller` is one more table, and `condition` makes the wallet pay only for it.
fn statement(caller: &str, condition: &str) -> String {
    let names: Vec<_> = columns().map(|column| column.to_string()).collect();
    let numbers = ORDER_FROM..ORDER_FROM + names.len();
    let numbers: Vec<_> = numbers.map(|number| format!("${number}")).collect();
    format!(
        "WITH offer AS (SELECT 1 FROM services, providers WHERE {}),{caller}{HOLD}{condition}
    RETURNING user_id
), placed AS (INSERT INTO orders ({}) SELECT {} FROM hold RETURNING id),{REST}",
        offers::unchanged(|n| format!("${n}"), offers::IN_RANGE),
        names.join(", "),
        numbers.join(", "),
    )
}

/// See [`ports::Store::place`].
pub(crate) async fn place(
    conn: &impl ConnectionTrait,
    placement: &Placement,
) -> Result<Option<OrderId>, StoreError> {
    // The statements know link and quantity; the transaction knows the rest.
    if !inputs::is_plain(&placement.order) {
        return Ok(None);
    }
    let mut values = values(placement)?;
    let statement = match &placement.session {
        Some(kept) => {
            values.extend(session_values(kept));
            &IN_SESSION
        }
        None => &STATEMENT,
    };
    match sql::query_one(conn, statement, values).await.map_err(store_error) {
        Ok(Some(row)) => Ok(Some(OrderId(row.try_get_by_index(0).map_err(store_error)?))),
        // The constraint that refused undid everything. What it means is for the transaction to say.
        Ok(None) | Err(StoreError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn values(placement: &Placement) -> Result<Vec<Value>, StoreError> {
    let order = placement.order.draft();
    let attendants = Attendants::of(order).by_key(placement.by_key.as_ref());
    let Attendants { event, job, hold } = attendants;
    let [transfer] = hold.transfers.as_slice() else {
        return Err(unreadable("transfers", hold.transfers.len()));
    };
    let text = |text: &str| Value::from(text);
    let mut values = Vec::from(offers::values(&placement.order)?);
    values.extend([
        transfer.amount.micros().into(),
        order.created_at.micros().into(),
        text(order.user.as_str()),
        text(WalletStatus::Active.as_str()),
        text(placement.key.as_str()),
        text(placement.fingerprint.as_str()),
        text(event.kind.as_str()),
        text(event.actor.kind()),
        event.actor.user().map(|user| user.as_str().to_owned()).into(),
        event.at.micros().into(),
        details_to_json(&event.details)?.into(),
        text(job.topic.as_str()),
        job.due_at.micros().into(),
        transfer.debit.id().into(),
        transfer.credit.id().into(),
        text(transfer.kind.as_str()),
        transfer.user.as_ref().map(|user| user.as_str().to_owned()).into(),
        transfer.provider.map(|provider| provider.0).into(),
        transfer.note.clone().into(),
    ]);
    debug_assert_eq!(values.len() + 1, ORDER_FROM);
    let row = mapping::new_row(order)?;
    for column in columns() {
        let value = row.get(column).into_value();
        values.push(value.ok_or_else(|| unreadable("orders", column.to_string()))?);
    }
    Ok(values)
}

/// What a session is found by, and what of it and its user has to be as it was.
fn session_values(kept: &KeptSession) -> [Value; 6] {
    let KeptSession { token, session, user } = kept;
    [
        session.id.as_str().into(),
        token.0.as_str().into(),
        session.expires_at.micros().into(),
        session.updated_at.micros().into(),
        user.role.as_str().into(),
        user.email_verified.into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parameters before the order's own columns are.
    const NAMES: [&str; ORDER_FROM - 1] = [
        "service_id",
        "provider_id",
        "upstream_service",
        "service_name",
        "rate",
        "profit",
        "refill",
        "cancel",
        "quantity",
        "service_type",
        "active",
        "price",
        "created_at",
        "user_id",
        "wallet_status",
        "key",
        "fingerprint",
        "event_kind",
        "actor",
        "actor_user",
        "event_at",
        "details",
        "topic",
        "job_due_at",
        "debit",
        "credit",
        "transfer_kind",
        "transfer_user",
        "transfer_provider",
        "note",
    ];

    /// The file that what the product is compared with places orders with.
    const BASELINE: &str = include_str!("../../../xtask/bench/place_order.sql");

    #[test]
    fn the_baselines_of_the_bench_place_orders_with_the_products_own_statement() {
        let names = NAMES.map(str::to_owned).into_iter();
        let names = names.chain(columns().map(|column| column.to_string()));
        let names: Vec<_> = names.collect();
        let now = format!(
            "-- The product's own statement, see crates/persistence/src/orders/placing.rs, whose test holds the two equal. Its \
             parameters:\n-- {}\n{}\n",
            names.join(" "),
            *STATEMENT
        );
        assert!(
            now == BASELINE,
            "crates/xtask/bench/place_order.sql should be\n{now}"
        );
    }
}
