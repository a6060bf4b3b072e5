//! Staff say how a provider's list is followed, and look at what came of it.

use std::sync::Arc;
use std::time::Duration;

use domain::ProviderId;
use domain::catalog::{SyncRules, Synchronisation};
use domain::identity::right::{ServicesRead, ServicesWrite};
use ports::jobs::JobTopic;
use ports::outbox::NewJob;
use ports::syncs::SyncQueries;
use ports::{Clock, Store, StoreError};

use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// Why nothing was changed about a synchronisation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManageSyncError {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// Its list is not followed, because nobody has set rules.
    #[error("the provider's list is not followed")]
    NoRules,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for ManageSyncError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Sets rules, pauses, and asks for readings.
pub struct ManageSync {
    store: Arc<dyn Store>,
    queries: Arc<dyn SyncQueries>,
    clock: Arc<dyn Clock>,
}

impl ManageSync {
    /// Wires the use cases.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn SyncQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// How a provider's list is followed, and what came of it last.
    ///
    /// # Errors
    /// [`ManageSyncError`].
    pub async fn show(
        &self,
        _: &Staff<ServicesRead>,
        provider: ProviderId,
    ) -> Result<Synchronisation, ManageSyncError> {
        let sync = self.queries.synchronisation(provider).await?;
        sync.ok_or(ManageSyncError::NoRules)
    }

    /// Sets the rules of a provider. The next reading is a whole interval from now, or when staff ask for it.
    ///
    /// # Errors
    /// [`ManageSyncError`] if nothing was set, or nobody knows.
    pub async fn set_rules(
        &self,
        staff: &Staff<ServicesWrite>,
        provider: ProviderId,
        rules: &SyncRules,
        paused: bool,
    ) -> Result<(), ManageSyncError> {
        retry_contended(|| self.record_rules(staff, provider, rules, paused)).await
    }

    /// Asks for a reading now, paused or not.
    ///
    /// # Errors
    /// [`ManageSyncError`] if it was not asked for, or nobody knows.
    pub async fn trigger(
        &self,
        staff: &Staff<ServicesWrite>,
        provider: ProviderId,
    ) -> Result<(), ManageSyncError> {
        retry_contended(|| self.record_wish(staff, provider)).await
    }

    async fn record_rules(
        &self,
        staff: &Member,
        provider: ProviderId,
        rules: &SyncRules,
        paused: bool,
    ) -> Result<(), ManageSyncError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if tx.providers().lock(provider).await?.is_none() {
            return Err(ManageSyncError::UnknownProvider);
        }
        let due_at = now.plus(Duration::from_secs(
            u64::from(rules.every_minutes).saturating_mul(60),
        ));
        tx.syncs()
            .set_rules(provider, rules, paused, due_at, staff.id())
            .await?;
        let margin = rules.margin.unwrap_or_default();
        let entry = staff
            .entry("provider.sync_rules", format!("provider:{provider}"), now)
            .with("paused", paused)
            .with("every_minutes", rules.every_minutes)
            .with("has_margin", rules.margin.is_some())
            .with("margin_points", margin.points)
            .with("margin_fixed", margin.fixed)
            .with("rounding", margin.rounding)
            .with("floor_points", rules.floor_points)
            .with("stop_at_loss", rules.stop_at_loss)
            .with("stop_vanished", rules.stop_vanished)
            .with("shrink_percent", rules.shrink_percent)
            .with("drop_percent", rules.drop_percent)
            .with("import_new", rules.import_new.as_str())
            .with("categories", rules.categories.len());
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn record_wish(&self, staff: &Member, provider: ProviderId) -> Result<(), ManageSyncError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if tx.providers().lock(provider).await?.is_none() {
            return Err(ManageSyncError::UnknownProvider);
        }
        if !tx.syncs().want(provider).await? {
            return Err(ManageSyncError::NoRules);
        }
        let job = NewJob {
            topic: JobTopic::SyncCatalog,
            subject: provider.0,
            due_at: now,
        };
        tx.outbox().push(job).await?;
        let entry = staff.entry("provider.sync", format!("provider:{provider}"), now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
