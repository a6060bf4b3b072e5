//! Checkpoints: what the ledger says of a wallet up to a transfer, so that a watch adds up only what came after it
//! ([ADR 0040](../../../../docs/adr/0040-checkpoints-of-wallets.md)).
//!
//! A checkpoint is a sum of `transfers` and of nothing else: a wallet that was changed without a transfer differs from it. One that
//! is missing, or is wrong because a transfer below it was committed late, makes a wallet doubtful. What is doubtful is
//! compared with its whole history before anybody is alarmed, and gets a new checkpoint if it is right.

use domain::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::watermark::Watermark;
use crate::database::Database;
use crate::error::Failure;
use crate::sql;

/// What a transfer adds to what its user can spend, and to what is held. Account 1 is that of user wallets, 2 of user holds.
const AVAILABLE: &str =
    "WHEN moved.debit = 1 THEN -moved.amount WHEN moved.credit = 1 THEN moved.amount ELSE 0 END";
const HELD: &str =
    "WHEN moved.debit = 2 THEN -moved.amount WHEN moved.credit = 2 THEN moved.amount ELSE 0 END";
/// Money in wallets that are nobody's.
const NOBODYS: &str = "
SELECT COUNT(*) FROM transfers WHERE user_id IS NULL AND (debit IN (1, 2) OR credit IN (1, 2)) AND id >";
const UPDATE: &str = "
ON CONFLICT (user_id) DO UPDATE SET
    up_to = excluded.up_to, available = excluded.available, held = excluded.held, proven_at = excluded.proven_at";

/// The users with a transfer above `since` whose wallets are not what their checkpoints and the transfers since then say. `newest` is the
/// newest transfer of the snapshot: without such an end SQLite walks along the index of users from its beginning.
///
/// One walk over the new transfers and no look at any other: what moved between an older checkpoint and `since` was added to
/// that checkpoint by the watch that moved `since`.
pub(super) async fn doubtful(
    conn: &impl ConnectionTrait,
    since: i64,
    newest: i64,
) -> Result<Vec<String>, Failure> {
    let unequal = format!(
        "SELECT sums.user_id FROM (
            SELECT moved.user_id,
                COALESCE(proven.available, 0) + SUM(CASE WHEN moved.id <= proven.up_to THEN 0 {AVAILABLE}) AS available,
                COALESCE(proven.held, 0) + SUM(CASE WHEN moved.id <= proven.up_to THEN 0 {HELD}) AS held
            FROM transfers AS moved LEFT JOIN proven_wallets AS proven ON proven.user_id = moved.user_id
            WHERE moved.id > {since} AND moved.id <= {newest} AND moved.user_id IS NOT NULL
            GROUP BY moved.user_id, proven.available, proven.held
        ) AS sums
        LEFT JOIN wallets ON wallets.user_id = sums.user_id
        WHERE COALESCE(wallets.available <> sums.available OR wallets.held <> sums.held, TRUE)"
    );
    let rows = sql::query_all(conn, &unequal, []).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

/// How often V1 is violated by what moved since a transfer: `doubtful` wallets that are not what their whole history says, and
/// new transfers of wallets that are nobody's.
pub(super) async fn unequal(
    conn: &impl ConnectionTrait,
    since: i64,
    doubtful: &[String],
) -> Result<i64, Failure> {
    let nobodys = sql::query_number(conn, &format!("{NOBODYS} {since}"), []).await?;
    if doubtful.is_empty() {
        return Ok(nobodys);
    }
    let unequal = format!(
        "SELECT COUNT(*) FROM {} LEFT JOIN wallets ON wallets.user_id = given.key
        WHERE COALESCE(wallets.available, 0) <> {} OR COALESCE(wallets.held, 0) <> {}",
        sql::given_texts(conn.get_database_backend(), 1),
        sum_of_given(AVAILABLE, ""),
        sum_of_given(HELD, ""),
    );
    let users = sql::texts(doubtful.iter().map(String::as_str));
    Ok(nobodys + sql::query_number(conn, &unequal, [users]).await?)
}

/// Moves the checkpoints of all who moved up to the newest transfer that the watch before this one saw, which is so long ago
/// that nobody commits one below it any more. For whoever found the books sound, before the watermark is moved: a
/// watch that begins in between starts from the new checkpoints all the same.
///
/// Each row is a sum up to the same transfer, whoever writes it, so that two watches at once write the same.
pub(super) async fn advance(
    database: &Database,
    before: Watermark,
    doubtful: &[String],
    now: Timestamp,
) -> Result<(), Failure> {
    let mut writer = database.begin().await?;
    let conn = writer.step()?;
    sql::take_time(conn).await?;
    let (up_to, now): (Value, Value) = (before.newest.into(), now.micros().into());
    if !doubtful.is_empty() {
        let users = sql::texts(doubtful.iter().map(String::as_str));
        sql::execute(
            conn,
            &anew(database.backend()),
            [users, up_to.clone(), now.clone()],
        )
        .await?;
    }
    sql::execute(conn, &onward(), [before.sound_until.into(), up_to, now]).await?;
    Ok(writer.commit(None).await?)
}

/// What the whole ledger says of a user who was given, along the index of users: by itself PostgreSQL would read all transfers,
/// because it does not know how few are given.
fn sum_of_given(what: &str, and: &str) -> String {
    format!(
        "(SELECT COALESCE(SUM(CASE {what}), 0) FROM transfers AS moved WHERE moved.user_id = given.key{and})"
    )
}

/// Checkpoints of some users from the whole ledger, whatever theirs said.
fn anew(backend: DbBackend) -> String {
    let until = " AND moved.id <= CAST($2 AS BIGINT)";
    format!(
        "INSERT INTO proven_wallets (user_id, up_to, available, held, proven_at)
        SELECT given.key, CAST($2 AS BIGINT), {}, {}, CAST($3 AS BIGINT) FROM {} ORDER BY given.key
        {UPDATE}",
        sum_of_given(AVAILABLE, until),
        sum_of_given(HELD, until),
        sql::given_texts(backend, 1)
    )
}

/// Checkpoints of those who moved, from what theirs said. In the order of their users, so that two watches wait for each other
/// and do not block each other.
fn onward() -> String {
    format!(
        "INSERT INTO proven_wallets (user_id, up_to, available, held, proven_at)
        SELECT moved.user_id, CAST($2 AS BIGINT), COALESCE(proven.available, 0) + SUM(CASE {AVAILABLE}),
            COALESCE(proven.held, 0) + SUM(CASE {HELD}), CAST($3 AS BIGINT)
        FROM transfers AS moved LEFT JOIN proven_wallets AS proven ON proven.user_id = moved.user_id
        WHERE moved.id > CAST($1 AS BIGINT) AND moved.id <= CAST($2 AS BIGINT)
            AND moved.user_id IS NOT NULL AND moved.id > COALESCE(proven.up_to, 0)
        GROUP BY moved.user_id, proven.available, proven.held ORDER BY moved.user_id
        {UPDATE} WHERE proven_wallets.up_to < excluded.up_to"
    )
}
