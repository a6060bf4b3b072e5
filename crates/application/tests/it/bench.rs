//! A shop on a database of its own, and every use case around it.

use std::ops::Deref;
use std::sync::Arc;

use application::currency::Rates;
use application::funds::{CheckDeposit, FundsPorts};
use application::jobs::{JobRunner, Relay, Schedules, UseCases};
use application::mail::{DeliverMail, DeliveryPorts, MailOffice, MailPolicy, PublicAddress};
use application::orders::{
    CancelOrder, CancelUpstream, DecideOrder, PlaceOrder, ReconcileOrder, RescueOrders, SubmitOrder,
    TrackOrders,
};
use application::providers::{Panels, ProviderConnection};
use application::submission::{GuardPorts, SubmissionGuard};
use domain::Money;
use domain::currency::RatePolicy;
use domain::funds::FundsPolicy;
use domain::orders::OrderPolicy;
use domain::providers::LookupCapability;
use persistence::testing::TestDatabase;
use persistence::{DatabaseSignal, SeaQueries, SeaRelay, SeaStore};
use ports::{Clock, Store};
use testkit::contract::Backend;
use testkit::crowd::Tally;
use testkit::fake::{FakeClock, FakeIds, FakeMemory, FakeServer};
use testkit::fixtures::{Shop, admin};

use crate::backend::backend;
use crate::doubles::{Limiter, Sealer, Shelf, Silence};
use crate::faults::MoodyStore;
use crate::mails::{Envelope, FakeCarrier, Plain};
use crate::outbox::MoodyOutbox;
use crate::panel::Panel;

/// What the customer has at first, in units.
pub const WEALTH: i64 = 200;
/// Pieces of every order here; their price is one unit, their cost 0.9.
pub const PIECES: u64 = 1_000;
/// What [`PIECES`] cost the customer.
pub const PRICE: Money = Money::from_micros(1_000_000);
/// What [`PIECES`] cost us.
pub const COST: Money = Money::from_micros(900_000);

pub const fn units(units: i64) -> Money {
    Money::from_micros(units * 1_000_000)
}

/// A bench that must be closed: closing it proves the books.
pub struct Bench {
    desk: Desk,
    closed: bool,
}

/// What a test works with; clones work on the same shop.
#[derive(Clone)]
pub struct Desk {
    pub backend: Backend,
    pub store: Arc<MoodyStore>,
    pub outbox: Arc<MoodyOutbox>,
    pub clock: Arc<FakeClock>,
    pub panel: Arc<Panel>,
    pub panels: Arc<Panels>,
    pub limiter: Arc<Limiter>,
    pub carrier: Arc<FakeCarrier>,
    pub envelope: Arc<Envelope>,
    pub ids: Arc<FakeIds>,
    pub server: Arc<FakeServer>,
    pub memory: Arc<FakeMemory>,
    pub guard: Arc<SubmissionGuard>,
    guard_of: GuardPorts,
    pub sealer: Arc<Sealer>,
    pub shelf: Arc<Shelf>,
    pub shop: Shop,
    pub policy: OrderPolicy,
    pub database: Arc<TestDatabase>,
}

impl Deref for Bench {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        assert!(
            self.closed || std::thread::panicking(),
            "the test did not prove the books"
        );
    }
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(OrderPolicy::default()).await
    }

    pub async fn with(policy: OrderPolicy) -> Self {
        let database = TestDatabase::sqlite_memory().await.unwrap();
        Self::on(database, policy).await
    }

    /// What is written is seen by readers when it is committed, and not before.
    pub async fn in_a_file() -> Self {
        let database = TestDatabase::sqlite_file().await.unwrap();
        Self::on(database, OrderPolicy::default()).await
    }

    /// `None` without a server, which was said on the output.
    pub async fn on_postgres() -> Option<Self> {
        let database = TestDatabase::postgres().await.unwrap()?;
        Some(Self::on(database, OrderPolicy::default()).await)
    }

    async fn on(database: TestDatabase, policy: OrderPolicy) -> Self {
        Self {
            desk: Desk::open(database, policy).await,
            closed: false,
        }
    }

    /// The provider finds lost orders so.
    pub async fn finding(lookup: LookupCapability) -> Self {
        let bench = Self::new().await;
        bench.finds_orders(lookup).await;
        bench
    }

    /// Ends a test that copied orders behind the back of the ledger: its books prove nothing.
    pub fn leave(mut self) {
        self.closed = true;
    }

    /// Ends the test: what was planned has happened, and the books are sound.
    pub async fn close(mut self) {
        self.closed = true;
        assert!(
            self.panel.is_played(),
            "the provider was asked less than expected"
        );
        assert!(self.store.is_done(), "a fault did not happen");
        self.prove().await;
    }
}

