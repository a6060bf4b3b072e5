//! The servers the tests talk to: those we are told about, else private ones that live as long as we do.

mod install;
mod postgres;
mod redis;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::group::Group;
use crate::host;
use crate::signals;

/// Where the tests look for PostgreSQL; the user in it may create databases.
pub const DATABASE_URL: &str = "TEST_DATABASE_URL";
/// Where the tests look for Redis.
pub const REDIS_URL: &str = "TEST_REDIS_URL";

const START_TIME_MAX: Duration = Duration::from_secs(60);
const START_POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Another program may take a free port between our finding it and the server's.
const PORT_ATTEMPTS_MAX: u32 = 3;
const LOG_LINES_SHOWN: usize = 20;

/// Trades safety of the throw-away database for speed, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: every commit reaches the disk.
    Synced,
    /// Commits stay in memory. A crash of the machine loses them, and nobody would miss them.
    Fast,
}

/// Where the servers will come from, known before anything is built.
#[derive(Debug)]
pub struct Plan {
    postgres: Origin,
    redis: Origin,
}

#[derive(Debug)]
enum Origin {
    Told(String),
    Start(PathBuf),
}

/// Reads the environment and finds the programs, installing what is missing where that is possible.
pub fn plan() -> anyhow::Result<Plan> {
    let wanted = [
        (postgres_origin().is_none(), install::POSTGRESQL),
        (redis_origin().is_none(), install::REDIS),
        // The web application's client library runs against the server.
        (host::program("node").is_none(), install::NODE),
        (host::program("npm").is_none(), install::NPM),
        (!has_browser(), install::CHROMIUM),
    ];
    let missing: Vec<install::Package> = wanted
        .into_iter()
        .filter_map(|(is_missing, package)| is_missing.then_some(package))
        .collect();
    if !missing.is_empty() {
        install::install(&missing)?;
    }
    Ok(Plan {
        postgres: postgres_origin().context("PostgreSQL was installed, yet its programs are not found")?,
        redis: redis_origin().context("Redis was installed, yet redis-server is not found")?,
    })
}

/// Sees to it that the programs of both servers are there, for those who start servers of their own.
pub fn install_programs() -> anyhow::Result<()> {
    let missing = [
        (postgres::programs().is_none(), install::POSTGRESQL),
        (host::program("redis-server").is_none(), install::REDIS),
    ];
    let missing: Vec<_> = missing
        .into_iter()
        .filter(|(is_missing, _)| *is_missing)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    install::install(
        &missing
            .into_iter()
            .map(|(_, package)| package)
            .collect::<Vec<_>>(),
    )
}

fn has_browser() -> bool {
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .any(|name| host::program(name).is_some())
}

fn postgres_origin() -> Option<Origin> {
    let told = host::variable(DATABASE_URL).map(Origin::Told);
    told.or_else(|| postgres::programs().map(Origin::Start))
}

fn redis_origin() -> Option<Origin> {
    let told = host::variable(REDIS_URL).map(Origin::Told);
    told.or_else(|| host::program("redis-server").map(Origin::Start))
}

impl Plan {
    pub fn start(self, durability: Durability) -> anyhow::Result<Servers> {
        Ok(Servers {
            postgres: match self.postgres {
                Origin::Told(url) => Server::told(DATABASE_URL, url),
                Origin::Start(programs) => postgres::start(&programs, durability).context("PostgreSQL")?,
            },
            redis: match self.redis {
                Origin::Told(url) => Server::told(REDIS_URL, url),
                Origin::Start(program) => redis::start(&program).context("Redis")?,
            },
        })
    }
}

/// Servers for measurements: always private, and PostgreSQL keeps what it commits.
pub struct MeasuredServers {
    pub postgres: Server,
    /// Writes nothing to disk.
    pub redis: Server,
    /// Every command reaches the disk before it is answered.
    pub redis_synced: Server,
    /// Where `psql` and `pgbench` are.
    pub programs: PathBuf,
}

/// Starts them, installing what is missing where that is possible. `settings` are added to those of PostgreSQL.
pub fn measured(settings: &[&str]) -> anyhow::Result<MeasuredServers> {
    let mut missing = Vec::new();
    if postgres::programs().is_none() {
        missing.push(install::POSTGRESQL);
    }
    if host::program("redis-server").is_none() {
        missing.push(install::REDIS);
    }
    if host::program("node").is_none() {
        missing.push(install::NODE);
    }
    if host::program("npm").is_none() {
        missing.push(install::NPM);
    }
    if !missing.is_empty() {
        install::install(&missing)?;
    }
    let programs = postgres::programs().context("the programs of PostgreSQL are not found")?;
    let redis = host::program("redis-server").context("redis-server is not found")?;
    let mut all = postgres::settings(Durability::Synced);
    all.extend(settings.iter().map(|&setting| setting.to_owned()));
    let synced = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    Ok(MeasuredServers {
        postgres: postgres::start_with(&programs, &all).context("PostgreSQL")?,
        redis: redis::start(&redis).context("Redis")?,
        redis_synced: redis::start_with(&redis, &synced).context("Redis with a synced log")?,
        programs,
    })
}

