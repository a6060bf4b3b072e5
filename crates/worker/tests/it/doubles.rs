//! Ports that misbehave on demand, or tell what was asked of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::jobs::{Job, JobConsumer, JobHandler, Stop};
use ports::limits::{Admission, Limit, RateLimiter};
use ports::outbox::{Backlog, OutboxRelay, Settlement, Wanted};
use tokio::time::sleep;

/// What a claim does instead of claiming.
#[derive(Clone, Copy)]
pub enum Trouble {
    Error,
    Panic,
    Hang,
    /// Takes a while and goes well.
    Slow,
}

/// An outbox whose first claims go wrong.
pub struct TroubledOutbox {
    outbox: Arc<dyn OutboxRelay>,
    trouble: Trouble,
    troubled_claims: usize,
    claims: AtomicUsize,
    claimed: AtomicUsize,
}

impl TroubledOutbox {
    pub fn new(outbox: Arc<dyn OutboxRelay>, trouble: Trouble, troubled_claims: usize) -> Arc<Self> {
        Arc::new(Self {
            outbox,
            trouble,
            troubled_claims,
            claims: AtomicUsize::new(0),
            claimed: AtomicUsize::new(0),
        })
    }

    /// How many claims have begun.
    pub fn claims(&self) -> usize {
        self.claims.load(Ordering::SeqCst)
    }

    /// How many claims are under way.
    pub fn claiming(&self) -> usize {
        self.claims() - self.claimed.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl OutboxRelay for TroubledOutbox {
    async fn claim_due(&self, wanted: &Wanted) -> Result<Vec<Job>, StoreError> {
        if self.claims.fetch_add(1, Ordering::SeqCst) < self.troubled_claims {
            match self.trouble {
                Trouble::Error => return Err(StoreError::Unavailable("as the test wants it".to_owned())),
                Trouble::Panic => panic!("this claim panics, as the test wants it"),
                Trouble::Hang => std::future::pending().await,
                Trouble::Slow => sleep(Duration::from_millis(600)).await,
            }
        }
        let claimed = self.outbox.claim_due(wanted).await;
        self.claimed.fetch_add(1, Ordering::SeqCst);
        claimed
    }

    async fn begin(&self, jobs: &[Job], lease_until: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.outbox.begin(jobs, lease_until).await
    }

    async fn settle(&self, settled: &[(Job, Settlement)]) -> Result<Vec<bool>, StoreError> {
        self.outbox.settle(settled).await
    }

    async fn renew(
        &self,
        jobs: &[Job],
        lease_until: Timestamp,
        earlier_than: Timestamp,
    ) -> Result<u64, StoreError> {
        self.outbox.renew(jobs, lease_until, earlier_than).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.outbox.next_due(now).await
    }

    async fn unclaim(&self, jobs: &[Job]) -> Result<(), StoreError> {
        self.outbox.unclaim(jobs).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        self.outbox.backlog(now).await
    }
}

/// Lets no schedule through, and knows how often each asked. Every answer takes a while.
#[derive(Default)]
pub struct Doorkeeper {
    delay: Duration,
    seen: Mutex<HashMap<String, Asked>>,
}

#[derive(Default, Clone, Copy)]
pub struct Asked {
    pub times: usize,
    now: usize,
    pub most_at_once: usize,
}

impl Doorkeeper {
    pub fn slow(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }

    pub fn asked(&self) -> HashMap<String, Asked> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl RateLimiter for Doorkeeper {
    async fn take(&self, key: &str, _: Limit) -> Admission {
        {
            let mut seen = self.seen.lock().unwrap();
            let asked = seen.entry(key.to_owned()).or_default();
            asked.times += 1;
            asked.now += 1;
            asked.most_at_once = asked.most_at_once.max(asked.now);
        }
        sleep(self.delay).await;
        self.seen.lock().unwrap().get_mut(key).unwrap().now -= 1;
        Admission::Denied {
            retry_after: Duration::from_secs(1),
        }
    }
}

/// A consumer that takes nothing. When it is told to stop it looks at the outbox, and then takes its time.
pub struct IdleConsumer {
    pub outbox: Arc<TroubledOutbox>,
    pub ends_after: Duration,
    pub claiming_when_stopped: Mutex<Option<usize>>,
}

#[async_trait]
impl JobConsumer for IdleConsumer {
    async fn consume(&self, _: Arc<dyn JobHandler>, _: usize, stop: Stop) {
        stop.cancelled().await;
        *self.claiming_when_stopped.lock().unwrap() = Some(self.outbox.claiming());
        sleep(self.ends_after).await;
    }
}
