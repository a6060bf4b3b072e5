//! How providers' lists are followed.

use async_trait::async_trait;
use domain::catalog::{SyncRules, SyncRun, Synchronisation};
use domain::{ProviderId, Timestamp, UserId};

use crate::store::StoreError;

/// Synchronisations inside a transaction.
#[async_trait]
pub trait SyncRepository: Send {
    /// Sets the rules of a provider, whether it is paused, when its list is read next, and who says so.
    async fn set_rules(
        &mut self,
        provider: ProviderId,
        rules: &SyncRules,
        paused: bool,
        due_at: Timestamp,
        by: &UserId,
    ) -> Result<(), StoreError>;

    /// Notes that staff want a reading. `false` if there are no rules.
    async fn want(&mut self, provider: ProviderId) -> Result<bool, StoreError>;

    /// Begins a reading, if one is due or wanted: it is neither afterwards, until the next interval has passed. As it is
    /// then, with the number of this beginning.
    async fn begin(
        &mut self,
        provider: ProviderId,
        now: Timestamp,
    ) -> Result<Option<Synchronisation>, StoreError>;

    /// Whether `run` is still the last beginning. Locks the row until the transaction ends, so that nobody begins another
    /// one while this one records.
    async fn still(&mut self, provider: ProviderId, run: i64) -> Result<bool, StoreError>;

    /// Notes how the reading with this number ended. `false` if another one has begun since.
    async fn end(&mut self, provider: ProviderId, run: i64, ended: &SyncRun) -> Result<bool, StoreError>;
}

/// Synchronisations for reading.
#[async_trait]
pub trait SyncQueries: Send + Sync {
    /// A provider's, if it has rules.
    async fn synchronisation(&self, provider: ProviderId) -> Result<Option<Synchronisation>, StoreError>;

    /// Providers that are not archived and whose list is to be read, those that have waited longest first.
    async fn due_syncs(&self, now: Timestamp, limit: u16) -> Result<Vec<ProviderId>, StoreError>;
}
