//! Up to where the books were found sound.

use domain::Timestamp;
use sea_orm::ConnectionTrait;

use super::invariants::Scope;
use crate::database::Database;
use crate::error::Failure;
use crate::sql;

/// The row of `settings` that keeps it.
const KEY: &str = "ledger.watermark";
const READ: &str = "SELECT value FROM settings WHERE key = $1";
const WRITE: &str = "
INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
const NEWEST_TRANSFER: &str = "SELECT COALESCE(MAX(id), 0) FROM transfers";

/// Stored as three numbers in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watermark {
    /// What this transfer and those before it moved was looked at. It trails one watch behind, because a transfer
    /// may be committed after one with a higher id.
    pub(super) sound_until: i64,
    /// The newest transfer at the last watch.
    pub(super) newest: i64,
    /// When everything was looked at.
    pub(super) everything_at: Timestamp,
}

impl Watermark {
    /// `None` if nothing was ever found sound, or what is stored cannot be read: then everything has to be looked at.
    pub(super) async fn read(conn: &impl ConnectionTrait) -> Result<Option<Self>, Failure> {
        let row = sql::query_one(conn, READ, [KEY.into()]).await?;
        let value: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(value.as_deref().and_then(Self::parse))
    }

    fn parse(value: &str) -> Option<Self> {
        let numbers: Result<Vec<i64>, _> = value.split(' ').map(str::parse).collect();
        let [sound_until, newest, everything_at] = numbers.ok()?.try_into().ok()?;
        Some(Self {
            sound_until,
            newest,
            everything_at: Timestamp::from_micros(everything_at),
        })
    }

    /// After a watch of `scope` at `now` that found nothing wrong and saw `newest`.
    pub(super) fn after(before: Option<Self>, scope: Scope, newest: i64, now: Timestamp) -> Self {
        let everything_at = match (scope, before) {
            (Scope::MovedSince(_), Some(before)) => before.everything_at,
            _ => now,
        };
        Self {
            sound_until: before.map_or(0, |before| before.newest),
            newest,
            everything_at,
        }
    }

    pub(super) async fn write(self, database: &Database, now: Timestamp) -> Result<(), Failure> {
        let value = format!(
            "{} {} {}",
            self.sound_until,
            self.newest,
            self.everything_at.micros()
        );
        let values = vec![KEY.into(), value.into(), now.micros().into()];
        database.execute(WRITE, values).await?;
        Ok(())
    }
}

pub(super) async fn newest_transfer(conn: &impl ConnectionTrait) -> Result<i64, Failure> {
    Ok(sql::query_number(conn, NEWEST_TRANSFER, []).await?)
}
