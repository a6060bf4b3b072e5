//! Our services follow a provider's list: it is read, compared with what we have, and recorded in small transactions. A
//! reading that was begun later ends an earlier one, on whichever node.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::{
    Availability, Finding, FindingKind, ImportNew, Offered, Service, SyncReport, SyncResult, SyncRules,
    SyncRun, Synchronisation, distrust, follow, import, vanish,
};
use domain::orders::Actor;
use domain::providers::PriceReading;
use domain::{ProviderId, Timestamp, UserId};
use ports::audit::AuditEntry;
use ports::catalog::{CatalogQueries, Unique};
use ports::gateway::{PanelError, PanelService};
use ports::{Clock, Store, StoreError, Tx};

use super::offer::{Placement, new_service, offered_name, our_category};
use crate::jobs::Verdict;
use crate::providers::{AskProviderError, PanelsError, ProviderConnection, ProviderList};
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
    /// Asks providers.
    pub connection: Arc<ProviderConnection>,
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
    /// The same as the provider describes it.
    described: HashMap<String, PanelService>,
    unreadable: usize,
    /// How the provider's prices were read.
    read_as: PriceReading,
}

/// What a transaction recorded; `None` if this reading is not to be followed any more.
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
        let asking = self.ports.connection.offered(provider);
        let answer = match tokio::time::timeout(LIST_MAX, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(AskProviderError::Panel(PanelError::Broken(
                "the list took too long".to_owned(),
            ))),
        };
        let list = match answer {
            Ok(list) => List::of(list),
            Err(AskProviderError::NotNow { retry_after }) => {
                retry_contended(|| self.want_again(provider)).await?;
                return Ok(Verdict::Later(retry_after));
            }
            Err(AskProviderError::Missing) => return Ok(Verdict::Done),
            Err(AskProviderError::Store(error)) => return Err(error.into()),
            Err(error) => {
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
        let new = list.new_to(&ours);
        let imported = match why {
            None => self.import_some(sync, &new, list).await?,
            Some(_) => Some(Vec::new()),
        };
        let Some(imported) = imported else {
            return Ok(());
        };
        let known: HashSet<String> = imported.iter().map(|it| it.upstream_id.clone()).collect();
        imported.into_iter().for_each(|finding| report.add(finding));
        let left = new.into_iter().filter(|it| !known.contains(&it.upstream_id));
        left.map(is_new).for_each(|finding| report.add(finding));
        report.reason = why.map(|why| why.to_string());
        let result = if why.is_none() {
            SyncResult::Done
        } else {
            SyncResult::Distrusted
        };
        self.end(sync, result, report).await
    }

    /// Begins a transaction that records what was read, unless a later reading has begun. If staff said meanwhile that prices
    /// are to be read otherwise, the list is read again.
    async fn begin_following(
        &self,
        sync: &Synchronisation,
        list: &List,
    ) -> Result<Option<Box<dyn Tx>>, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let provider = tx.providers().keep(sync.provider).await?;
        if !tx.syncs().still(sync.provider, sync.run).await? {
            return Ok(None);
        }
        if provider.is_some_and(|provider| provider.settings.price_reading() == list.read_as) {
            return Ok(Some(tx));
        }
        tx.syncs().want(sync.provider).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Lets these services follow the list, unless it is not to be followed any more.
    async fn record(
        &self,
        sync: &Synchronisation,
        ids: &[String],
        list: &List,
    ) -> Result<Recorded, StoreError> {
        let now = self.ports.clock.now();
        let Some(mut tx) = self.begin_following(sync, list).await? else {
            return Ok(None);
        };
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

    /// Imports some of what is new, if the rules say so. What staff have removed does not come back.
    async fn import_some(
        &self,
        sync: &Synchronisation,
        new: &[&Offered],
        list: &List,
    ) -> Result<Recorded, StoreError> {
        let Some(by) = sync.set_by.as_ref() else {
            return Ok(Some(Vec::new()));
        };
        if sync.rules.importing() == ImportNew::Off || new.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let ids: Vec<String> = new.iter().map(|offered| offered.upstream_id.clone()).collect();
        let removed = self.ports.catalog.removed_of(sync.provider, &ids).await?;
        let wanted: Vec<&Offered> = new
            .iter()
            .filter(|offered| !removed.contains(&offered.upstream_id))
            .take(SyncRules::IMPORT_MAX)
            .copied()
            .collect();
        retry_contended(|| self.record_new(sync, by, &wanted, list)).await
    }

    /// Adds these services, unless the list is not to be followed any more.
    async fn record_new(
        &self,
        sync: &Synchronisation,
        by: &UserId,
        wanted: &[&Offered],
        list: &List,
    ) -> Result<Recorded, StoreError> {
        let now = self.ports.clock.now();
        let Some(mut tx) = self.begin_following(sync, list).await? else {
            return Ok(None);
        };
        let mut findings = Vec::new();
        for offered in wanted {
            let Some(described) = list.described.get(&offered.upstream_id) else {
                continue;
            };
            let category = our_category(&sync.rules.categories, &described.category);
            let placement = Placement {
                provider: sync.provider,
                category: tx.catalog().ensure_category(&category, by, now).await?,
                profit: None,
                created_by: by.clone(),
            };
            let Ok(service) = new_service(described, placement) else {
                continue;
            };
            let Unique::Saved(id) = tx.catalog().insert_service(&service, now).await? else {
                continue;
            };
            // It is added and priced in one commit, so nobody sees it at its cost.
            if let Some(service) = tx.catalog().lock_service(id).await? {
                let (after, finding) = import(&service, offered, &sync.rules, now);
                tx.catalog().update_service(&after).await?;
                findings.push(finding);
            }
        }
        if !findings.is_empty() {
            let entry = entry(sync.provider, findings.len(), now).with("imported", findings.len());
            tx.audit().append(&entry).await?;
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
    fn of(list: ProviderList) -> Self {
        let ProviderList {
            offer: catalogue,
            read_as,
        } = list;
        let read = catalogue.services.len();
        let offered: HashMap<String, Offered> = catalogue
            .services
            .iter()
            .filter_map(|service| offered(service).map(|offered| (offered.upstream_id.clone(), offered)))
            .collect();
        let described = catalogue.services.into_iter();
        let described = described.map(|service| (service.upstream_id.clone(), service));
        let described = described.collect();
        let unreadable = catalogue
            .unreadable
            .len()
            .saturating_add(read.saturating_sub(offered.len()));
        Self {
            offered,
            described,
            unreadable,
            read_as,
        }
    }

    /// What is offered and not ours, in the order of the provider's ids.
    fn new_to(&self, ours: &[Service]) -> Vec<&Offered> {
        let known: HashSet<&str> = ours.iter().map(|service| service.upstream_id.as_str()).collect();
        let mut new: Vec<&Offered> = self
            .offered
            .values()
            .filter(|offered| !known.contains(offered.upstream_id.as_str()))
            .collect();
        new.sort_by(|a, b| a.upstream_id.cmp(&b.upstream_id));
        new
    }
}

fn is_new(offered: &Offered) -> Finding {
    Finding {
        kind: FindingKind::New,
        service: None,
        upstream_id: offered.upstream_id.clone(),
        was: String::new(),
        became: offered.name.to_string(),
    }
}

/// The row as rules compare it; `None` if its name cannot be kept.
fn offered(service: &PanelService) -> Option<Offered> {
    Some(Offered {
        name: offered_name(&service.name).ok()?,
        upstream_id: service.upstream_id.clone(),
        service_type: service.service_type.clone(),
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
