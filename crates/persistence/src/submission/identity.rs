//! What a database is.

use std::sync::Arc;

use async_trait::async_trait;
use domain::submission::Identity;
use ports::StoreError;
use ports::submission::DatabaseIdentity;
use sea_orm::{DbBackend, DbErr, RuntimeErr};

use super::Lineage;
use crate::database::Database;
use crate::error::store_error;
use crate::sql;

const SYSTEM: &str = "SELECT CAST(system_identifier AS TEXT) FROM pg_control_system()";
const PLACE: &str = "SELECT CAST(oid AS TEXT) || '/' || CAST(CAST(to_regclass('submission') AS OID) AS TEXT)
    FROM pg_database WHERE datname = current_database()";
/// The name of a file of the log begins with its timeline.
const TIMELINE: &str = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
/// The user may not ask, or the server, which is not quite PostgreSQL, does not know.
const NOT_TOLD: [&str; 3] = ["42501", "0A000", "42883"];

/// Asks a [`Database`] what it is. SQLite has nothing to tell: what tells its files apart is remembered beside them.
pub struct SeaIdentity {
    database: Database,
    lineage: Arc<Lineage>,
}

impl SeaIdentity {
    /// The identity of `database`.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            lineage: database.lineage(),
        }
    }

    async fn ask(&self, statement: &str) -> Result<Option<String>, StoreError> {
        match sql::query_one(self.database.write(), statement, []).await {
            Ok(Some(row)) => row.try_get_by_index(0).map_err(store_error),
            Ok(None) => Ok(None),
            Err(error) if is_not_told(&error) => Ok(None),
            Err(error) => Err(store_error(error)),
        }
    }
}

#[async_trait]
impl DatabaseIdentity for SeaIdentity {
    fn generation(&self) -> u64 {
        self.lineage.generation()
    }

    async fn identity(&self) -> Result<Identity, StoreError> {
        if self.database.backend() != DbBackend::Postgres {
            return Ok(Identity::default());
        }
        Ok(Identity {
            system: self.ask(SYSTEM).await?,
            place: self.ask(PLACE).await?,
            timeline: self.ask(TIMELINE).await?,
        })
    }
}

fn is_not_told(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| NOT_TOLD.contains(&code.as_ref()))
}
