//! Whether the parts work.

use async_trait::async_trait;
use domain::Timestamp;

use crate::store::StoreError;

/// What the database says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseReport {
    /// `sqlite` or `postgres`, with version.
    pub version: String,
    /// Migrations that are not applied yet.
    pub pending_migrations: Vec<String>,
    /// Migrations that a later version of the program has applied, which this one works with.
    pub unknown_migrations: Vec<String>,
    /// The database's own time.
    pub now: Timestamp,
}

/// How many secrets of a table are sealed with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRows {
    /// The table.
    pub table: String,
    /// The key's version.
    pub key_version: i32,
    /// How many.
    pub rows: u64,
}

/// Asks the database.
#[async_trait]
pub trait DatabaseHealth: Send + Sync {
    /// One cheap round trip.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Version, migrations and time.
    async fn report(&self) -> Result<DatabaseReport, StoreError>;

    /// Which keys open the secrets that are sealed in the database and are still of use, of every table that has some. Reads
    /// these tables.
    async fn sealed_rows(&self) -> Result<Vec<SealedRows>, StoreError>;
}
