//! Staff import a provider's services in bulk.

use std::collections::HashMap;
use std::sync::Arc;

use domain::CategoryId;
use domain::identity::right::ServicesWrite;
use domain::text::Name;
use ports::catalog::Unique;
use ports::gateway::{PanelGateway, PanelService};
use ports::{Clock, Store, StoreError, Tx};

use super::categories::uncategorized;
use super::offer::{Placement, new_service, offered_name};
use super::wanted::{
    CategoryRule, ImportOutcome, ImportReport, ImportRequest, ImportedRow, profit_on, row, select,
};
use crate::caller::{Member, Staff};
use crate::providers::{AskProviderError, Panels, offered_services};
use crate::retry::retry_contended;

/// Services recorded in one transaction; a bad one costs at most this many repetitions.
const CHUNK: usize = 100;

/// Why nothing could be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportServicesError {
    /// The provider's offer is not to be had.
    #[error(transparent)]
    Provider(#[from] AskProviderError),
    /// The database failed. Services before the failure were imported.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports services. Those that are in the catalogue already are left alone, so importing twice is harmless.
pub struct ImportServices {
    store: Arc<dyn Store>,
    gateway: Arc<dyn PanelGateway>,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
}

impl ImportServices {
    /// Wires the use case.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            gateway,
            panels,
            clock,
        }
    }

    /// Imports what `request` wants. One bad service never stops the others.
    ///
    /// # Errors
    /// [`ImportServicesError`] if the provider or the database gave up.
    pub async fn import(
        &self,
        staff: &Staff<ServicesWrite>,
        request: &ImportRequest,
    ) -> Result<ImportReport, ImportServicesError> {
        let offer = offered_services(&self.panels, &*self.gateway, request.provider).await?;
        let (wanted, not_offered) = select(offer.services, &request.selection);
        let mut rows = Vec::with_capacity(wanted.len() + not_offered.len());
        for chunk in wanted.chunks(CHUNK) {
            rows.extend(self.import_chunk(staff, request, chunk).await?);
        }
        rows.extend(not_offered);
        Ok(ImportReport {
            rows,
            unreadable: offer.unreadable,
        })
    }

    async fn import_chunk(
        &self,
        staff: &Member,
        request: &ImportRequest,
        chunk: &[PanelService],
    ) -> Result<Vec<ImportedRow>, StoreError> {
        match retry_contended(|| self.record(staff, request, chunk)).await {
            Err(StoreError::Conflict { .. }) => {}
            result => return result,
        }
        // One row spoiled the transaction of all; on their own, the others get through.
        let mut rows = Vec::with_capacity(chunk.len());
        for service in chunk {
            match retry_contended(|| self.record(staff, request, std::slice::from_ref(service))).await {
                Ok(recorded) => rows.extend(recorded),
                Err(StoreError::Conflict { constraint }) => {
                    rows.push(row(service, ImportOutcome::Refused(constraint)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(rows)
    }

    async fn record(
        &self,
        staff: &Member,
        request: &ImportRequest,
        chunk: &[PanelService],
    ) -> Result<Vec<ImportedRow>, StoreError> {
        let mut rows = Vec::with_capacity(chunk.len());
        let mut categories = HashMap::new();
        let mut tx = self.store.begin().await?;
        for service in chunk {
            let category = self
                .category(&mut *tx, staff, request, service, &mut categories)
                .await?;
            let outcome = self.add(&mut *tx, staff, request, service, category).await?;
            rows.push(row(service, outcome));
        }
        let added = rows
            .iter()
            .filter(|row| matches!(row.outcome, ImportOutcome::Added(_)))
            .count();
        let target = format!("provider:{}", request.provider);
        let entry = staff
            .entry("services.import", target, self.clock.now())
            .with("wanted", chunk.len())
            .with("added", added);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(rows)
    }

    async fn category(
        &self,
        tx: &mut dyn Tx,
        staff: &Member,
        request: &ImportRequest,
        service: &PanelService,
        known: &mut HashMap<Name, CategoryId>,
    ) -> Result<CategoryId, StoreError> {
        let name = match &request.category {
            CategoryRule::Own(name) => name.clone(),
            CategoryRule::AsProvider => offered_name(&service.category).unwrap_or_else(|_| uncategorized()),
        };
        if let Some(id) = known.get(&name) {
            return Ok(*id);
        }
        let id = tx
            .catalog()
            .ensure_category(&name, staff.id(), self.clock.now())
            .await?;
        known.insert(name, id);
        Ok(id)
    }

    async fn add(
        &self,
        tx: &mut dyn Tx,
        staff: &Member,
        request: &ImportRequest,
        service: &PanelService,
        category: CategoryId,
    ) -> Result<ImportOutcome, StoreError> {
        let Some(profit) = profit_on(service.rate, request.profit) else {
            return Ok(ImportOutcome::Refused("the price is too large".to_owned()));
        };
        let placement = Placement {
            provider: request.provider,
            category,
            profit,
            created_by: staff.id().clone(),
        };
        let new = match new_service(service, placement) {
            Ok(new) => new,
            Err(error) => return Ok(ImportOutcome::Refused(format!("its name or id {error}"))),
        };
        Ok(match tx.catalog().insert_service(&new, self.clock.now()).await? {
            Unique::Saved(id) => ImportOutcome::Added(id),
            Unique::Taken | Unique::Missing => ImportOutcome::AlreadyThere,
        })
    }
}
