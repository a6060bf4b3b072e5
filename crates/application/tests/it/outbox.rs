//! An outbox that is honest until a test wants it otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::jobs::Job;
use ports::outbox::{Backlog, OutboxRelay, Settlement, Wanted};

/// The wrapper around a real outbox.
pub struct MoodyOutbox {
    honest: Arc<dyn OutboxRelay>,
    contentions: AtomicUsize,
    deaf: AtomicBool,
}

impl MoodyOutbox {
    pub fn new(honest: Arc<dyn OutboxRelay>) -> Self {
        Self {
            honest,
            contentions: AtomicUsize::new(0),
            deaf: AtomicBool::new(false),
        }
    }

    /// The next settlements are in somebody's way, so many times.
    pub fn contends(&self, times: usize) {
        self.contentions.store(times, Ordering::SeqCst);
    }

    /// Nothing is settled any more, or it is again.
    pub fn is_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }
}

#[async_trait]
impl OutboxRelay for MoodyOutbox {
    async fn claim_due(&self, wanted: &Wanted) -> Result<Vec<Job>, StoreError> {
        self.honest.claim_due(wanted).await
    }

    async fn begin(&self, jobs: &[Job], lease_until: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.honest.begin(jobs, lease_until).await
    }

    async fn settle(&self, settled: &[(Job, Settlement)]) -> Result<Vec<bool>, StoreError> {
        if self.deaf.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("no connection".to_owned()));
        }
        let less = |times: usize| times.checked_sub(1);
        if self
            .contentions
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
        {
            return Err(StoreError::Contended);
        }
        self.honest.settle(settled).await
    }

    async fn renew(
        &self,
        jobs: &[Job],
        lease_until: Timestamp,
        earlier_than: Timestamp,
    ) -> Result<u64, StoreError> {
        self.honest.renew(jobs, lease_until, earlier_than).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.honest.next_due(now).await
    }

    async fn unclaim(&self, jobs: &[Job]) -> Result<(), StoreError> {
        self.honest.unclaim(jobs).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        self.honest.backlog(now).await
    }
}