/// The running servers. Dropping them stops what we started.
#[derive(Debug)]
pub struct Servers {
    pub postgres: Server,
    pub redis: Server,
}

/// One running server.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    /// Where it came from, for the summary.
    pub origin: String,
    // Dropped in this order: first the process, then the folder it works in.
    _process: Option<Group>,
    _folder: Option<TempDir>,
}

impl Server {
    /// The process we started.
    pub fn id(&self) -> Option<u32> {
        self._process.as_ref().map(Group::id)
    }

    fn told(variable: &str, url: String) -> Self {
        Self {
            url,
            origin: format!("the one of {variable}"),
            _process: None,
            _folder: None,
        }
    }
}

/// A folder for one server, gone when dropped.
fn folder(server: &str) -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("smm-guru-test-{server}-"))
        .tempdir();
    folder.context("cannot create a temporary folder")
}

/// Starts a server on a free port of the loopback interface.
fn on_free_port(start: impl Fn(u16) -> anyhow::Result<Group>) -> anyhow::Result<(Group, u16)> {
    let mut attempts = 1;
    loop {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        match start(port) {
            Ok(process) => return Ok((process, port)),
            Err(error) if attempts == PORT_ATTEMPTS_MAX || signals::interrupted() => return Err(error),
            Err(_) => attempts += 1,
        }
    }
}

/// Waits for the first sign that the server answers.
fn wait_until(mut process: Group, log: &Path, answers: impl Fn() -> bool) -> anyhow::Result<Group> {
    let started = Instant::now();
    while !answers() {
        if signals::interrupted() {
            bail!("interrupted");
        }
        if let Some(status) = process.ended()? {
            bail!("the server stopped at once ({status}):\n{}", tail(log));
        }
        if started.elapsed() > START_TIME_MAX {
            bail!(
                "the server does not answer after {} s:\n{}",
                START_TIME_MAX.as_secs(),
                tail(log)
            );
        }
        thread::sleep(START_POLL_INTERVAL);
    }
    Ok(process)
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let hidden = lines.len().saturating_sub(LOG_LINES_SHOWN);
    lines.into_iter().skip(hidden).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::process::Command;

    use super::*;

    fn port(url: &str) -> u16 {
        let (_, port) = url
            .trim_end_matches("/postgres")
            .trim_end_matches('/')
            .rsplit_once(':')
            .unwrap();
        port.parse().unwrap()
    }

    fn starts_and_stops(server: Server) {
        let port = port(&server.url);
        let folder = server._folder.as_ref().unwrap().path().to_path_buf();
        assert!(
            TcpStream::connect(("127.0.0.1", port)).is_ok(),
            "{} answers",
            server.url
        );
        drop(server);
        assert!(
            TcpStream::connect(("127.0.0.1", port)).is_err(),
            "nothing listens on port {port} any more"
        );
        assert!(!folder.exists(), "{} is gone", folder.display());
    }

    #[test]
    fn a_private_postgresql_lives_as_long_as_its_owner() {
        let Some(programs) = postgres::programs() else {
            return skipped("PostgreSQL");
        };
        starts_and_stops(postgres::start(&programs, Durability::Fast).unwrap());
    }

    #[test]
    fn a_private_redis_lives_as_long_as_its_owner() {
        let Some(program) = host::program("redis-server") else {
            return skipped("Redis");
        };
        starts_and_stops(redis::start(&program).unwrap());
    }

    #[test]
    fn a_server_that_dies_at_once_is_reported_with_its_log() {
        let folder = folder("broken").unwrap();
        let log = folder.path().join("server.log");
        fs::write(&log, "no such setting").unwrap();
        let process = Group::spawn(&mut Command::new("false")).unwrap();
        let error = wait_until(process, &log, || false).unwrap_err().to_string();
        assert!(
            error.contains("exit status: 1") && error.contains("no such setting"),
            "{error}"
        );
    }

    fn skipped(server: &str) {
        println!("skipped: {server} is not installed");
    }
}
