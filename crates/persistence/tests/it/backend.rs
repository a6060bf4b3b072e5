//! A new database behind its ports, for each test.

use std::sync::Arc;

use persistence::testing::TestDatabase;
use persistence::{DatabaseSignal, SeaHealth, SeaIdentity, SeaLedger, SeaQueries, SeaRelay, SeaStore};
use testkit::contract::{Backend, Beside, Case};
use testkit::fake::FakeClock;

/// A database and everything on it. The ports go before the database does.
pub struct Bench {
    pub backend: Backend,
    pub clock: Arc<FakeClock>,
    pub signal: Arc<DatabaseSignal>,
    pub database: TestDatabase,
}

impl Bench {
    pub async fn on(database: TestDatabase) -> Self {
        let connections = database.database();
        let clock = Arc::new(FakeClock::default());
        let signal = Arc::new(
            DatabaseSignal::start(connections)
                .await
                .expect("the signal starts"),
        );
        let beside = Beside {
            store: Arc::new(SeaStore::new(connections, signal.clone())),
            relay: Arc::new(SeaRelay::new(connections)),
            server: Arc::new(SeaIdentity::new(connections)),
            proof: Arc::new(SeaLedger::new(connections, clock.clone())),
            health: Arc::new(SeaHealth::new(connections)),
        };
        let backend = Backend::of(&Arc::new(SeaQueries::new(connections)), beside);
        Self {
            backend,
            clock,
            signal,
            database,
        }
    }

    pub async fn sqlite_memory() -> Self {
        let database = TestDatabase::sqlite_memory().await;
        Self::on(database.expect("SQLite opens in memory")).await
    }

    pub async fn sqlite_file() -> Self {
        let database = TestDatabase::sqlite_file().await;
        Self::on(database.expect("SQLite opens a file")).await
    }

    /// `None` without a server, which was said on the output.
    pub async fn postgres() -> Option<Self> {
        let database = TestDatabase::postgres().await;
        match database.expect("PostgreSQL makes a database") {
            Some(database) => Some(Self::on(database).await),
            None => None,
        }
    }

    /// Runs a case of a contract.
    pub async fn check(self, case: impl AsyncFnOnce(&Backend) -> Case) {
        case(&self.backend).await.expect("the database works");
    }
}

/// One test for each database of a function that takes a [`Bench`].
macro_rules! on_every_database {
    ($($case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite_memory() {
                super::$case($crate::backend::Bench::sqlite_memory().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite_file() {
                super::$case($crate::backend::Bench::sqlite_file().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(bench) = $crate::backend::Bench::postgres().await {
                    super::$case(bench).await;
                }
            }
        }
    )+ };
}
pub(crate) use on_every_database;
