//! Sets of figures: one is shown, others are in the making.

use std::time::Duration;

use domain::Timestamp;
use ports::StoreError;
use ports::figures::Generation;
use sea_orm::{ConnectionTrait, DbBackend};

use super::facts::{self, Cursor};
use super::keeper::write;
use crate::database::Database;
use crate::decode::{number, unreadable};
use crate::error::Failure;
use crate::sql;

/// After this time, whoever made a set is taken to have gone.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);
/// Rows that a set may be behind to be brought as far as the one that is shown at once.
const BEHIND_MAX: i64 = 20_000;
/// Rows removed by one statement.
const REMOVED_AT_ONCE: i64 = 5_000;

const SHOWN: &str = "SELECT generation, transfers, events FROM figure_cursors WHERE is_shown";
const CURSOR: &str = "SELECT generation, transfers, events FROM figure_cursors WHERE generation = $1";
const ADVANCE: &str = "
UPDATE figure_cursors SET transfers = $1, events = $2, updated_at = $3
WHERE generation = $4 AND transfers = $5 AND events = $6";
const BEGIN: &str = "
INSERT INTO figure_cursors (generation, transfers, events, is_shown, updated_at)
SELECT MAX(generation) + 1, 0, 0, FALSE, $1 FROM figure_cursors RETURNING generation";
/// Writing a row without changing it keeps others from changing it before the commit.
const HOLD: &str = "UPDATE figure_cursors SET updated_at = updated_at WHERE is_shown";
const HIDE: &str = "UPDATE figure_cursors SET is_shown = FALSE, updated_at = $1 WHERE is_shown";
const SHOW: &str = "UPDATE figure_cursors SET is_shown = TRUE, updated_at = $1 WHERE generation = $2";
const ABANDONED: &str = "
SELECT generation FROM figure_cursors WHERE NOT is_shown AND (updated_at < $1 OR generation = $2)";
const REMOVE: &str = "DELETE FROM figure_cursors WHERE generation = $1 AND NOT is_shown";

/// The set that is shown, and how far it is.
pub(super) async fn shown(conn: &impl ConnectionTrait) -> Result<(Generation, Cursor), Failure> {
    let row = sql::query_one(conn, SHOWN, []).await?;
    let row = row.ok_or_else(|| unreadable("figure_cursors", "no set of figures is shown"))?;
    let cursor = Cursor {
        transfers: row.try_get_by_index(1)?,
        events: row.try_get_by_index(2)?,
    };
    Ok((Generation(row.try_get_by_index(0)?), cursor))
}

/// How far a set is. `None` if it is not there any more.
pub(super) async fn cursor(
    conn: &impl ConnectionTrait,
    generation: Generation,
) -> Result<Option<Cursor>, Failure> {
    let Some(row) = sql::query_one(conn, CURSOR, [generation.0.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Cursor {
        transfers: row.try_get_by_index(1)?,
        events: row.try_get_by_index(2)?,
    }))
}

/// Moves a cursor from one place to another. `false` if it is not there.
pub(super) async fn advance(
    conn: &impl ConnectionTrait,
    generation: Generation,
    after: Cursor,
    until: Cursor,
    now: Timestamp,
) -> Result<bool, Failure> {
    let values = [
        until.transfers.into(),
        until.events.into(),
        now.micros().into(),
        generation.0.into(),
        after.transfers.into(),
        after.events.into(),
    ];
    Ok(sql::execute(conn, ADVANCE, values).await? == 1)
}

pub(super) async fn begin(database: &Database, now: Timestamp) -> Result<Generation, Failure> {
    let rows = database
        .execute_returning(BEGIN, vec![now.micros().into()])
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| unreadable("figure_cursors", "nothing"))?;
    Ok(Generation(row.try_get_by_index(0)?))
}

