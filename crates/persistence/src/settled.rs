//! Up to which row a table that only grows is complete.
//!
//! Ids are taken before rows are committed, and commits overtake each other: a row may appear below one that was read
//! already. Whoever follows such a table by id must not pass an id that somebody may still commit.
//!
//! If no id is missing there is no such doubt. If one is missing, its owner gave up or is still at work, and whoever is at
//! work has the table locked for writing since before the id was taken. So the ids are read first and the holders of such
//! locks after that: once all of these have ended, whatever is not there never will be
//! ([ADR 0027](../../../docs/adr/0027-settled-rows.md)).

use std::collections::HashSet;
use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;

use crate::database::Database;
use crate::error::Failure;
use crate::sql;

/// How long writers are waited for. After that, only what has no gap before it counts.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is looked whether they have ended.
const PAUSE: Duration = Duration::from_millis(5);

/// A table that only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// The ledger.
    Transfers,
    /// The histories of orders.
    Events,
}

impl Log {
    const fn table(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Events => "order_events",
        }
    }
}

/// The highest id so that no row up to it is missing, looking at `limit` rows above `after` at most.
pub(crate) async fn settled(database: &Database, log: Log, after: i64, limit: u32) -> Result<i64, Failure> {
    let conn = database.read();
    let ids = ids(conn, log, after, limit).await?;
    let Some(last) = ids.last().copied() else {
        return Ok(after);
    };
    let without_gap = ids.iter().zip(after + 1..).take_while(|(id, next)| **id == *next);
    let without_gap = without_gap.last().map_or(after, |(id, _)| *id);
    // SQLite has one writer: what is durable is complete.
    if without_gap == last || database.postgres().is_none() {
        return Ok(last);
    }
    let began = Instant::now();
    let mut writers = writers(conn, log).await?;
    while !writers.is_empty() {
        if began.elapsed() > PATIENCE {
            return Ok(without_gap);
        }
        tokio::time::sleep(PAUSE).await;
        let still = self::writers(conn, log).await?;
        writers.retain(|writer| still.contains(writer));
    }
    Ok(last)
}

/// The highest id there is.
pub(crate) async fn newest(conn: &impl ConnectionTrait, log: Log) -> Result<i64, Failure> {
    let newest = format!("SELECT COALESCE(MAX(id), 0) FROM {}", log.table());
    Ok(sql::query_number(conn, &newest, []).await?)
}

async fn ids(conn: &impl ConnectionTrait, log: Log, after: i64, limit: u32) -> Result<Vec<i64>, Failure> {
    let above = format!(
        "SELECT id FROM {} WHERE id > $1 ORDER BY id LIMIT $2",
        log.table()
    );
    let rows = sql::query_all(conn, &above, [after.into(), i64::from(limit).into()]).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

/// The transactions that may have taken an id.
async fn writers(conn: &impl ConnectionTrait, log: Log) -> Result<HashSet<String>, Failure> {
    let holders = format!(
        "SELECT virtualtransaction FROM pg_locks
        WHERE locktype = 'relation' AND relation = '{}'::regclass AND mode = 'RowExclusiveLock' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        log.table()
    );
    let rows = sql::query_all(conn, &holders, []).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}
