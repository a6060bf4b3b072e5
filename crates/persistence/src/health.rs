//! The database about itself.

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::health::{DatabaseHealth, DatabaseReport};
use sea_orm::DbBackend;

use crate::database::Database;
use crate::error::{Failure, store_error};
use crate::sql;

/// The database's time in microseconds since the epoch: of this moment, not of the transaction's begin.
const POSTGRES_NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
/// SQLite's clock counts milliseconds.
const SQLITE_NOW: &str = "SELECT CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000";

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
        Ok(DatabaseReport {
            version: self.version().await?,
            pending_migrations: self.database.pending().await?,
            now: database_time(&self.database).await?,
        })
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
