//! A shop whose processes die: the panel as the witness and the customers with their keys live on.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use application::caller::Caller;
use application::catalog::{CategoryRule, ImportRequest, Selection};
use application::providers::AddProvider;
use application::wallets::Credit;
use domain::catalog::Margin;
use domain::identity::Role;
use domain::providers::{LookupCapability, ProviderSettings};
use domain::text::Name;
use domain::{Money, Secret, UserId};
use persistence::testing::TestDatabase;
use sandbox::{Delays, Faults, Lookup, Panel, PanelConfig};
use smm_guru::System;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::life::{LIFE, Life, Place, Wish, Word};
use super::process::{open, unix_millis};
use super::rows::{LATE, Row, Scene};
use crate::support::{PANEL_KEY, enlist, eventually};

/// How the kernel says that a process aborted.
const SIGABRT: i32 = 6;
/// How long a process may live on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// When the panel places an order that it places late.
const LATE_AFTER: Duration = Duration::from_millis(700);
/// When it has done so at the latest, on a slow and busy machine.
const LATE_AT_MOST: Duration = Duration::from_millis(2_500);
/// So much that no order fails for want of it, in parts that one member of staff may credit.
const FUNDS: Money = Money::from_micros(9_000_000_000);
const PART: Money = Money::from_micros(900_000_000);
const PARTS: usize = 10;
/// Cuts every connection to the database that is younger than a time in Unix milliseconds, but the one that asks.
fn cut(since: u64) -> String {
    format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
         AND backend_start >= to_timestamp({since} / 1000.0)"
    )
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

enum Ground {
    Folder(TempDir),
    Server(Box<TestDatabase>),
}

/// What somebody who asked for an order knows about it.
#[derive(Debug)]
pub struct Client {
    pub wish: Wish,
    /// What they were told that it costs, in micro-units, once they were answered.
    pub price: Option<i64>,
}

pub struct World {
    pub panel: Panel,
    /// For looks inside.
    pub system: System,
    pub customer: UserId,
    /// By key.
    pub clients: BTreeMap<String, Client>,
    pub funds: Money,
    staff: UserId,
    service: i64,
    ground: Ground,
    ahead: u64,
    arrived_by: u64,
    cases: u32,
}

impl World {
    /// A shop on a database of its own. `None` where there is no server for it.
    pub async fn open(database: Database) -> Option<Self> {
        let ground = match database {
            Database::Sqlite => Ground::Folder(tempfile::tempdir().unwrap()),
            Database::Postgres => Ground::Server(Box::new(TestDatabase::postgres().await.unwrap()?)),
        };
        let config = PanelConfig {
            key: PANEL_KEY.to_owned(),
            pace: Duration::from_millis(1),
            lookup: Lookup::Reference,
            delays: Delays {
                late_after: LATE_AFTER,
                ..Delays::default()
            },
            ..PanelConfig::default()
        };
        let panel = Panel::start(config).await.unwrap();
        let system = open(&ground.place()).await;
        let staff = enlist(&system, "staff", Role::Admin).await;
        let customer = enlist(&system, "customer", Role::User).await;
        let service = stock(&system, &panel, &Caller::new(staff.clone()), &customer.id).await;
        Some(Self {
            panel,
            system,
            customer: customer.id,
            clients: BTreeMap::new(),
            funds: FUNDS,
            staff: staff.id,
            service,
            ground,
            ahead: 0,
            arrived_by: 0,
            cases: 0,
        })
    }