impl Desk {
    async fn open(database: TestDatabase, policy: OrderPolicy) -> Self {
        let database = Arc::new(database);
        let connections = database.database();
        let clock = Arc::new(FakeClock::default());
        let signal = Arc::new(DatabaseSignal::start(connections).await.unwrap());
        let honest: Arc<dyn Store> = Arc::new(SeaStore::new(connections, signal));
        let shop = Shop::open(&*honest, units(WEALTH)).await.unwrap();
        hire(&*honest, 1..=2).await;
        let store = Arc::new(MoodyStore::new(honest));
        let outbox = Arc::new(MoodyOutbox::new(Arc::new(SeaRelay::new(connections))));
        let queries = Arc::new(SeaQueries::new(connections));
        let backend = backend(connections, store.clone(), outbox.clone(), &queries, &clock);
        let (limiter, sealer) = (Arc::new(Limiter::default()), Arc::new(Sealer::default()));
        let providers = Arc::clone(&backend.providers);
        let panels = Panels::new(providers, sealer.clone(), limiter.clone(), clock.clone());
        let (server, memory) = (Arc::<FakeServer>::default(), Arc::<FakeMemory>::default());
        server.becomes("1");
        let guard_of = GuardPorts {
            store: store.clone(),
            queries,
            identity: server.clone(),
            memory: memory.clone(),
            limiter: limiter.clone(),
            ids: Arc::new(FakeIds::default()),
            clock: clock.clone(),
        };
        let guard = Arc::new(SubmissionGuard::new(guard_of.clone(), policy));
        guard.look().await.unwrap();
        Self {
            carrier: Arc::default(),
            envelope: Arc::default(),
            ids: Arc::default(),
            server,
            memory,
            guard,
            guard_of,
            backend,
            store,
            outbox,
            clock,
            panel: Arc::default(),
            panels: Arc::new(panels),
            limiter,
            sealer,
            shelf: Arc::default(),
            shop,
            policy,
            database,
        }
    }

    pub fn placing(&self) -> PlaceOrder {
        let backend = self.backend.clone();
        PlaceOrder::new(
            backend.store,
            backend.orders,
            backend.catalog,
            self.time(),
            self.policy,
        )
    }

    pub fn submitting(&self) -> SubmitOrder {
        SubmitOrder::new(
            Arc::clone(&self.backend.store),
            Arc::clone(&self.backend.orders),
            self.panel.clone(),
            Arc::clone(&self.panels),
            self.time(),
            Arc::clone(&self.guard),
            self.policy,
            "worker".to_owned(),
        )
    }

    pub fn rescuing(&self) -> RescueOrders {
        RescueOrders::new(
            Arc::clone(&self.backend.store),
            Arc::clone(&self.backend.orders),
            self.time(),
            self.policy,
        )
    }

    pub fn reconciling(&self) -> ReconcileOrder {
        ReconcileOrder::new(
            Arc::clone(&self.backend.store),
            Arc::clone(&self.backend.orders),
            self.panel.clone(),
            Arc::clone(&self.panels),
            self.time(),
            Arc::clone(&self.guard),
            self.policy,
        )
    }

    pub fn tracking(&self) -> TrackOrders {
        TrackOrders::new(
            Arc::clone(&self.backend.store),
            self.panel.clone(),
            Arc::clone(&self.panels),
            self.time(),
            Arc::new(Tally::default()),
            self.policy,
        )
    }

