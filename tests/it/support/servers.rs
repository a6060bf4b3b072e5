//! The servers that tests of distributed systems need: a database and a Redis that no other test looks into.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use persistence::testing::TestDatabase;

use super::redis::Connection;

const REDIS_URL: &str = "TEST_REDIS_URL";
const REQUIRE_SERVERS: &str = "REQUIRE_SERVERS";
/// Marks a logical database as taken.
const CLAIM: &str = "smm-guru-acceptance-test";
/// A test that dies without giving its database back keeps it for so long, in seconds.
const CLAIM_SECONDS: &str = "300";
/// How long to wait for a logical database.
const PATIENCE: Duration = Duration::from_secs(120);

#[expect(
    clippy::disallowed_methods,
    reason = "where the servers are is told by the test runner"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where an installed program is.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

/// A PostgreSQL database and a logical Redis database. They go away with this value.
pub struct Servers {
    pub database: TestDatabase,
    pub redis: RedisDatabase,
}

impl Servers {
    /// Fresh ones. Without servers `test` says that it is skipped, unless servers are required.
    pub async fn fresh(test: &str) -> Option<Self> {
        let redis = RedisDatabase::fresh(test).await?;
        let database = TestDatabase::postgres().await.expect("a database can be created");
        let Some(database) = database else {
            println!("skipped {test} with PostgreSQL and Redis");
            return None;
        };
        Some(Self { database, redis })
    }
}

/// Whether a test must not skip itself for want of a server.
pub fn is_required() -> bool {
    variable(REQUIRE_SERVERS).is_some_and(|value| value == "1")
}

/// One of the logical databases of a Redis. The first is left to tests that use prefixes.
pub struct RedisDatabase {
    /// Its address, for systems.
    pub url: String,
    address: String,
    number: u32,
}

impl RedisDatabase {
    /// One that is empty. Without a server `test` says that it is skipped, unless servers are required.
    pub async fn fresh(test: &str) -> Option<Self> {
        let Some(redis_url) = variable(REDIS_URL) else {
            assert!(!is_required(), "{REDIS_URL} is not set, and {REQUIRE_SERVERS} is");
            println!("skipped {test} with PostgreSQL and Redis: {REDIS_URL} is not set");
            return None;
        };
        let claiming = tokio::task::spawn_blocking(move || Self::claim(&redis_url));
        Some(claiming.await.expect("a logical Redis database can be claimed"))
    }

    /// Everything in it is gone, as after `FLUSHDB`.
    pub fn wipe(&self) {
        empty(&mut Connection::open(&self.address, self.number), true);
    }

    /// A conversation with it, for looking at what is there, or changing it.
    pub fn connection(&self) -> Connection {
        Connection::open(&self.address, self.number)
    }

    /// Takes one that nobody uses, and empties it.
    fn claim(server: &str) -> Self {
        let (scheme, rest) = server.split_once("://").expect("a Redis address has a scheme");
        let address = rest.split('/').next().unwrap_or_default().to_owned();
        assert_eq!(scheme, "redis", "the tests' Redis is reached without encryption");
        assert!(!address.contains('@'), "the tests' Redis asks for no password");
        let begun = Instant::now();
        loop {
            for number in 1..16 {
                let mut connection = Connection::open(&address, number);
                if connection.ask(&["SET", CLAIM, "1", "NX", "EX", CLAIM_SECONDS]) == "+OK" {
                    let url = format!("redis://{address}/{number}");
                    empty(&mut connection, true);
                    return Self { url, address, number };
                }
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "every logical database of the Redis is taken"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for RedisDatabase {
    fn drop(&mut self) {
        empty(&mut Connection::open(&self.address, self.number), false);
    }
}

/// Empties the database; the claim stays or goes, with nobody between.
fn empty(connection: &mut Connection, keep_claim: bool) {
    connection.ask(&["MULTI"]);
    connection.ask(&["FLUSHDB"]);
    if keep_claim {
        connection.ask(&["SET", CLAIM, "1", "EX", CLAIM_SECONDS]);
    }
    connection.ask(&["EXEC"]);
}