    /// A process dies at one row after the other; the last one finishes everything. Then the books are proven.
    pub async fn survives(&mut self, rows: &[&Row]) {
        self.cases += 1;
        let codes: Vec<&str> = rows.iter().map(|row| row.code).collect();
        for (life, row) in rows.iter().enumerate() {
            let key = format!("{}-{life}-{}", self.cases, row.code);
            let link = format!("https://instagram.com/p/{key}?sandbox={}", row.script);
            let orders = row.orders;
            self.dies(row, Wish { key, link, orders }, &codes).await;
            self.prove_all_or_none(&codes).await;
        }
        let (status, said) = self.live(None, None).await;
        assert!(
            status.success(),
            "{codes:?}: the last process does not finish: {status}\n{said}"
        );
        if rows.iter().any(|row| row.script == LATE) {
            let left = self.arrived_by.saturating_sub(unix_millis());
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
        self.prove(&codes).await;
    }

    async fn dies(&mut self, row: &Row, wish: Wish, codes: &[&str]) {
        if row.scene == Scene::PanelDown {
            self.panel_is_down(true).await;
        }
        let (status, said) = self.live(Some(row), Some(wish)).await;
        self.arrived_by = unix_millis() + u64::try_from(LATE_AT_MOST.as_millis()).unwrap();
        let last = said.lines().filter_map(Word::heard).next_back();
        assert!(
            status.signal() == Some(SIGABRT) && last == Some(Word::Dies(row.dies_at.to_owned())),
            "{codes:?}: {} does not abort at {}: {status}\n{said}",
            row.code,
            row.dies_at
        );
        if row.scene == Scene::PanelDown {
            self.panel_is_down(false).await;
        }
    }

    async fn panel_is_down(&self, down: bool) {
        let faults = if down {
            "down".parse().unwrap()
        } else {
            Faults::none()
        };
        self.panel.set_faults(faults);
        eventually(
            || format!("the panel is down: {down}"),
            async || (TcpStream::connect(self.panel.address()).await.is_err() == down).then_some(()),
        )
        .await;
    }

    /// One process from its start to its end, however that comes; what it said.
    async fn live(&mut self, row: Option<&Row>, wish: Option<Wish>) -> (ExitStatus, String) {
        let unanswered = self.clients.values().filter(|client| client.price.is_none());
        let life = Life {
            database: self.ground.place(),
            ahead: self.ahead,
            row: row.map(|row| row.code.to_owned()),
            customer: self.customer.to_string(),
            staff: self.staff.to_string(),
            service: self.service,
            again: unanswered.map(|client| client.wish.clone()).collect(),
            wish,
            arrived_by: self.arrived_by,
        };
        let mut child = start(&life);
        let ended = tokio::time::timeout(PATIENCE, self.attend(&mut child)).await;
        let Ok(said) = ended else {
            child.kill().await.unwrap();
            panic!("a process does not end: {life:?}");
        };
        (child.wait().await.unwrap(), said)
    }

    /// Listens to a process until it says nothing any more.
    async fn attend(&mut self, child: &mut Child) -> String {
        let begun = unix_millis();
        let mut input = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut errors = child.stderr.take().unwrap();
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            errors.read_to_string(&mut text).await.map(|_| text)
        });
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            said.push_str(&line);
            said.push('\n');
            match Word::heard(&line) {
                Some(Word::Asks(wish)) => {
                    let client = Client {
                        wish: wish.clone(),
                        price: None,
                    };
                    self.clients.entry(wish.key).or_insert(client);
                }
                Some(Word::Answered { key, price }) => self.answered(&key, price),
                Some(Word::Ahead(micros)) => self.ahead = micros,
                Some(Word::CutMe) => {
                    if let Ground::Server(database) = &self.ground {
                        assert!(database.number(&cut(begun)).await.unwrap() > 0);
                    }
                    input.write_all(b"cut\n").await.unwrap();
                }
                Some(Word::Dies(_)) | None => {}
            }
        }
        said + &errors.await.unwrap().unwrap()
    }

    fn answered(&mut self, key: &str, price: i64) {
        let client = self.clients.get_mut(key).unwrap();
        let told = *client.price.get_or_insert(price);
        assert_eq!(told, price, "{key} was told two prices");
    }

    /// Ends the test.
    pub async fn close(self) {
        self.system.close().await;
        self.panel.stop().await;
    }
}

impl Ground {
    fn place(&self) -> Place {
        match self {
            Self::Folder(folder) => Place::Folder(folder.path().to_path_buf()),
            Self::Server(database) => Place::Postgres(database.url().to_owned()),
        }
    }
}

fn start(life: &Life) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "failpoints::child::lives", "--ignored", "--nocapture"])
        .env(LIFE, serde_json::to_string(life).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().unwrap()
}

/// A provider, its services with profit, and money for the customer; the service that is ordered.
async fn stock(system: &System, panel: &Panel, staff: &Caller, customer: &UserId) -> i64 {
    let services = system.services();
    let provider = AddProvider {
        name: Name::parse("Panel").unwrap(),
        api_url: panel.url(),
        api_key: Secret::new(PANEL_KEY),
        settings: ProviderSettings {
            lookup: LookupCapability::Reference,
            requests_per_second: 500,
            ..ProviderSettings::default()
        },
    };
    let import = ImportRequest {
        provider: services
            .providers
            .admin
            .add(&staff.with().unwrap(), &provider)
            .await
            .unwrap(),
        selection: Selection::All,
        profit: Some(Margin::share(3_000)),
        category: CategoryRule::AsProvider,
    };
    services
        .catalog
        .import
        .import(&staff.with().unwrap(), &import)
        .await
        .unwrap();
    let credit = Credit {
        user: customer.clone(),
        amount: PART,
        reason: "for a test".to_owned(),
        key: None,
    };
    for _ in 0..PARTS {
        services
            .wallets
            .credit
            .credit(&staff.with().unwrap(), &credit)
            .await
            .unwrap();
    }
    let listing = services.catalog.browse.listing().await.unwrap();
    let mut offered = listing.iter().flat_map(|category| &category.services);
    let sold = offered.find(|service| service.name.as_str() == SOLD).unwrap();
    sold.id.0
}

/// A service that can be canceled: see the catalogue of the simulated panel.
const SOLD: &str = "Instagram Followers | Mixed quality | 50K/day";