    pub fn canceling(&self) -> CancelOrder {
        CancelOrder::new(
            Arc::clone(&self.backend.store),
            self.time(),
            Arc::clone(&self.guard),
        )
    }

    pub fn canceling_upstream(&self) -> CancelUpstream {
        CancelUpstream::new(
            Arc::clone(&self.backend.store),
            Arc::clone(&self.backend.orders),
            self.panel.clone(),
            Arc::clone(&self.panels),
            self.time(),
        )
    }

    pub fn mailing(&self) -> DeliverMail {
        let ports = DeliveryPorts {
            store: Arc::clone(&self.backend.store),
            mails: Arc::clone(&self.backend.mails),
            identity: Arc::clone(&self.backend.identity),
            renderer: Arc::new(Plain),
            mailer: self.carrier.clone(),
            digester: Arc::new(Plain),
            clock: self.time(),
        };
        DeliverMail::new(ports, self.office())
    }

    pub fn checking_deposits(&self) -> CheckDeposit {
        CheckDeposit::new(FundsPorts {
            store: Arc::clone(&self.backend.store),
            queries: Arc::clone(&self.backend.funds),
            users: Arc::clone(&self.backend.identity),
            limiter: self.limiter.clone(),
            sealer: self.sealer.clone(),
            ids: self.ids.clone(),
            clock: self.time(),
            paytm: None,
            rates: self.rates(),
            policy: Arc::new(FundsPolicy::default()),
        })
    }

    pub fn rates(&self) -> Arc<Rates> {
        let queries = Arc::clone(&self.backend.rates);
        Arc::new(Rates::new(queries, self.time(), RatePolicy::default()))
    }

    pub fn connection(&self) -> Arc<ProviderConnection> {
        Arc::new(ProviderConnection::new(
            Arc::clone(&self.backend.store),
            self.panel.clone(),
            Arc::clone(&self.panels),
            self.rates(),
            self.time(),
        ))
    }

    pub fn office(&self) -> MailOffice {
        let policy = MailPolicy {
            project: "The Panel".to_owned(),
            public_address: PublicAddress::new("https://panel.example"),
            has_carrier: true,
            verify_on_sign_up: true,
            welcome: true,
            sign_in_after_verification: false,
            verification: std::time::Duration::from_mins(90),
        };
        MailOffice::new(self.envelope.clone(), self.ids.clone(), policy)
    }

    pub fn deciding(&self) -> DecideOrder {
        let guard = Arc::clone(&self.guard);
        DecideOrder::new(Arc::clone(&self.backend.store), self.time(), guard, self.policy)
    }

    /// That of another node, which was just started.
    pub fn new_guard(&self) -> Arc<SubmissionGuard> {
        Arc::new(SubmissionGuard::new(self.guard_of.clone(), self.policy))
    }

    pub fn relay(&self) -> Relay {
        Relay::new(Arc::clone(&self.backend.relay), self.shelf.clone(), self.time())
    }

    pub fn runner(&self) -> JobRunner {
        let use_cases = UseCases {
            submit: self.submitting(),
            reconcile: self.reconciling(),
            cancel: self.canceling_upstream(),
            track: self.tracking(),
            mail: self.mailing(),
            deposits: self.checking_deposits(),
            sync: self.following(),
        };
        JobRunner::new(
            use_cases,
            Arc::clone(&self.backend.relay),
            Arc::new(Silence),
            self.time(),
        )
    }

    pub fn schedules(&self) -> Schedules {
        Schedules::new(
            self.rescuing(),
            Arc::clone(&self.backend.store),
            Arc::clone(&self.backend.orders),
            Arc::clone(&self.backend.mails),
            Arc::clone(&self.backend.syncs),
            self.limiter.clone(),
            self.time(),
        )
    }

    fn time(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }
}

/// Adds members of staff.
async fn hire(store: &dyn Store, people: std::ops::RangeInclusive<u32>) {
    let mut tx = store.begin().await.unwrap();
    for n in people {
        tx.identity().insert_user(&admin(Shop::STAFF + n)).await.unwrap();
    }
    tx.commit().await.unwrap();
}
