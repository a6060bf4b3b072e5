//! Where it is measured: private servers, programs built for release, and databases copied from templates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::placement::Placement;
use super::program::Program;
use super::world::World;
use crate::process;
use crate::servers::{self, MeasuredServers};

/// Connections to the database of every program that is compared.
pub const CONNECTIONS: usize = 16;
pub const COOKIE_SECRET: &str = "cookies of the bench are signed with 0123456789";
const SEALING_SECRET: &str = "keys of the bench are sealed with 9876543210";
/// More requests than can be made.
const NO_LIMIT: &str = "60000000/10000000";
/// What PostgreSQL is given on a small machine. Durability is left as it comes: on.
const POSTGRES: [&str; 3] = [
    "shared_buffers=1GB",
    "max_wal_size=2GB",
    "checkpoint_timeout=15min",
];
/// A furnished, small database.
pub const SMALL: &str = "bench_small";
const BASELINES: &str = "crates/xtask/bench";

/// Everything a measurement needs.
pub struct Lab {
    pub servers: MeasuredServers,
    folder: TempDir,
    binaries: PathBuf,
    /// Seconds of one measurement, and of the warm-up before it.
    pub seconds: f64,
    pub warm_up: f64,
    /// How many pairs.
    pub pairs: usize,
    /// Orders in the large database.
    pub orders: u64,
}

impl Lab {
    pub fn open(seconds: f64, warm_up: f64, pairs: usize, orders: u64) -> anyhow::Result<Self> {
        let servers = servers::measured(&POSTGRES)?;
        let folder = tempfile::Builder::new().prefix("smm-guru-bench-").tempdir()?;
        let target = std::env::current_exe()?;
        let target = target.parent().and_then(Path::parent);
        let binaries = target
            .context("this program is in a target folder")?
            .join("release");
        Ok(Self {
            servers,
            folder,
            binaries,
            seconds,
            warm_up,
            pairs,
            orders,
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program of this workspace, built for release.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// Where one of our databases is.
    pub fn url(&self, database: &str) -> String {
        let server = self.servers.postgres.url.trim_end_matches("/postgres");
        format!("{server}/{database}")
    }

    /// The product with nothing in its environment but what is said here.
    pub fn product(&self, arguments: &[&str], variables: &[(&str, String)]) -> Command {
        let mut command = process::tied(self.binary("smm-guru"));
        command.args(arguments).current_dir(self.folder.path());
        let usual = [
            ("PORT", "0".to_owned()),
            ("LOG", "warn".to_owned()),
            ("METRICS_ADDRESS", "127.0.0.1:0".to_owned()),
            ("ALLOW_PRIVATE_TARGETS", "true".to_owned()),
            ("CURRENCY_FREE_URL", "off".to_owned()),
            ("BETTER_AUTH_SECRET", COOKIE_SECRET.to_owned()),
            ("AES_SECRET_KEY", SEALING_SECRET.to_owned()),
            // They are counted, and never met: a few users stand for very many.
            ("LIMIT_ORDERS_PER_USER", NO_LIMIT.to_owned()),
            ("LIMIT_OTHERS_PER_USER", NO_LIMIT.to_owned()),
            // One member of staff makes every customer rich.
            ("PAYMENTS_SECOND_APPROVER_FROM", "1000000000".to_owned()),
        ];
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        for (name, value) in usual.iter().chain(variables) {
            command.env(name, value);
        }
        command
    }

    /// What makes the product use one of our databases.
    pub fn on_postgres(&self, database: &str) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.url(database)),
            ("REDIS_URL", self.servers.redis.url.clone()),
            ("DATABASE_CONNECTIONS_MAX", CONNECTIONS.to_string()),
        ]
    }

    /// An API node; where it listens.
    pub fn serve(&self, variables: &[(&str, String)]) -> anyhow::Result<(Program, String)> {
        let mut program = Program::start(&mut self.product(&["serve"], variables), &self.path("serve.log"))?;
        let url = program.says("SMM Guru listens on http://")?;
        Ok((program, url.trim_end_matches('/').to_owned()))
    }

