//! An installation of the product: where its state lives, how its processes are started, and a look inside.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Secret;
use domain::orders::OrderPolicy;
use persistence::testing::TestDatabase;
use serde::{Deserialize, Serialize};
use smm_guru::{AddressPolicy, DistributedOptions, EmbeddedOptions, FundsSetup, MailSetup, System};
use tempfile::TempDir;

use super::program::{Finished, Program, Variables, run};
use crate::support::{RedisDatabase, Servers, eventually};

const COOKIE_SECRET: &str = "cookies of the tests are signed with 0123456789";
const SEALING_SECRET: &str = "keys of the tests are sealed with 9876543210";

/// A protocol in a hurry: what takes minutes in production takes seconds.
pub const HURRIED: OrderPolicy = OrderPolicy {
    lease: Duration::from_secs(5),
    send_within: Duration::from_secs(2),
    send_timeout: Duration::from_secs(3),
    quarantine: Duration::from_secs(1),
    poll_percent: 1,
    lookup_percent: 10,
    ..DECIDED
};
/// The decided protocol, but for a panel whose orders take a second.
pub const PATIENT: OrderPolicy = OrderPolicy {
    poll_percent: 1,
    lookup_percent: 10,
    ..DECIDED
};

const DECIDED: OrderPolicy = OrderPolicy {
    lease: Duration::from_secs(90),
    send_within: Duration::from_secs(30),
    send_timeout: Duration::from_secs(25),
    quarantine: Duration::from_secs(600),
    attempts_max: 5,
    write_off_after: Duration::from_hours(24),
    second_approver_from: domain::Money::from_micros(1_000_000_000),
    twin_window: Duration::from_secs(15),
    poll_percent: 100,
    lookup_percent: 100,
    verified_only: false,
};

/// Where state lives, for as long as the test runs.
enum Place {
    Folder(TempDir),
    Servers(Box<Servers>),
    /// A PostgreSQL of the test's own, and a Redis.
    Private(String, RedisDatabase),
    /// A PostgreSQL database, and a Redis of the test's own.
    Beside(Box<TestDatabase>, String),
}

impl Place {
    /// The addresses of PostgreSQL and Redis.
    fn addresses(&self) -> Option<(&str, &str)> {
        match self {
            Self::Folder(_) => None,
            Self::Servers(servers) => Some((servers.database.url(), &servers.redis.url)),
            Self::Private(database, redis) => Some((database, &redis.url)),
            Self::Beside(database, redis) => Some((database.url(), redis)),
        }
    }
}

/// Where the state of an installation is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Address {
    Folder(PathBuf),
    Servers { database: String, redis: String },
}

/// Opens an installation in this process. On servers it does `workers` jobs at once; embedded it does as many as ever.
pub async fn open_at(address: &Address, policy: OrderPolicy, workers: usize) -> System {
    let (listen, addresses): (SocketAddr, _) = (([127, 0, 0, 1], 0).into(), AddressPolicy::AllowPrivate);
    let opened = match address {
        Address::Folder(folder) => {
            smm_guru::embedded(EmbeddedOptions {
                folder: folder.clone(),
                policy,
                addresses,
                funds: FundsSetup::none(),
                listen,
            })
            .await
        }
        Address::Servers { database, redis } => {
            smm_guru::distributed(DistributedOptions {
                database_url: Secret::new(database),
                redis_url: Secret::new(redis),
                cookie_secret: Secret::new(COOKIE_SECRET),
                sealing_secret: Secret::new(SEALING_SECRET),
                policy,
                addresses,
                mail: MailSetup::none(),
                funds: FundsSetup::none(),
                connections: 4,
                concurrency: workers,
                listen,
            })
            .await
        }
    };
    opened.unwrap()
}

/// An installation without any process.
pub struct Installation {
    place: Place,
    policy: OrderPolicy,
}

impl Installation {
    /// A throw-away folder.
    pub fn embedded(policy: OrderPolicy) -> Self {
        Self {
            place: Place::Folder(tempfile::tempdir().unwrap()),
            policy,
        }
    }

    /// A PostgreSQL database and a Redis of its own. Without servers `test` says that it is skipped.
    pub async fn distributed(policy: OrderPolicy, test: &str) -> Option<Self> {
        let servers = Servers::fresh(test).await?;
        Some(Self {
            place: Place::Servers(Box::new(servers)),
            policy,
        })
    }

    /// An empty database at this address, and a Redis of its own. Without one `test` says that it is skipped.
    pub async fn on(policy: OrderPolicy, database: &str, test: &str) -> Option<Self> {
        let redis = RedisDatabase::fresh(test).await?;
        Some(Self {
            place: Place::Private(database.to_owned(), redis),
            policy,
        })
    }

    /// From now on its database is at another address.
    pub fn move_to(&mut self, address: &str) {
        if let Place::Private(database, _) = &mut self.place {
            address.clone_into(database);
        }
    }

