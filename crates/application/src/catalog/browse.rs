//! What anybody may see.

use std::sync::Arc;

use domain::PageSize;
use domain::catalog::CatalogChange;
use ports::StoreError;
use ports::catalog::{CatalogQueries, CategoryListing};

use crate::together::Together;

/// Shows what can be ordered.
pub struct BrowseCatalog {
    queries: Arc<dyn CatalogQueries>,
    version: Together<Result<i64, StoreError>>,
}

impl BrowseCatalog {
    /// Wires the use case.
    #[must_use]
    pub fn new(queries: Arc<dyn CatalogQueries>) -> Self {
        Self {
            queries,
            version: Together::new(),
        }
    }

    /// Categories in their order with their services, empty ones too.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn listing(&self) -> Result<Vec<CategoryListing>, StoreError> {
        self.queries.listing().await
    }

    /// A number that grows with every change of the listing. A change that was made through this process counts at once,
    /// one of another node a quarter of a second later at most. A listing that is read after its version may be newer than
    /// it, and is never older. All who ask at the same time share a look at it.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn version(&self) -> Result<i64, StoreError> {
        match self.queries.known_version() {
            Some(version) => Ok(version),
            None => self.version.read(|| self.queries.version()).await,
        }
    }

    /// What changed above number `since`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn changes(&self, since: i64, size: PageSize) -> Result<Vec<CatalogChange>, StoreError> {
        self.queries.changes(since, size).await
    }
}
