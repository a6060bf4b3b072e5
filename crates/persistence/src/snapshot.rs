//! Reading several things of one moment.

use ports::StoreError;
use sea_orm::{AccessMode, DatabaseTransaction, DbBackend, IsolationLevel, TransactionOptions};

use crate::database::{Database, begin_to_the_end};

impl Database {
    /// Begins a transaction in which every statement sees the same moment, and which locks nobody out.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = match self.backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        begin_to_the_end(self.read(), options).await
    }
}
