//! What can be ordered, as far as this process has read it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::ServiceId;
use domain::catalog::Offer;
use ports::StoreError;
use ports::catalog::CatalogQueries;

/// How many offers are kept at most.
const KEPT_MAX: usize = 4_096;

/// Offers that were read before. They may be out of date, so they decide nothing alone: what they say yes to is
/// recorded only if the database still says the same, and what they say no to is read again.
pub(super) struct Offers {
    catalog: Arc<dyn CatalogQueries>,
    kept: RwLock<HashMap<ServiceId, Arc<Offer>>>,
}

impl Offers {
    pub(super) fn new(catalog: Arc<dyn CatalogQueries>) -> Self {
        Self {
            catalog,
            kept: RwLock::default(),
        }
    }

    /// The offer as it was read last, if it is kept.
    pub(super) fn kept(&self, service: ServiceId) -> Option<Arc<Offer>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(&service).cloned()
    }

    /// Reads the offer and keeps it.
    ///
    /// # Errors
    /// As the catalogue's.
    pub(super) async fn read(&self, service: ServiceId) -> Result<Option<Arc<Offer>>, StoreError> {
        let offer = self.catalog.offers(&[service]).await?.pop().map(Arc::new);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        match &offer {
            Some(offer) => {
                if kept.len() >= KEPT_MAX && !kept.contains_key(&service) {
                    // Any of them: it is read again when it is ordered again.
                    let other = kept.keys().next().copied();
                    other.and_then(|other| kept.remove(&other));
                }
                kept.insert(service, Arc::clone(offer));
            }
            None => {
                kept.remove(&service);
            }
        }
        Ok(offer)
    }
}
