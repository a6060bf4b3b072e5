//! Staff import a provider's services in bulk. What would be done is decided first and can be looked at; it is done as it
//! was shown, or not at all.

use std::collections::HashMap;
use std::sync::Arc;

use domain::CategoryId;
use domain::identity::right::ServicesWrite;
use domain::providers::PriceReading;
use domain::text::Name;
use ports::catalog::{CatalogQueries, Unique};
use ports::{Clock, Store, StoreError, Tx};

use super::offer::{Placement, new_service};
use super::plan::{Plan, Wanted, plan};
use super::wanted::{ImportOutcome, ImportReport, ImportRequest, ImportedRow};
use crate::caller::{Member, Staff};
use crate::providers::{AskProviderError, ProviderConnection};
use crate::retry::retry_contended;

/// Services recorded in one transaction; a bad one costs at most this many repetitions.
const CHUNK: usize = 100;
/// Services that one import may add.
pub const IMPORT_MAX: usize = 10_000;

/// Why nothing could be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportServicesError {
    /// More is wanted than one import may add.
    #[error("an import may add {IMPORT_MAX} services, and {0} are wanted")]
    TooMany(usize),
    /// What would be done is not what was shown, or staff said meanwhile how the provider's prices are to be read. What was
    /// imported until then stays.
    #[error("the provider's list or the catalogue changed since the plan was made")]
    PlanChanged,
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
    queries: Arc<dyn CatalogQueries>,
    connection: Arc<ProviderConnection>,
    clock: Arc<dyn Clock>,
}

impl ImportServices {
    /// Wires the use case.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        queries: Arc<dyn CatalogQueries>,
        connection: Arc<ProviderConnection>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            queries,
            connection,
            clock,
        }
    }

    /// Shows what an import would do, and does nothing.
    ///
    /// # Errors
    /// [`ImportServicesError`].
    pub async fn preview(
        &self,
        _: &Staff<ServicesWrite>,
        request: &ImportRequest,
    ) -> Result<ImportReport, ImportServicesError> {
        let plan = self.plan(request).await?;
        let rows = plan.wanted.iter().map(Wanted::would_be).collect();
        Ok(plan.report(rows))
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
        let plan = self.plan(request).await?;
        self.carry_out(staff, request, plan).await
    }

    /// Imports what `request` wants, if that is what the plan with the token `shown` showed.
    ///
    /// # Errors
    /// As [`ImportServices::import`], and [`ImportServicesError::PlanChanged`].
    pub async fn import_shown(
        &self,
        staff: &Staff<ServicesWrite>,
        request: &ImportRequest,
        shown: &str,
    ) -> Result<ImportReport, ImportServicesError> {
        let plan = self.plan(request).await?;
        if shown != plan.token {
            return Err(ImportServicesError::PlanChanged);
        }
        self.carry_out(staff, request, plan).await
    }

    async fn carry_out(
        &self,
        staff: &Member,
        request: &ImportRequest,
        plan: Plan,
    ) -> Result<ImportReport, ImportServicesError> {
        let mut rows = Vec::with_capacity(plan.wanted.len());
        for chunk in plan.wanted.chunks(CHUNK) {
            let recorded = self.import_chunk(staff, request, &plan.read_as, chunk).await?;
            rows.extend(recorded.ok_or(ImportServicesError::PlanChanged)?);
        }
        Ok(plan.report(rows))
    }

    async fn plan(&self, request: &ImportRequest) -> Result<Plan, ImportServicesError> {
        let offer = self.connection.offered(request.provider).await?;
        let ours = self.queries.services_of(request.provider).await?;
        let categories = self.queries.categories().await?;
        let plan = plan(request, offer, &ours, &categories);
        let wanted = plan.additions();
        if wanted > IMPORT_MAX {
            return Err(ImportServicesError::TooMany(wanted));
        }
        Ok(plan)
    }

    async fn import_chunk(
        &self,
        staff: &Member,
        request: &ImportRequest,
        read_as: &PriceReading,
        chunk: &[Wanted],
    ) -> Result<Option<Vec<ImportedRow>>, StoreError> {
        match retry_contended(|| self.record(staff, request, read_as, chunk)).await {
            Err(StoreError::Conflict { .. }) => {}
            result => return result,
        }
        // One row spoiled the transaction of all; on their own, the others get through.
        let mut rows = Vec::with_capacity(chunk.len());
        for wanted in chunk {
            let alone = std::slice::from_ref(wanted);
            match retry_contended(|| self.record(staff, request, read_as, alone)).await {
                Ok(Some(recorded)) => rows.extend(recorded),
                Ok(None) => return Ok(None),
                Err(StoreError::Conflict { constraint }) => {
                    rows.push(wanted.row(ImportOutcome::Refused(constraint)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(rows))
    }

    /// `None` if prices are to be read otherwise by now.
    async fn record(
        &self,
        staff: &Member,
        request: &ImportRequest,
        read_as: &PriceReading,
        chunk: &[Wanted],
    ) -> Result<Option<Vec<ImportedRow>>, StoreError> {
        let mut rows = Vec::with_capacity(chunk.len());
        let mut categories = HashMap::new();
        let mut tx = self.store.begin().await?;
        let provider = tx.providers().keep(request.provider).await?;
        if provider.is_none_or(|provider| provider.settings.price_reading() != *read_as) {
            return Ok(None);
        }
        for wanted in chunk {
            let outcome = self
                .add(&mut *tx, staff, request, wanted, &mut categories)
                .await?;
            rows.push(wanted.row(outcome));
        }
        let added = rows
            .iter()
            .filter(|row| matches!(row.outcome, ImportOutcome::Added(_)))
            .count();
        if added > 0 {
            let target = format!("provider:{}", request.provider);
            let entry = staff
                .entry("services.import", target, self.clock.now())
                .with("wanted", chunk.len())
                .with("added", added);
            tx.audit().append(&entry).await?;
            tx.commit().await?;
        }
        Ok(Some(rows))
    }

    async fn add(
        &self,
        tx: &mut dyn Tx,
        staff: &Member,
        request: &ImportRequest,
        wanted: &Wanted,
        known: &mut HashMap<Name, CategoryId>,
    ) -> Result<ImportOutcome, StoreError> {
        let planned = match &wanted.decided {
            Ok(planned) => planned,
            Err(outcome) => return Ok(outcome.clone()),
        };
        let category = self.category(tx, staff, &planned.category, known).await?;
        let placement = Placement {
            provider: request.provider,
            category,
            profit: planned.profit,
            created_by: staff.id().clone(),
        };
        let new = match new_service(&wanted.service, placement) {
            Ok(new) => new,
            Err(error) => return Ok(ImportOutcome::Refused(format!("its name or id {error}"))),
        };
        Ok(match tx.catalog().insert_service(&new, self.clock.now()).await? {
            Unique::Saved(id) => ImportOutcome::Added(id),
            Unique::Taken | Unique::Missing => ImportOutcome::AlreadyThere,
        })
    }

    async fn category(
        &self,
        tx: &mut dyn Tx,
        staff: &Member,
        name: &Name,
        known: &mut HashMap<Name, CategoryId>,
    ) -> Result<CategoryId, StoreError> {
        if let Some(id) = known.get(name) {
            return Ok(*id);
        }
        let id = tx
            .catalog()
            .ensure_category(name, staff.id(), self.clock.now())
            .await?;
        known.insert(name.clone(), id);
        Ok(id)
    }
}
