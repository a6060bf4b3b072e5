//! Reading for screens and schedules.

use crate::connections::Connections;
use crate::database::Database;

/// Every query, on the connections for reading. Each feature's module implements its own.
pub struct SeaQueries {
    database: Database,
}

impl SeaQueries {
    /// Queries on `database`.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
        }
    }

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    /// The connections to read from. Database errors become [`ports::StoreError`]s by
    /// [`store_error`](crate::error::store_error).
    pub(crate) const fn conn(&self) -> &Connections {
        self.database.read()
    }
}
