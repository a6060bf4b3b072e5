//! What anybody may see.

use std::sync::Arc;

use ports::StoreError;
use ports::catalog::{CatalogQueries, CategoryListing};

/// Shows what can be ordered.
pub struct BrowseCatalog {
    queries: Arc<dyn CatalogQueries>,
}

impl BrowseCatalog {
    /// Wires the use case.
    #[must_use]
    pub fn new(queries: Arc<dyn CatalogQueries>) -> Self {
        Self { queries }
    }

    /// Categories by name with their services, empty ones too.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn listing(&self) -> Result<Vec<CategoryListing>, StoreError> {
        self.queries.listing().await
    }
}
