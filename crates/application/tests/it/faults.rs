//! A store that is honest until a test wants it otherwise.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::OrderId;
use futures::future::BoxFuture;
use ports::api_keys::ApiKeyRepository;
use ports::audit::AuditRepository;
use ports::catalog::CatalogRepository;
use ports::currency::RateRepository;
use ports::funds::FundsRepository;
use ports::identity::IdentityRepository;
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
use ports::{Store, StoreError, Tx};

/// What happens to a commit.
enum Fault {
    /// It succeeds and says that nobody knows, after something else happened.
    Lie(BoxFuture<'static, ()>),
    /// Nothing is recorded, something else happens, and nobody knows.
    Lose(BoxFuture<'static, ()>),
    /// It fails, and nothing is recorded.
    Contend,
    /// It succeeds, and then something happens.
    Then(BoxFuture<'static, ()>),
}

#[derive(Default)]
struct Plan {
    /// By the number of the commit, counted from now on.
    faults: BTreeMap<usize, Fault>,
    commits: usize,
}

impl Plan {
    /// Counts a commit; what happens to it.
    fn commit(&mut self) -> Option<Fault> {
        self.commits += 1;
        self.faults.remove(&self.commits)
    }
}

/// The wrapper around a real store.
pub struct MoodyStore {
    honest: Arc<dyn Store>,
    plan: Arc<Mutex<Plan>>,
    away: AtomicBool,
    slow: AtomicBool,
    at_once: AtomicUsize,
    first: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl MoodyStore {
    pub fn new(honest: Arc<dyn Store>) -> Self {
        Self {
            honest,
            plan: Arc::default(),
            away: AtomicBool::new(false),
            slow: AtomicBool::new(false),
            at_once: AtomicUsize::new(0),
            first: Mutex::default(),
        }
    }

    /// The `nth` commit from now on succeeds and answers that nobody knows.
    pub fn lies_at(&self, nth: usize) {
        self.lies_at_while(nth, async {});
    }

    /// As [`Self::lies_at`]; between the commit and the answer something else happens.
    pub fn lies_at_while(&self, nth: usize, act: impl Future<Output = ()> + Send + 'static) {
        self.at(nth, Fault::Lie(Box::pin(act)));
    }

    /// Nothing of the `nth` commit from now on is recorded, and it answers that nobody knows, after something else
    /// happened.
    pub fn loses_at_while(&self, nth: usize, act: impl Future<Output = ()> + Send + 'static) {
        self.at(nth, Fault::Lose(Box::pin(act)));
    }

    /// The `nth` commit from now on is in somebody's way.
    pub fn contends_at(&self, nth: usize) {
        self.at(nth, Fault::Contend);
    }

    /// After the `nth` commit from now on something happens before its answer arrives.
    pub fn after(&self, nth: usize, act: impl Future<Output = ()> + Send + 'static) {
        self.at(nth, Fault::Then(Box::pin(act)));
    }

    /// Before the next transaction begins something happens.
    pub fn before_next(&self, act: impl Future<Output = ()> + Send + 'static) {
        *self.first.lock().unwrap() = Some(Box::pin(act));
    }

    /// No transaction begins any more, or they do again.
    pub fn is_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// From now on no order is placed in one round trip.
    pub fn goes_step_by_step(&self) {
        self.slow.store(true, Ordering::SeqCst);
    }

    /// How many orders were placed in one round trip.
    pub fn placed_at_once(&self) -> usize {
        self.at_once.load(Ordering::SeqCst)
    }

    /// Forgets the faults that have not happened.
    pub fn calms_down(&self) {
        self.plan.lock().unwrap().faults.clear();
    }

    /// Whether every fault that was planned has happened.
    pub fn is_done(&self) -> bool {
        self.plan.lock().unwrap().faults.is_empty() && self.first.lock().unwrap().is_none()
    }

    async fn arrive(&self) -> Result<(), StoreError> {
        let first = self.first.lock().unwrap().take();
        if let Some(first) = first {
            first.await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("no connection".to_owned()));
        }
        Ok(())
    }

    fn at(&self, nth: usize, fault: Fault) {
        let mut plan = self.plan.lock().unwrap();
        let commit = plan.commits + nth;
        plan.faults.insert(commit, fault);
    }
}

#[async_trait]
impl Store for MoodyStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        self.arrive().await?;
        Ok(Box::new(MoodyTx {
            honest: self.honest.begin().await?,
            plan: Arc::clone(&self.plan),
        }))
    }

    /// Counts as a commit if the store records the order. It is in nobody's way.
    async fn place(&self, placement: &Placement) -> Result<Option<OrderId>, StoreError> {
        self.arrive().await?;
        if self.slow.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let Some(id) = self.honest.place(placement).await? else {
            return Ok(None);
        };
        self.at_once.fetch_add(1, Ordering::SeqCst);
        let fault = self.plan.lock().unwrap().commit();
        match fault {
            None | Some(Fault::Contend) => Ok(Some(id)),
            Some(Fault::Lose(_)) => panic!("what one round trip recorded cannot be lost afterwards"),
            Some(Fault::Then(act)) => {
                act.await;
                Ok(Some(id))
            }
            Some(Fault::Lie(act)) => {
                act.await;
                Err(StoreError::Unavailable("the connection broke".to_owned()))
            }
        }
    }
}

struct MoodyTx {
    honest: Box<dyn Tx>,
    plan: Arc<Mutex<Plan>>,
}

#[async_trait]
impl Tx for MoodyTx {
    fn identity(&mut self) -> &mut dyn IdentityRepository {
        self.honest.identity()
    }

    fn catalog(&mut self) -> &mut dyn CatalogRepository {
        self.honest.catalog()
    }

    fn providers(&mut self) -> &mut dyn ProviderRepository {
        self.honest.providers()
    }

    fn orders(&mut self) -> &mut dyn OrderRepository {
        self.honest.orders()
    }

    fn wallets(&mut self) -> &mut dyn WalletRepository {
        self.honest.wallets()
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self.honest.outbox()
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self.honest.audit()
    }

    fn syncs(&mut self) -> &mut dyn SyncRepository {
        self.honest.syncs()
    }

    fn submission(&mut self) -> &mut dyn SubmissionRepository {
        self.honest.submission()
    }

    fn social(&mut self) -> &mut dyn SocialRepository {
        self.honest.social()
    }

    fn mails(&mut self) -> &mut dyn MailRepository {
        self.honest.mails()
    }

    fn tokens(&mut self) -> &mut dyn TokenRepository {
        self.honest.tokens()
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshRepository {
        self.honest.refresh_tokens()
    }

    fn two_factor(&mut self) -> &mut dyn TwoFactorRepository {
        self.honest.two_factor()
    }

    fn funds(&mut self) -> &mut dyn FundsRepository {
        self.honest.funds()
    }

    fn rates(&mut self) -> &mut dyn RateRepository {
        self.honest.rates()
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyRepository {
        self.honest.api_keys()
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let fault = self.plan.lock().unwrap().commit();
        match fault {
            None => self.honest.commit().await,
            Some(Fault::Lose(act)) => {
                drop(self.honest);
                act.await;
                Err(StoreError::Unavailable("the connection broke".to_owned()))
            }
            Some(Fault::Contend) => Err(StoreError::Contended),
            Some(Fault::Then(act)) => {
                self.honest.commit().await?;
                act.await;
                Ok(())
            }
            Some(Fault::Lie(act)) => {
                self.honest.commit().await?;
                act.await;
                Err(StoreError::Unavailable("the connection broke".to_owned()))
            }
        }
    }
}