    /// The baseline in Node on one of our databases.
    pub fn node(&self, world: &World, database: &str) -> anyhow::Result<(Program, String)> {
        self.node_with(world, database, &[])
    }

    /// The same with more in its environment.
    pub fn node_with(
        &self,
        world: &World,
        database: &str,
        variables: &[(&str, String)],
    ) -> anyhow::Result<(Program, String)> {
        let mut node = process::tied("node");
        node.arg("server.mjs").current_dir(format!("{BASELINES}/node"));
        node.env("NODE_ENV", "production")
            .env("PORT", "0")
            .env("DATABASE_URL", self.url(database))
            .env("DATABASE_CONNECTIONS_MAX", CONNECTIONS.to_string())
            .env("BETTER_AUTH_SECRET", COOKIE_SECRET)
            .env("PLACEMENT", world.placement.for_node())
            .envs(variables.iter().map(|(name, value)| (name, value)));
        let mut program = Program::start(&mut node, &self.path("node.log"))?;
        let url = program.says("listens on http://")?;
        Ok((program, url))
    }

    /// Runs SQL; the rows, columns apart by `|`.
    pub fn sql(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        process::output(self.psql(database).args(["-c", sql]))
    }

    /// Runs a file of SQL that lies with the baselines.
    pub fn sql_file(&self, database: &str, file: &str, variables: &[(&str, String)]) -> anyhow::Result<()> {
        let mut psql = self.psql(database);
        for (name, value) in variables {
            psql.args(["-v", &format!("{name}={value}")]);
        }
        let out = process::output(psql.args(["-f", &format!("{BASELINES}/{file}")]))?;
        print!("{out}");
        Ok(())
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = process::tied(self.servers.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url(database));
        psql
    }

    /// A number that the database knows.
    pub fn number(&self, database: &str, sql: &str) -> anyhow::Result<u64> {
        let text = self.sql(database, sql)?;
        text.trim()
            .parse()
            .with_context(|| format!("{sql} gives {text:?}"))
    }

    /// A fresh copy of a template, on the disk.
    pub fn copy(&self, template: &str, name: &str) -> anyhow::Result<()> {
        self.sql(
            "postgres",
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        )?;
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        self.adopt(name)?;
        self.sql(name, "CHECKPOINT").map(drop)
    }

    /// Lets the product take a database for one that it has always had. A copy would be a restored backup to it: it would
    /// send nothing, and doubt every order.
    pub fn adopt(&self, database: &str) -> anyhow::Result<()> {
        self.sql(
            database,
            "DELETE FROM submission; INSERT INTO submission (id, incarnation, epoch) VALUES (1, '', 0)",
        )?;
        process::output(process::tied("redis-cli").args(["-u", &self.servers.redis.url, "FLUSHALL"]))
            .map(drop)
    }

    /// Processor seconds of PostgreSQL so far.
    pub fn database_cpu(&self) -> f64 {
        self.servers.postgres.id().map_or(0.0, super::meter::cpu_of_tree)
    }

    /// The books of an installation are right.
    pub fn books_are_right(&self, variables: &[(&str, String)]) -> anyhow::Result<()> {
        let said = process::output(&mut self.product(&["ledger", "verify"], variables))?;
        ensure!(
            said.contains("The books are right."),
            "the books are wrong:\n{said}"
        );
        Ok(())
    }

    /// A furnished database that copies are made of.
    pub fn furnished(&self) -> anyhow::Result<World> {
        self.sql("postgres", &format!("CREATE DATABASE {SMALL}"))?;
        let variables = self.on_postgres(SMALL);
        let mut world = World::furnish(self, &variables)?;
        self.sql(SMALL, "VACUUM ANALYZE")?;
        world.placement = Placement::learn(self, &world)?;
        Ok(world)
    }
}

/// Copies a folder of plain files.
pub fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        fs::copy(entry.path(), &copy)?;
        fs::File::open(&copy)?.sync_all()?;
    }
    Ok(())
}