    /// A PostgreSQL database, and the Redis at this address. Without a server it says that the test is skipped.
    pub async fn beside(policy: OrderPolicy, redis: &str) -> Option<Self> {
        let database = TestDatabase::postgres().await.unwrap()?;
        Some(Self {
            place: Place::Beside(Box::new(database), redis.to_owned()),
            policy,
        })
    }

    /// The PostgreSQL database, for looks at what is recorded there.
    pub fn database(&self) -> &TestDatabase {
        match &self.place {
            Place::Servers(servers) => &servers.database,
            Place::Beside(database, _) => database,
            Place::Folder(_) | Place::Private(..) => panic!("it is nobody else's"),
        }
    }

    /// The Redis, for looks at what is in it.
    pub fn redis(&self) -> &RedisDatabase {
        match &self.place {
            Place::Servers(servers) => &servers.redis,
            Place::Private(_, redis) => redis,
            Place::Folder(_) | Place::Beside(..) => panic!("it is nobody else's"),
        }
    }

    /// Redis forgets everything.
    pub fn wipe_redis(&self) {
        if let Place::Private(_, redis) = &self.place {
            redis.wipe();
        }
    }

    /// The folder of an embedded installation.
    pub fn folder(&self) -> &Path {
        match &self.place {
            Place::Folder(folder) => folder.path(),
            Place::Servers(_) | Place::Private(..) | Place::Beside(..) => panic!("it is not in a folder"),
        }
    }

    /// What its processes find in their environment.
    pub fn variables(&self) -> Variables {
        let seconds = |duration: Duration| duration.as_secs_f64().to_string();
        let mut variables = vec![
            ("PORT", "0".to_owned()),
            ("METRICS_ADDRESS", "127.0.0.1:0".to_owned()),
            ("ALLOW_PRIVATE_TARGETS", "true".to_owned()),
            // A few customers stand for many.
            ("LIMIT_ORDERS_PER_USER", "off".to_owned()),
            ("LIMIT_OTHERS_PER_USER", "off".to_owned()),
            ("ORDERS_LEASE_SECONDS", seconds(self.policy.lease)),
            ("ORDERS_SEND_WITHIN_SECONDS", seconds(self.policy.send_within)),
            ("ORDERS_SEND_TIMEOUT_SECONDS", seconds(self.policy.send_timeout)),
            ("ORDERS_QUARANTINE_SECONDS", seconds(self.policy.quarantine)),
            ("ORDERS_POLL_PERCENT", self.policy.poll_percent.to_string()),
            ("ORDERS_LOOKUP_PERCENT", self.policy.lookup_percent.to_string()),
        ];
        if let Place::Folder(folder) = &self.place {
            variables.push(("DATA_DIR", folder.path().join("data").display().to_string()));
        }
        if let Some((database, redis)) = self.place.addresses() {
            variables.extend([
                ("DATABASE_URL", database.to_owned()),
                ("REDIS_URL", redis.to_owned()),
                ("BETTER_AUTH_SECRET", COOKIE_SECRET.to_owned()),
                ("AES_SECRET_KEY", SEALING_SECRET.to_owned()),
            ]);
        }
        variables
    }

    /// Where its state is, to be told to another process.
    pub fn address(&self) -> Address {
        match self.place.addresses() {
            None => Address::Folder(self.folder().join("data")),
            Some((database, redis)) => Address::Servers {
                database: database.to_owned(),
                redis: redis.to_owned(),
            },
        }
    }

    /// Whether its state is in a folder.
    pub const fn is_embedded(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }

    /// The same installation as a library, for a look inside or for what needs no process. It does no work by itself.
    pub async fn open(&self) -> System {
        open_at(&self.address(), self.policy, 1).await
    }

    /// Starts an API node, on an embedded installation with workers; where it listens.
    pub async fn serve(&self) -> (Program, String) {
        let mut program = Program::start(&["serve"], &self.variables());
        let address = program.says("SMM Guru listens on ").await;
        (program, address)
    }

    /// Starts a worker node.
    pub async fn work(&self) -> Program {
        self.work_with(&[]).await
    }

    /// Starts a worker node that finds this in its environment, too.
    pub async fn work_with(&self, more: &[(&'static str, String)]) -> Program {
        let mut variables = self.variables();
        variables.extend_from_slice(more);
        let mut program = Program::start(&["work"], &variables);
        program.says("SMM Guru works").await;
        program
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        run(arguments, &self.variables())
    }

    /// Lets submissions go on, as soon as the orders in doubt are marked.
    pub async fn release(&self, reason: &str) {
        let ask = async || {
            let answer = self.run(&["submission", "release", "--reason", reason]);
            let marking = answer.stderr.contains("still being marked");
            (!marking).then(|| answer.good())
        };
        eventually(|| "the orders in doubt are never marked".to_owned(), ask).await;
    }

    /// The books are right, and the program says so.
    pub fn books_are_right(&self) {
        let said = self.run(&["ledger", "verify"]).good();
        assert!(
            said.contains("V13") && said.contains("The books are right."),
            "{said}"
        );
    }
}
