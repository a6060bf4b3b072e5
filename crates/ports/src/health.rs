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
    /// The database's own time.
    pub now: Timestamp,
}

/// Asks the database.
#[async_trait]
pub trait DatabaseHealth: Send + Sync {
    /// One cheap round trip.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Version, migrations and time.
    async fn report(&self) -> Result<DatabaseReport, StoreError>;
}