/// Brings a set as far as the one that is shown. `false` if it is further, or too far behind.
async fn catch_up(
    conn: &impl ConnectionTrait,
    generation: Generation,
    until: Cursor,
    now: Timestamp,
) -> Result<bool, Failure> {
    let Some(after) = cursor(conn, generation).await? else {
        return Ok(false);
    };
    let (transfers, events) = (until.transfers - after.transfers, until.events - after.events);
    let is_near = |behind| (0..=BEHIND_MAX).contains(&behind);
    if !is_near(transfers) || !is_near(events) || !advance(conn, generation, after, until, now).await? {
        return Ok(false);
    }
    let sums = facts::between(conn, after, until).await?;
    write(conn, generation, &sums).await?;
    Ok(true)
}

pub(super) async fn compare(
    database: &Database,
    generation: Generation,
    now: Timestamp,
) -> Result<Option<u64>, Failure> {
    let mut writer = database.begin().await?;
    let conn = writer.step()?;
    sql::take_time(conn).await?;
    sql::execute(conn, HOLD, []).await?;
    let (shown, at) = shown(conn).await?;
    if !catch_up(conn, generation, at, now).await? {
        return Ok(None);
    }
    let mut differing = 0;
    for (table, columns) in [
        (
            "figures",
            "scope, measure, at, service_id, provider_id, counted, amount",
        ),
        ("user_figures", "user_id, measure, at, counted, amount"),
    ] {
        for (one, other) in [(shown, generation), (generation, shown)] {
            let statement = format!(
                "SELECT COUNT(*) FROM (
                    SELECT {columns} FROM {table} WHERE generation = $1
                    EXCEPT SELECT {columns} FROM {table} WHERE generation = $2
                ) AS only_in_one"
            );
            let count = sql::query_number(conn, &statement, [one.0.into(), other.0.into()]).await?;
            differing += number::<_, u64>("figures", count)?;
        }
    }
    writer.commit(None).await?;
    Ok(Some(differing))
}

pub(super) async fn show(
    database: &Database,
    generation: Generation,
    now: Timestamp,
) -> Result<bool, Failure> {
    let mut writer = database.begin().await?;
    let conn = writer.step()?;
    sql::execute(conn, HOLD, []).await?;
    let (_, shown) = shown(conn).await?;
    let is_as_far = catch_up(conn, generation, shown, now).await?;
    if !is_as_far {
        return Ok(false);
    }
    sql::execute(conn, HIDE, [now.micros().into()]).await?;
    sql::execute(conn, SHOW, [now.micros().into(), generation.0.into()]).await?;
    writer.commit(None).await?;
    Ok(true)
}

pub(super) async fn forget(
    database: &Database,
    generation: Option<Generation>,
    now: Timestamp,
) -> Result<(), Failure> {
    let before = now.minus(ABANDONED_AFTER).micros();
    let own = generation.map_or(0, |generation| generation.0);
    for row in sql::query_all(database.read(), ABANDONED, [before.into(), own.into()]).await? {
        let abandoned: i64 = row.try_get_by_index(0)?;
        for table in ["figures", "user_figures"] {
            remove_rows(database, table, abandoned).await?;
        }
        let removed = database.execute(REMOVE, vec![abandoned.into()]).await;
        match removed.map_err(StoreError::from) {
            // Whoever made it is still there and has added to it.
            Err(StoreError::Conflict { .. }) | Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Rows are named by where they are. By their keys PostgreSQL, which has no statistics of a set that was just made, reads the
/// whole set for each of them.
async fn remove_rows(database: &Database, table: &str, generation: i64) -> Result<(), Failure> {
    let rows = if database.backend() == DbBackend::Postgres {
        format!("ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE generation = $1 LIMIT $2))")
    } else {
        format!("rowid IN (SELECT rowid FROM {table} WHERE generation = $1 LIMIT $2)")
    };
    let statement = format!(
        "DELETE FROM {table} WHERE {rows}
            AND NOT EXISTS (SELECT 1 FROM figure_cursors WHERE generation = $1 AND is_shown)"
    );
    loop {
        let values = vec![generation.into(), REMOVED_AT_ONCE.into()];
        if database.execute(&statement, values).await? == 0 {
            return Ok(());
        }
    }
}
