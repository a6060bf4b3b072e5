//! What can be ordered, as far as this process has read it.

use std::sync::Arc;

use domain::ServiceId;
use domain::catalog::Offer;
use ports::StoreError;
use ports::catalog::CatalogQueries;

use crate::kept::Kept;

/// How many offers are kept at most.
const KEPT_MAX: usize = 4_096;

/// Offers that were read before. They may be out of date, so they decide nothing alone: what they say yes to is
/// recorded only if the database still says the same, and what they say no to is read again.
pub(super) struct Offers {
    catalog: Arc<dyn CatalogQueries>,
    kept: Kept<ServiceId, Offer>,
}

impl Offers {
    pub(super) fn new(catalog: Arc<dyn CatalogQueries>) -> Self {
        Self {
            catalog,
            kept: Kept::at_most(KEPT_MAX),
        }
    }

    /// The offer as it was read last, if it is kept.
    pub(super) fn kept(&self, service: ServiceId) -> Option<Arc<Offer>> {
        self.kept.get(&service)
    }

    /// Reads the offer and keeps it.
    ///
    /// # Errors
    /// As the catalogue's.
    pub(super) async fn read(&self, service: ServiceId) -> Result<Option<Arc<Offer>>, StoreError> {
        let offer = self.catalog.offers(&[service]).await?.pop().map(Arc::new);
        match &offer {
            Some(offer) => self.kept.put(service, Arc::clone(offer)),
            None => self.kept.forget(&service),
        }
        Ok(offer)
    }
}
