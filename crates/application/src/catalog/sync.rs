//! Our services follow a provider's list: it is read, compared with what we have, and recorded in small transactions. A
//! reading that was begun later ends an earlier one, on whichever node.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::{
    Availability, Finding, FindingKind, Offered, Service, SyncReport, SyncResult, SyncRun, Synchronisation,
    distrust, follow, vanish,
};
use domain::orders::Actor;
use domain::{ProviderId, Timestamp};
use ports::audit::AuditEntry;
use ports::catalog::CatalogQueries;
use ports::gateway::{PanelCatalogue, PanelError, PanelGateway, PanelService};
use ports::{Clock, Store, StoreError};

use super::offer::offered_name;
use crate::jobs::Verdict;
use crate::providers::{AskProviderError, Panels, PanelsError, offered_services};
use crate::retry::retry_contended;

/// Services recorded in one transaction.
const CHUNK: usize = 100;
/// How long a list may take. Less than a job's lease.
const LIST_MAX: Duration = Duration::from_secs(25);

/// What the synchronisation needs from the outside.
#[derive(Clone)]
pub struct SyncPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// The catalogue for reading.
    pub catalog: Arc<dyn CatalogQueries>,
    /// Provider panels.
    pub gateway: Arc<dyn PanelGateway>,
    /// Rate limits, circuits and keys of providers.
    pub panels: Arc<Panels>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Follows a provider's list.
pub struct SyncCatalog {
    ports: SyncPorts,
}

/// A list as it is compared with what we have.
struct List {
    offered: HashMap<String, Offered>,
    unreadable: usize,
}

/// What a transaction recorded; `None` if a later reading has begun.
type Recorded = Option<Vec<Finding>>;

impl SyncCatalog {
    /// The use case over its ports.
    #[must_use]
    pub const fn new(ports: SyncPorts) -> Self {
        Self { ports }
    }

    /// Reads a provider's list and follows it, if that is due or wanted.
    ///
    /// # Errors
    /// [`PanelsError`] if the database failed; what was recorded stays, and the next reading goes on from there.
    pub async fn sync(&self, provider: ProviderId) -> Result<Verdict, PanelsError> {
        let Some(sync) = retry_contended(|| self.begin(provider)).await? else {
            return Ok(Verdict::Done);
        };
        let asking = offered_services(&self.ports.panels, &*self.ports.gateway, provider);
        let answer = match tokio::time::timeout(LIST_MAX, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(AskProviderError::Panel(PanelError::Broken(
                "the list took too long".to_owned(),
            ))),
        };
        let list = match answer {
            Ok(catalogue) => List::of(catalogue),
            Err(AskProviderError::NotNow { retry_after }) => {
                retry_contended(|| self.want_again(provider)).await?;
                return Ok(Verdict::Later(retry_after));
            }
            Err(AskProviderError::Missing) => return Ok(Verdict::Done),
            Err(AskProviderError::Store(error)) => return Err(error.into()),
            Err(error @ (AskProviderError::Panel(_) | AskProviderError::Seal(_))) => {
                self.failed(&sync, &error).await?;
                return Ok(Verdict::Done);
            }
        };
        self.follow_list(&sync, &list).await?;
        Ok(Verdict::Done)
    }

