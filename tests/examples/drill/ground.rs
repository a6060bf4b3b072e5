//! What an installation stands on, and what happens to it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::books::Books;
use crate::fleet::{Fleet, Recipe, Variables};
use crate::plan::{Blow, Strike};
use crate::postgres::Postgres;
use crate::process::free_ports;
use crate::redis::Redis;
use crate::shop::Shop;
use crate::{Shape, shop};

const NODES: usize = 2;
const WORKERS: usize = 3;
/// A protocol in a hurry, in the proportions that safety rests on: the lease outlasts the latest start of a request and
/// its time limit, and what a provider does late it does before lease and quarantine are over.
const HURRY: [(&str, &str); 7] = [
    ("ORDERS_LEASE_SECONDS", "3"),
    ("ORDERS_SEND_WITHIN_SECONDS", "1"),
    ("ORDERS_SEND_TIMEOUT_SECONDS", "1.5"),
    ("ORDERS_QUARANTINE_SECONDS", "3"),
    ("ORDERS_POLL_PERCENT", "3"),
    ("ORDERS_LOOKUP_PERCENT", "2"),
    // Some orders need the word of two members of staff.
    ("ORDERS_SECOND_APPROVER_FROM", "0.5"),
];

/// An installation and its servers.
pub struct Ground {
    pub folder: PathBuf,
    pub nodes: Arc<[String]>,
    program: PathBuf,
    variables: Variables,
    servers: Option<(Postgres, Redis)>,
}

