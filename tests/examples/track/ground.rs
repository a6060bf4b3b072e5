//! The database, its providers, and the use case that polls them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use application::orders::TrackOrders;
use application::providers::Panels;
use async_trait::async_trait;
use domain::orders::OrderPolicy;
use domain::providers::SealedSecret;
use domain::{Money, OrderId, ProviderId, Secret, Timestamp};
use persistence::testing::TestDatabase;
use persistence::{DatabaseSignal, SeaQueries, SeaStore};
use ports::crypto::{SealError, SecretSealer};
use ports::gateway::PanelGateway;
use ports::limits::{Admission, Limit, RateLimiter};
use ports::{Clock, Store};
use testkit::crowd::Tally;
use testkit::fixtures::{self, Shop, sealed_key};

/// What a worker process does at once by default.
pub const WORKERS: usize = 48;
/// The key of every provider.
pub const KEY: &str = "sandbox-key";
/// The id of the order that all others are copies of: it never ends.
const TEMPLATE: &str = "9999999999999999-0-0-0";

pub struct Ground {
    // First the ports, then the database.
    pub store: Arc<dyn Store>,
    pub queries: Arc<SeaQueries>,
    pub signal: Arc<DatabaseSignal>,
    pub clock: Arc<dyn Clock>,
    pub limiter: Arc<Unlimited>,
    pub tracking: Arc<TrackOrders>,
    pub tally: Arc<Tally>,
    pub providers: Vec<ProviderId>,
    pub template: OrderId,
    pub database: TestDatabase,
}

/// A new database.
pub async fn database(on_postgres: bool) -> anyhow::Result<TestDatabase> {
    if on_postgres {
        TestDatabase::postgres().await?.context("no PostgreSQL")
    } else {
        Ok(TestDatabase::sqlite_file().await?)
    }
}

impl Ground {
    /// So many providers and one order, in a new database.
    pub async fn prepare(
        database: TestDatabase,
        providers: usize,
        clock: Arc<dyn Clock>,
        gateway: Arc<dyn PanelGateway>,
    ) -> anyhow::Result<Self> {
        let connections = database.database();
        let signal = Arc::new(DatabaseSignal::start(connections).await?);
        let store: Arc<dyn Store> = Arc::new(SeaStore::new(connections, signal.clone()));
        let queries = Arc::new(SeaQueries::new(connections));
        let shop = Shop::open(&*store, Money::from_micros(1_000_000_000)).await?;
        let providers = hire(&*store, &shop, providers).await?;
        let template = shop.place(&*store, 1, 1_000, fixtures::NOW).await?.id;
        track(&database, template, clock.now()).await?;

        let (tally, limiter) = (Arc::new(Tally::default()), Arc::new(Unlimited));
        let panels = Panels::new(queries.clone(), Arc::new(Open), limiter.clone(), clock.clone());
        let tracking = TrackOrders::new(
            Arc::clone(&store),
            gateway,
            Arc::new(panels.for_workers(WORKERS)),
            clock.clone(),
            tally.clone(),
            OrderPolicy::default(),
        );
        Ok(Self {
            store,
            queries,
            signal,
            clock,
            limiter,
            tracking: Arc::new(tracking),
            tally,
            providers,
            template,
            database,
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub const fn database_name(&self) -> &'static str {
        if self.database.is_postgres() {
            "PostgreSQL"
        } else {
            "SQLite"
        }
    }

    /// How many orders there are like that.
    pub async fn count(&self, condition: &str) -> anyhow::Result<i64> {
        let sql = format!("SELECT COUNT(*) FROM orders WHERE {condition}");
        Ok(self.database.number(&sql).await?)
    }
}

async fn hire(store: &dyn Store, shop: &Shop, count: usize) -> anyhow::Result<Vec<ProviderId>> {
    let mut ids = vec![shop.provider.id];
    let mut tx = store.begin().await?;
    tx.providers()
        .set_key(shop.provider.id, &sealed_key(1), fixtures::NOW)
        .await?;
    for n in 2..=u32::try_from(count)? {
        let new = fixtures::new_provider(n, &shop.staff.id);
        let id = fixtures::saved(tx.providers().insert(&new, fixtures::NOW).await?);
        tx.providers().set_key(id, &sealed_key(n), fixtures::NOW).await?;
        ids.push(id);
    }
    tx.commit().await?;
    Ok(ids)
}

/// The provider works on the order, and it is not asked about while anybody looks.
async fn track(database: &TestDatabase, id: OrderId, now: Timestamp) -> anyhow::Result<()> {
    let never = now.plus(Duration::from_hours(24 * 365)).micros();
    let now = now.micros();
    let sql = format!(
        "DELETE FROM outbox;
        UPDATE orders SET state = 'in_progress', hold = 'posted', provider_order_id = '{TEMPLATE}',
        provider_status = 'In progress', attempts = 1, submitted_at = {now}, due_at = {never} WHERE id = {id}"
    );
    database.execute(&sql).await.context("the first order")
}

/// Nothing is secret here.
struct Open;

impl SecretSealer for Open {
    fn seal(&self, _: &Secret, _: &str) -> Result<SealedSecret, SealError> {
        Err(SealError::UnknownKey)
    }

    fn open(&self, _: &SealedSecret, _: &str) -> Result<Secret, SealError> {
        Ok(Secret::new(KEY))
    }
}

/// No provider limits us.
pub struct Unlimited;

#[async_trait]
impl RateLimiter for Unlimited {
    async fn take(&self, _: &str, _: Limit) -> Admission {
        Admission::Granted { remaining: 1 }
    }
}
