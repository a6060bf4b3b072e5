//! Beginning transactions.

use std::sync::Arc;

use async_trait::async_trait;
use domain::OrderId;
use ports::live::Bell;
use ports::outbox::WorkSignal;
use ports::placing::Placement;
use ports::{Store, StoreError, Tx};

use crate::database::Database;
use crate::orders::placing;
use crate::tx::SeaTx;

/// Begins transactions on a [`Database`], and tells `signal` when work was committed.
pub struct SeaStore {
    database: Database,
    signal: Arc<dyn WorkSignal>,
    bell: Option<Arc<dyn Bell>>,
}

impl SeaStore {
    /// A store on `database`.
    #[must_use]
    pub fn new(database: &Database, signal: Arc<dyn WorkSignal>) -> Self {
        Self {
            database: database.clone(),
            signal,
            bell: None,
        }
    }

    /// Rings when the history of an order or the ledger has grown.
    #[must_use]
    pub fn ringing(self, bell: Arc<dyn Bell>) -> Self {
        Self {
            bell: Some(bell),
            ..self
        }
    }
}

#[async_trait]
impl Store for SeaStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        let tx = self.database.begin().await?;
        Ok(Box::new(SeaTx::new(
            tx,
            Arc::clone(&self.signal),
            self.bell.clone(),
            Arc::clone(self.database.catalogue()),
        )))
    }

    /// SQLite has no statement that writes several tables, and no round trip to save.
    async fn place(&self, placement: &Placement) -> Result<Option<OrderId>, StoreError> {
        if self.database.postgres().is_none() {
            return Ok(None);
        }
        failpoints::before_commit("placed");
        let placed = placing::place(self.database.write(), placement).await?;
        if placed.is_some() {
            failpoints::after_commit("placed");
            self.signal.notify();
            if let Some(bell) = &self.bell {
                bell.ring();
            }
        }
        Ok(placed)
    }
}