impl Ground {
    /// Starts what the shape needs, in a folder of its own. No process of the product runs yet.
    pub async fn prepare(shape: Shape, folder: PathBuf, program: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder.join("logs"))?;
        let mut variables: Variables = HURRY.map(|(name, value)| (name, value.to_owned())).to_vec();
        variables.extend([
            ("ALLOW_PRIVATE_TARGETS", "true".to_owned()),
            ("CURRENCY_FREE_URL", "off".to_owned()),
            // A few customers stand for many.
            ("LIMIT_ORDERS_PER_USER", "off".to_owned()),
            ("LIMIT_OTHERS_PER_USER", "off".to_owned()),
            ("METRICS_ADDRESS", "127.0.0.1:0".to_owned()),
            // Every client comes from an address of its own, as far as limits go.
            ("TRUSTED_PROXIES", "1".to_owned()),
            // Shorter than clients wait: an answer that nobody waits for is work for nothing.
            ("DATABASE_WAIT_SECONDS", "4".to_owned()),
        ]);
        let ports = free_ports(NODES + 2)?;
        let (nodes, servers) = match shape {
            Shape::Embedded => {
                variables.push(("DATA_DIR", folder.join("data").display().to_string()));
                (1, None)
            }
            Shape::Distributed => {
                let [.., postgres, redis] = ports.as_slice() else {
                    bail!("too few ports")
                };
                let postgres = Postgres::start(&folder.join("postgres"), *postgres).await?;
                let redis = Redis::start(&folder.join("redis"), *redis).await?;
                variables.extend([
                    ("DATABASE_URL", postgres.url()),
                    ("REDIS_URL", redis.url()),
                    (
                        "BETTER_AUTH_SECRET",
                        "cookies of the drill are signed with 0123456789".to_owned(),
                    ),
                    (
                        "AES_SECRET_KEY",
                        "keys of the drill are sealed with 9876543210".to_owned(),
                    ),
                ]);
                (NODES, Some((postgres, redis)))
            }
        };
        let nodes = ports
            .iter()
            .take(nodes)
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect();
        Ok(Self {
            folder,
            nodes,
            program: program.to_owned(),
            variables,
            servers,
        })
    }

    fn recipe(&self, arguments: &[&str], log: &str) -> Recipe {
        Recipe {
            program: self.program.clone(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            variables: self.variables.clone(),
            log: self.folder.join("logs").join(log),
        }
    }

    /// The processes that this installation runs: first those that serve HTTP.
    pub fn recipes(&self) -> Vec<(String, Recipe)> {
        let nodes = (1..).zip(self.nodes.iter()).map(|(number, node)| {
            let name = format!("serve {number}");
            let port = node.rsplit(':').next().unwrap_or_default();
            let recipe = self.recipe(&["serve", "--port", port], &format!("{name}.log"));
            (name, recipe)
        });
        let workers = if self.servers.is_some() { WORKERS } else { 0 };
        let workers = (1..=workers).map(|number| {
            let name = format!("work {number}");
            let recipe = self.recipe(&["work"], &format!("{name}.log"));
            (name, recipe)
        });
        nodes.chain(workers).collect()
    }

    /// Where the database is.
    pub fn database_url(&self) -> String {
        match &self.servers {
            Some((postgres, _)) => postgres.url(),
            None => format!("sqlite://{}", self.folder.join("data/smm-guru.db").display()),
        }
    }

    /// Makes a member of staff, as an operator would.
    pub async fn enlist(&self, email: &str) -> anyhow::Result<()> {
        let mut command = self.command();
        command.args([
            "user",
            "create",
            "--admin",
            "--password-stdin",
            "--name",
            "Staff",
            "--email",
            email,
        ]);
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().context("standard input")?;
        input
            .write_all(format!("{}\n", shop::PASSWORD).as_bytes())
            .await?;
        drop(input);
        let done = child.wait_with_output().await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// V1 to V17: which are violated. An error if the books could not be read.
    pub async fn verify(&self) -> anyhow::Result<Vec<(String, i64)>> {
        let done = self
            .command()
            .args(["ledger", "verify", "--json"])
            .output()
            .await?;
        let rows: Vec<Value> = serde_json::from_slice(&done.stdout)
            .with_context(|| String::from_utf8_lossy(&done.stderr).into_owned())?;
        let rows = rows.iter().map(|row| {
            let id = row.get("id").and_then(Value::as_str).context("id")?.to_owned();
            Ok((
                id,
                row.get("violations")
                    .and_then(Value::as_i64)
                    .context("violations")?,
            ))
        });
        rows.collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .current_dir(std::env::temp_dir())
            .kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Stops the servers.
    pub async fn close(&self) {
        if let Some((postgres, _)) = &self.servers {
            postgres.stop().await;
        }
    }

    /// One blow falls.
    async fn strike(&self, blow: Blow, fleet: &Fleet, shop: &Shop, books: &Books) -> anyhow::Result<()> {
        let servers = self.servers.as_ref();
        match (blow, servers) {
            (Blow::Kill(number), _) => fleet.kill(number).await?,
            (Blow::Pause(number, pause), _) => {
                books.count("processes paused");
                fleet.pause(number, pause).await;
            }
            (Blow::RestartPostgres, Some((postgres, _))) => {
                books.count("PostgreSQL restarted with immediate");
                postgres.restart().await?;
            }
            (Blow::FreezePostgres(pause), Some((postgres, _))) => {
                books.count("PostgreSQL frozen");
                postgres.freeze(pause).await;
            }
            (Blow::RestartRedis(pause), Some((_, redis))) => {
                books.count("Redis killed and restarted empty");
                redis.restart(pause).await?;
            }
            (Blow::FlushRedis, Some((_, redis))) => {
                books.count("Redis flushed");
                // It may be away or frozen just now, which is as bad.
                let _ = redis.flush().await;
            }
            (Blow::FreezeRedis(pause), Some((_, redis))) => {
                books.count("Redis frozen");
                redis.freeze(pause).await;
            }
            (Blow::PanelDown(number, pause), _) => {
                books.count("panels taken down");
                let panel = &shop.providers.get(number).context("a panel")?.panel;
                let faults = panel.faults();
                panel.set_faults("down".parse().map_err(|error| anyhow::anyhow!("{error}"))?);
                tokio::time::sleep(pause).await;
                panel.set_faults(faults);
            }
            (_, None) => bail!("there are no servers"),
        }
        Ok(())
    }

    /// Lets every strike fall at its time, each beside the others; ends with the last.
    pub async fn storm(self: &Arc<Self>, strikes: Vec<Strike>, fleet: &Arc<Fleet>, shop: &Arc<Shop>) {
        let begun = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for Strike { at, blow } in strikes {
            let (ground, fleet, shop) = (Arc::clone(self), Arc::clone(fleet), Arc::clone(shop));
            tasks.spawn(async move {
                tokio::time::sleep(at.saturating_sub(begun.elapsed())).await;
                let what = format!("{blow:?}");
                if let Err(error) = ground.strike(blow, &fleet, &shop, &shop.books).await {
                    shop.books.wrong(format!("{what} failed: {error:#}"));
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Looks at the books again and again while everything breaks.
    pub async fn watch_the_books(self: Arc<Self>, books: Arc<Books>) {
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            match self.verify().await {
                Ok(rows) => {
                    books.count("books read during the storm");
                    for (id, count) in rows.into_iter().filter(|(_, count)| *count != 0) {
                        books.wrong(format!("{id} is violated {count} times during the storm"));
                    }
                }
                Err(_) => books.count("books unreadable during the storm"),
            }
        }
    }
}
