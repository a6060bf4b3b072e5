//! The database about itself.

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::health::{DatabaseHealth, DatabaseReport, SealedRows};
use sea_orm::DbBackend;

use crate::database::Database;
use crate::decode::number;
use crate::error::{Failure, store_error};
use crate::sql;

/// The database's time in microseconds since the epoch: of this moment, not of the transaction's begin.
const POSTGRES_NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
/// SQLite's clock counts milliseconds.
const SQLITE_NOW: &str = "SELECT CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000";

/// Every table with sealed secrets, as docs/OPERATIONS.md shows it, without what nobody opens any more: withdrawals that were
/// decided, and secrets of API keys that were replaced. What is sealed in a mail goes when the mail ends.
const SEALED: &str = "
SELECT 'api_key_secrets', key_version, COUNT(*) FROM api_key_secrets WHERE ends_at IS NULL GROUP BY key_version
UNION ALL
SELECT 'mails', key_version, COUNT(*) FROM mails WHERE state = 'waiting' GROUP BY key_version
UNION ALL
SELECT 'providers', key_version, COUNT(*) FROM providers WHERE key_version IS NOT NULL GROUP BY key_version
UNION ALL
SELECT 'two_factors', key_version, COUNT(*) FROM two_factors GROUP BY key_version
UNION ALL
SELECT 'withdrawals', destination_key_version, COUNT(*) FROM withdrawals
WHERE destination_key_version IS NOT NULL AND state = 'pending' GROUP BY destination_key_version
ORDER BY 1, 2";

/// Asks a [`Database`].
pub struct SeaHealth {
    database: Database,
}

impl SeaHealth {
    /// The health of `database`.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
        }
    }

    async fn version(&self) -> Result<String, Failure> {
        let (name, statement) = match self.database.backend() {
            DbBackend::Postgres => ("postgres", "SHOW server_version"),
            _ => ("sqlite", "SELECT sqlite_version()"),
        };
        let row = sql::query_one(self.database.read(), statement, []).await?;
        let version: String = row
            .map(|row| row.try_get_by_index(0))
            .transpose()?
            .unwrap_or_default();
        Ok(format!("{name} {version}"))
    }

    async fn sealed(&self) -> Result<Vec<SealedRows>, Failure> {
        let mut sealed = Vec::new();
        for row in sql::query_all(self.database.read(), SEALED, []).await? {
            let rows: i64 = row.try_get_by_index(2)?;
            sealed.push(SealedRows {
                table: row.try_get_by_index(0)?,
                key_version: row.try_get_by_index(1)?,
                rows: number("the number of sealed rows", rows)?,
            });
        }
        Ok(sealed)
    }
}

#[async_trait]
impl DatabaseHealth for SeaHealth {
    async fn ping(&self) -> Result<(), StoreError> {
        sql::query_number(self.database.read(), "SELECT CAST(1 AS BIGINT)", [])
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn report(&self) -> Result<DatabaseReport, StoreError> {
        let migrations = self.database.migrations().await?;
        Ok(DatabaseReport {
            version: self.version().await?,
            pending_migrations: migrations.pending,
            unknown_migrations: migrations.unknown,
            now: database_time(&self.database).await?,
        })
    }

    async fn sealed_rows(&self) -> Result<Vec<SealedRows>, StoreError> {
        Ok(self.sealed().await?)
    }
}

/// The database's own time.
pub(crate) async fn database_time(database: &Database) -> Result<Timestamp, StoreError> {
    let statement = match database.backend() {
        DbBackend::Postgres => POSTGRES_NOW,
        _ => SQLITE_NOW,
    };
    let micros = sql::query_number(database.read(), statement, [])
        .await
        .map_err(store_error)?;
    Ok(Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::SEALED;

    const PAGE: &str = include_str!("../../../docs/OPERATIONS.md");

    #[test]
    fn operators_are_shown_the_query_that_the_doctor_asks() {
        assert!(PAGE.contains(SEALED.trim()));
    }
}
