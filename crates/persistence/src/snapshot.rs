//! Reading several things of one moment.

use ports::StoreError;
use sea_orm::{AccessMode, DbBackend, IsolationLevel, TransactionOptions};

use crate::connections::{Caller, Transaction};
use crate::database::Database;

impl Database {
    /// Begins a transaction in which every statement sees the same moment, and which locks nobody out.
    pub(crate) async fn snapshot(&self) -> Result<Transaction, StoreError> {
        let options = match self.backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        self.read().begin(options, Caller::MayGo).await
    }
}