    async fn begin(&self, provider: ProviderId) -> Result<Option<Synchronisation>, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let begun = tx.syncs().begin(provider, self.ports.clock.now()).await?;
        if begun.is_some() {
            tx.commit().await?;
        }
        Ok(begun)
    }

    async fn want_again(&self, provider: ProviderId) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        tx.syncs().want(provider).await?;
        tx.commit().await
    }

    async fn failed(&self, sync: &Synchronisation, why: &AskProviderError) -> Result<(), StoreError> {
        tracing::warn!(provider = %sync.provider, error = %why, "a provider's list is not to be had");
        let report = SyncReport {
            reason: Some(why.to_string()),
            ..SyncReport::default()
        };
        self.end(sync, SyncResult::Failed, report).await
    }

    async fn follow_list(&self, sync: &Synchronisation, list: &List) -> Result<(), StoreError> {
        let ours = self.ports.catalog.services_of(sync.provider).await?;
        let mut report = SyncReport {
            listed: list.offered.len(),
            ..SyncReport::default()
        };
        let (listed, missing): (Vec<&Service>, Vec<&Service>) = ours
            .iter()
            .partition(|service| list.offered.contains_key(&service.upstream_id));
        let is_sold = |service: &Service| service.availability == Availability::Active;
        let sold = ours.iter().filter(|service| is_sold(service)).count();
        let missing: Vec<&Service> = missing.into_iter().filter(|service| is_sold(service)).collect();
        let why = distrust(
            list.offered.len(),
            list.unreadable,
            missing.len(),
            sold,
            &sync.rules,
        );
        let gone = if why.is_none() { missing } else { Vec::new() };
        for services in [listed, gone] {
            for chunk in services.chunks(CHUNK) {
                let ids: Vec<String> = chunk.iter().map(|service| service.upstream_id.clone()).collect();
                let Some(findings) = retry_contended(|| self.record(sync, &ids, list)).await? else {
                    return Ok(());
                };
                findings.into_iter().for_each(|finding| report.add(finding));
            }
        }
        list.new_to(&ours)
            .into_iter()
            .for_each(|finding| report.add(finding));
        report.reason = why.map(|why| why.to_string());
        let result = if why.is_none() {
            SyncResult::Done
        } else {
            SyncResult::Distrusted
        };
        self.end(sync, result, report).await
    }

    /// Lets these services follow the list, unless a later reading has begun.
    async fn record(
        &self,
        sync: &Synchronisation,
        ids: &[String],
        list: &List,
    ) -> Result<Recorded, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        if !tx.syncs().still(sync.provider, sync.run).await? {
            return Ok(None);
        }
        let mut findings = Vec::new();
        let mut changed = 0_usize;
        for service in tx.catalog().lock_services_of(sync.provider, ids).await? {
            let (after, found) = match list.offered.get(&service.upstream_id) {
                Some(offered) => follow(&service, offered, &sync.rules, now),
                None => vanish(&service, &sync.rules, now),
            };
            findings.extend(found);
            if let Some(after) = after {
                tx.catalog().update_service(&after).await?;
                changed = changed.saturating_add(1);
            }
        }
        if changed > 0 {
            tx.audit().append(&entry(sync.provider, changed, now)).await?;
            failpoints::before_commit("synced");
            tx.commit().await?;
            failpoints::after_commit("synced");
        }
        Ok(Some(findings))
    }

    async fn end(
        &self,
        sync: &Synchronisation,
        result: SyncResult,
        report: SyncReport,
    ) -> Result<(), StoreError> {
        let ended = SyncRun {
            ended_at: self.ports.clock.now(),
            result,
            report,
        };
        retry_contended(|| self.record_end(sync, &ended)).await
    }

    async fn record_end(&self, sync: &Synchronisation, ended: &SyncRun) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if tx.syncs().end(sync.provider, sync.run, ended).await? {
            tx.commit().await?;
        }
        Ok(())
    }
}

impl List {
    fn of(catalogue: PanelCatalogue) -> Self {
        let read = catalogue.services.len();
        let offered: HashMap<String, Offered> = catalogue
            .services
            .into_iter()
            .filter_map(|service| offered(service).map(|offered| (offered.upstream_id.clone(), offered)))
            .collect();
        let unreadable = catalogue
            .unreadable
            .len()
            .saturating_add(read.saturating_sub(offered.len()));
        Self { offered, unreadable }
    }

    /// What is offered and not ours, in the order of the provider's ids.
    fn new_to(&self, ours: &[Service]) -> Vec<Finding> {
        let known: HashSet<&str> = ours.iter().map(|service| service.upstream_id.as_str()).collect();
        let mut new: Vec<&Offered> = self
            .offered
            .values()
            .filter(|offered| !known.contains(offered.upstream_id.as_str()))
            .collect();
        new.sort_by(|a, b| a.upstream_id.cmp(&b.upstream_id));
        let finding = |offered: &Offered| Finding {
            kind: FindingKind::New,
            service: None,
            upstream_id: offered.upstream_id.clone(),
            was: String::new(),
            became: offered.name.to_string(),
        };
        new.into_iter().map(finding).collect()
    }
}

/// The row as rules compare it; `None` if its name cannot be kept.
fn offered(service: PanelService) -> Option<Offered> {
    Some(Offered {
        name: offered_name(&service.name).ok()?,
        upstream_id: service.upstream_id,
        service_type: service.service_type,
        rate: service.rate,
        quantity: service.quantity,
        dripfeed: service.dripfeed,
        refill: service.refill,
        cancel: service.cancel,
    })
}

fn entry(provider: ProviderId, changed: usize, now: Timestamp) -> AuditEntry {
    AuditEntry::new(
        Actor::System,
        "services.sync",
        format!("provider:{provider}"),
        now,
    )
    .with("changed", changed)
}
