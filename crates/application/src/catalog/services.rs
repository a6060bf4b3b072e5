//! Staff list, add and archive services.

use std::sync::Arc;

use domain::catalog::Availability;
use domain::identity::right::{ServicesRead, ServicesWrite};
use domain::text::TextError;
use domain::{ProviderId, ServiceId};
use ports::catalog::{CatalogQueries, ServiceView, Unique};
use ports::gateway::PanelService;
use ports::{Clock, Store, StoreError};

use super::categories::uncategorized;
use super::offer::{Placement, new_service};
use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// Why no service was added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddServiceError {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// The provider's service is in the catalogue already.
    #[error("the service is in the catalogue already")]
    AlreadyThere,
    /// Its name or id cannot be kept.
    #[error("the service {0}")]
    Text(#[from] TextError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for AddServiceError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Why a service was not archived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveServiceError {
    /// There is no such service.
    #[error("there is no such service")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lists, adds and archives services.
pub struct Services {
    store: Arc<dyn Store>,
    queries: Arc<dyn CatalogQueries>,
    clock: Arc<dyn Clock>,
}

impl Services {
    /// Wires the use cases.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn CatalogQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// Every service, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn list(&self, _: &Staff<ServicesRead>) -> Result<Vec<ServiceView>, StoreError> {
        self.queries.services().await
    }

    /// Adds one service of a provider, uncategorized and without profit.
    ///
    /// # Errors
    /// [`AddServiceError`] if it was not added, or nobody knows.
    pub async fn add(
        &self,
        staff: &Staff<ServicesWrite>,
        provider: ProviderId,
        offer: &PanelService,
    ) -> Result<ServiceId, AddServiceError> {
        retry_contended(|| self.record_added(staff, provider, offer)).await
    }

    /// Archives a service. Orders of it live on.
    ///
    /// # Errors
    /// [`ArchiveServiceError`] if it was not archived, or nobody knows.
    pub async fn archive(
        &self,
        staff: &Staff<ServicesWrite>,
        id: ServiceId,
    ) -> Result<(), ArchiveServiceError> {
        if retry_contended(|| self.record_archived(staff, id)).await? {
            Ok(())
        } else {
            Err(ArchiveServiceError::Missing)
        }
    }

    async fn record_added(
        &self,
        staff: &Member,
        provider: ProviderId,
        offer: &PanelService,
    ) -> Result<ServiceId, AddServiceError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if tx.providers().lock(provider).await?.is_none() {
            return Err(AddServiceError::UnknownProvider);
        }
        let category = tx
            .catalog()
            .ensure_category(&uncategorized(), staff.id(), now)
            .await?;
        let placement = Placement {
            provider,
            category,
            profit: None,
            created_by: staff.id().clone(),
        };
        let service = new_service(offer, placement)?;
        let Unique::Saved(id) = tx.catalog().insert_service(&service, now).await? else {
            return Err(AddServiceError::AlreadyThere);
        };
        let entry = staff
            .entry("service.add", format!("service:{id}"), now)
            .with("provider", provider)
            .with("upstream_id", &service.upstream_id)
            .with("rate", service.rate);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn record_archived(&self, staff: &Member, id: ServiceId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let archived = tx
            .catalog()
            .set_service_availability(id, Availability::Archived, now)
            .await?;
        if !archived {
            return Ok(false);
        }
        let entry = staff.entry("service.archive", format!("service:{id}"), now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
