//! What stands between the process under test and the real adapters: a clock that can be ahead, commits that do not say
//! what became of them, a queue that is emptied by hand.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{OrderId, Timestamp};
use ports::api_keys::ApiKeyRepository;
use ports::audit::AuditRepository;
use ports::catalog::CatalogRepository;
use ports::currency::RateRepository;
use ports::funds::FundsRepository;
use ports::identity::IdentityRepository;
use ports::jobs::{Job, JobQueue, QueueError};
use ports::limits::{Admission, Limit, RateLimiter};
use ports::mail::MailRepository;
use ports::orders::OrderRepository;
use ports::outbox::OutboxRepository;
use ports::placing::Placement;
use ports::providers::ProviderRepository;
use ports::refresh::RefreshRepository;
use ports::social::SocialRepository;
use ports::submission::SubmissionRepository;
use ports::syncs::SyncRepository;
use ports::tokens::TokenRepository;
use ports::two_factor::TwoFactorRepository;
use ports::wallets::WalletRepository;
use ports::{Clock, Store, StoreError, Tx};

use super::life::Word;

/// The database's clock, and how far we are ahead of it: an hour passes in no time.
pub struct ClockAhead {
    inner: Arc<dyn Clock>,
    ahead: AtomicU64,
}

impl ClockAhead {
    pub const fn new(inner: Arc<dyn Clock>, ahead: u64) -> Self {
        Self {
            inner,
            ahead: AtomicU64::new(ahead),
        }
    }

    /// Lets time pass, and says so: the next process begins where this one ends.
    pub fn pass(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap();
        let before = self.ahead.fetch_add(micros, Ordering::SeqCst);
        Word::Ahead(before + micros).say();
    }

    fn ahead(&self) -> Duration {
        Duration::from_micros(self.ahead.load(Ordering::SeqCst))
    }
}

impl Clock for ClockAhead {
    fn now(&self) -> Timestamp {
        self.inner.now().plus(self.ahead())
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic() + self.ahead()
    }
}

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It is recorded, and the connection breaks before it can say so.
    Recorded,
    /// The connection breaks before it is recorded.
    Lost,
}

thread_local! {
    static NEXT_COMMIT: Cell<Option<Silence>> = const { Cell::new(None) };
}

/// The commit that follows on this thread says nothing. Between a point before a commit and the commit itself nothing
/// else runs on the thread.
pub fn silence_the_next_commit(silence: Silence) {
    NEXT_COMMIT.set(Some(silence));
}

/// A store whose commits can be silent.
pub struct SilentStore(pub Arc<dyn Store>);

struct SilentTx(Box<dyn Tx>);

#[async_trait]
impl Store for SilentStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        Ok(Box::new(SilentTx(self.0.begin().await?)))
    }

    /// It commits by itself.
    async fn place(&self, placement: &Placement) -> Result<Option<OrderId>, StoreError> {
        let silence = NEXT_COMMIT.take();
        let placed = match silence {
            Some(Silence::Lost) => None,
            _ => self.0.place(placement).await?,
        };
        match (silence, placed) {
            (Some(Silence::Recorded), None) => {
                NEXT_COMMIT.set(silence);
                Ok(None)
            }
            (None, placed) => Ok(placed),
            (Some(_), _) => Err(StoreError::Unavailable("the connection broke".to_owned())),
        }
    }
}

#[async_trait]
impl Tx for SilentTx {
    fn identity(&mut self) -> &mut dyn IdentityRepository {
        self.0.identity()
    }

    fn catalog(&mut self) -> &mut dyn CatalogRepository {
        self.0.catalog()
    }

    fn providers(&mut self) -> &mut dyn ProviderRepository {
        self.0.providers()
    }

    fn orders(&mut self) -> &mut dyn OrderRepository {
        self.0.orders()
    }

    fn wallets(&mut self) -> &mut dyn WalletRepository {
        self.0.wallets()
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self.0.outbox()
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self.0.audit()
    }

    fn syncs(&mut self) -> &mut dyn SyncRepository {
        self.0.syncs()
    }

    fn submission(&mut self) -> &mut dyn SubmissionRepository {
        self.0.submission()
    }

    fn social(&mut self) -> &mut dyn SocialRepository {
        self.0.social()
    }

    fn mails(&mut self) -> &mut dyn MailRepository {
        self.0.mails()
    }

    fn tokens(&mut self) -> &mut dyn TokenRepository {
        self.0.tokens()
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshRepository {
        self.0.refresh_tokens()
    }

    fn two_factor(&mut self) -> &mut dyn TwoFactorRepository {
        self.0.two_factor()
    }

    fn funds(&mut self) -> &mut dyn FundsRepository {
        self.0.funds()
    }

    fn rates(&mut self) -> &mut dyn RateRepository {
        self.0.rates()
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyRepository {
        self.0.api_keys()
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let silence = NEXT_COMMIT.take();
        if silence != Some(Silence::Lost) {
            self.0.commit().await?;
        }
        match silence {
            None => Ok(()),
            Some(_) => Err(StoreError::Unavailable("the connection broke".to_owned())),
        }
    }
}

/// A queue of this process, which dies with it.
#[derive(Default)]
pub struct Shelf(Mutex<Vec<Job>>);

impl Shelf {
    pub fn take(&self) -> Vec<Job> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[async_trait]
impl JobQueue for Shelf {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        self.0.lock().unwrap().extend_from_slice(jobs);
        Ok(())
    }

    async fn room(&self) -> Result<u16, QueueError> {
        Ok(100)
    }

    async fn held(&self) -> Result<Vec<Job>, QueueError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn check(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

/// Real limits would count real time.
pub struct NoLimits;

#[async_trait]
impl RateLimiter for NoLimits {
    async fn take(&self, _: &str, _: Limit) -> Admission {
        Admission::Granted { remaining: 1 }
    }
}
