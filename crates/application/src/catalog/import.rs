//! Staff import a provider's services in bulk.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::text::Name;
use domain::{CategoryId, ProviderId, Rate, ServiceId};
use ports::audit::AuditEntry;
use ports::catalog::Unique;
use ports::gateway::{PanelGateway, PanelService};
use ports::{Clock, Store, StoreError, Tx};

use super::categories::uncategorized;
use super::offer::{Placement, new_service, offered_name};
use super::profit::ProfitRule;
use crate::caller::Staff;
use crate::providers::{AskProviderError, Panels, offered_services};
use crate::retry::retry_contended;

/// Services recorded in one transaction; a bad one costs at most this many repetitions.
const CHUNK: usize = 100;

/// Which of the provider's services are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that it offers.
    All,
    /// Those with these upstream ids.
    Only(HashSet<String>),
}

/// Where imported services are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryRule {
    /// All in this category of ours, created if need be.
    Own(Name),
    /// Each in a category that is named as the provider's, created if need be.
    AsProvider,
}

/// What to import and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// Whose services.
    pub provider: ProviderId,
    /// Which of them.
    pub selection: Selection,
    /// What is added to their price.
    pub profit: Option<ProfitRule>,
    /// Where they are listed.
    pub category: CategoryRule,
}

/// What became of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is a service of ours now.
    Added(ServiceId),
    /// It was one before, and was left alone.
    AlreadyThere,
    /// It was asked for, but the provider does not offer it.
    NotOffered,
    /// It cannot be kept, and why.
    Refused(String),
}

/// One service and its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRow {
    /// The provider's id of it.
    pub upstream_id: String,
    /// Its name there, if the provider offers it.
    pub name: Option<String>,
    /// What became of it.
    pub outcome: ImportOutcome,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// One row for each service that was wanted, in the provider's order; those not offered come last.
    pub rows: Vec<ImportedRow>,
    /// The provider's rows that could not be read, and why.
    pub unreadable: Vec<String>,
}

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
        staff: &Staff,
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
        staff: &Staff,
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
        staff: &Staff,
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
        let entry = AuditEntry {
            actor: staff.actor(),
            action: "services.import",
            target: format!("provider:{}", request.provider),
            details: vec![("wanted", chunk.len().to_string()), ("added", added.to_string())],
            at: self.clock.now(),
        };
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(rows)
    }

    async fn category(
        &self,
        tx: &mut dyn Tx,
        staff: &Staff,
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
        staff: &Staff,
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

/// The profit on a rate; `None` if profit or price do not fit.
fn profit_on(rate: Rate, rule: Option<ProfitRule>) -> Option<Option<Rate>> {
    match rule {
        None => Some(None),
        Some(rule) => {
            let profit = rule.profit(rate)?;
            rate.checked_add(profit).map(|_| Some(profit))
        }
    }
}

/// Splits an offer into what is wanted and what is wanted in vain. A service that the provider lists twice counts once.
fn select(offered: Vec<PanelService>, selection: &Selection) -> (Vec<PanelService>, Vec<ImportedRow>) {
    let mut seen = HashSet::new();
    let wanted: Vec<_> = offered
        .into_iter()
        .filter(|service| match selection {
            Selection::All => true,
            Selection::Only(ids) => ids.contains(&service.upstream_id),
        })
        .filter(|service| seen.insert(service.upstream_id.clone()))
        .collect();
    let mut missing: Vec<_> = match selection {
        Selection::All => Vec::new(),
        Selection::Only(ids) => ids.difference(&seen).cloned().collect(),
    };
    missing.sort();
    let not_offered = missing
        .into_iter()
        .map(|upstream_id| ImportedRow {
            upstream_id,
            name: None,
            outcome: ImportOutcome::NotOffered,
        })
        .collect();
    (wanted, not_offered)
}

fn row(service: &PanelService, outcome: ImportOutcome) -> ImportedRow {
    ImportedRow {
        upstream_id: service.upstream_id.clone(),
        name: Some(service.name.clone()),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use domain::catalog::{QuantityRange, ServiceType};

    use super::*;

    fn offered(id: &str) -> PanelService {
        PanelService {
            upstream_id: id.to_owned(),
            name: format!("Service {id}"),
            service_type: ServiceType::Default,
            category: "Cat".to_owned(),
            rate: Rate::parse("0.9").unwrap(),
            quantity: QuantityRange::new(1, 10).unwrap(),
            dripfeed: false,
            refill: false,
            cancel: false,
            description: None,
        }
    }

    #[test]
    fn what_is_not_offered_is_reported_and_what_is_listed_twice_counts_once() {
        let only = Selection::Only(["2", "9"].map(str::to_owned).into());
        let (wanted, missing) = select(vec![offered("1"), offered("2"), offered("2")], &only);
        assert_eq!(wanted.len(), 1);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].upstream_id, "9");
        assert_eq!(missing[0].outcome, ImportOutcome::NotOffered);

        let (wanted, missing) = select(vec![offered("1"), offered("2")], &Selection::All);
        assert_eq!((wanted.len(), missing.len()), (2, 0));
    }

    #[test]
    fn a_price_that_does_not_fit_is_no_price() {
        let huge = Rate::from_nanos(i64::MAX).unwrap();
        assert_eq!(profit_on(huge, Some(ProfitRule::BasisPoints(1))), None);
        assert_eq!(profit_on(huge, None), Some(None));
    }
}
