//! The shop whose orders pile up, and the workers of one process, with providers of the test's own behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use application::caller::Caller;
use application::jobs::JobRunner;
use application::orders::OrderLine;
use application::providers::AddProvider;
use application::wallets::Credit;
use async_trait::async_trait;
use domain::catalog::{QuantityRange, ServiceType};
use domain::identity::Role;
use domain::orders::OrderPolicy;
use domain::providers::ProviderSettings;
use domain::text::{Link, Name};
use domain::{Money, ProviderId, Rate, Secret, ServiceId};
use persistence::testing::TestDatabase;
use ports::gateway::PanelService;
use ports::jobs::{Job, JobHandler, Stop};
use smm_guru::{Adapters, AddressPolicy, DistributedOptions, EmbeddedOptions, Services, System};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use worker::Worker;

use super::panels::Providers;
use crate::support::{PANEL_KEY, Servers, distributed, enlist};

/// As many jobs at once as in production.
pub const WORKERS: usize = 48;
/// The last of them falls silent.
pub const PROVIDERS: usize = 4;
/// Orders that the silent provider takes before that.
const TAKEN_BY_SILENT: usize = 20;
/// Orders of one placement.
const MASS: usize = 100;
/// Orders of one customer take turns at a wallet.
const CUSTOMERS: usize = 20;
const FUNDS: Money = Money::from_micros(900_000_000);

/// Where the state is.
pub enum Ground {
    Folder(TempDir),
    Servers(Box<Servers>),
}

impl Ground {
    pub fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    /// `None` without servers.
    pub async fn servers(test: &str) -> Option<Self> {
        Some(Self::Servers(Box::new(Servers::fresh(test).await?)))
    }

    pub const fn ahead(&self, in_process: usize, on_redis: usize) -> usize {
        match self {
            Self::Folder(_) => in_process,
            Self::Servers(_) => on_redis,
        }
    }

    async fn open(&self) -> System {
        let opened = match self {
            Self::Folder(folder) => {
                let options = EmbeddedOptions {
                    policy: policy(),
                    addresses: AddressPolicy::AllowPrivate,
                    ..EmbeddedOptions::in_folder(folder.path())
                };
                smm_guru::embedded(options).await
            }
            Self::Servers(servers) => {
                let options = DistributedOptions {
                    connections: 16,
                    concurrency: WORKERS,
                    ..distributed(servers, policy())
                };
                smm_guru::distributed(options).await
            }
        };
        opened.unwrap()
    }

    fn url(&self) -> String {
        match self {
            Self::Folder(folder) => format!("sqlite://{}", folder.path().join("smm-guru.db").display()),
            Self::Servers(servers) => servers.database.url().to_owned(),
        }
    }
}

/// Orders are asked about soon, so that there is other work beside the backlog.
fn policy() -> OrderPolicy {
    OrderPolicy {
        poll_percent: 1,
        ..OrderPolicy::default()
    }
}

/// The shop.
pub struct AtOnce {
    pub system: System,
    pub panels: Arc<Providers>,
    ports: Adapters,
    providers: Vec<ProviderId>,
    offers: Vec<ServiceId>,
    customers: Vec<Caller>,
    database: TestDatabase,
    _ground: Ground,
}

impl AtOnce {
    pub async fn open(ground: Ground) -> Self {
        let system = ground.open().await;
        let staff = Caller::new(enlist(&system, "staff", Role::Admin).await);
        let services = system.services();
        let mut customers = Vec::new();
        for number in 0..CUSTOMERS {
            let customer = Caller::new(enlist(&system, &format!("buyer{number}"), Role::User).await);
            let credit = Credit {
                user: customer.user().id.clone(),
                amount: FUNDS,
                reason: "A bank transfer".to_owned(),
                key: None,
            };
            services
                .wallets
                .credit
                .credit(&staff.with().unwrap(), &credit)
                .await
                .unwrap();
            customers.push(customer);
        }
        let (mut providers, mut offers) = (Vec::new(), Vec::new());
        for number in 0..PROVIDERS {
            let (provider, offer) = sell(services, &staff, number).await;
            providers.push(provider);
            offers.push(offer);
        }
        let panels = Arc::new(Providers::with_silent(providers[PROVIDERS - 1], TAKEN_BY_SILENT));
        let ports = Adapters {
            gateway: panels.clone(),
            ..system.adapters().clone()
        };
        let database = TestDatabase::existing(&ground.url()).await.unwrap();
        Self {
            panels,
            ports,
            providers,
            offers,
            customers,
            database,
            system,
            _ground: ground,
        }
    }

    /// The provider that says nothing any more.
    pub fn silent(&self) -> ProviderId {
        self.providers[PROVIDERS - 1]
    }

    /// How many orders all providers but the silent one have.
    pub fn sent_by_others(&self) -> usize {
        let others = self
            .providers
            .iter()
            .filter(|provider| **provider != self.silent());
        others.map(|provider| self.panels.taken_by(*provider)).sum()
    }

    /// The customers order in turn, of each provider in turn. Nobody works on it yet.
    pub async fn place(&self, orders: usize) {
        let numbers: Vec<usize> = (0..orders).collect();
        for (numbers, customer) in numbers.chunks(MASS).zip(self.customers.iter().cycle()) {
            let line = |number: &usize| self.line(*number, &format!("backlog-{number}"));
            let lines: Vec<OrderLine> = numbers.iter().map(line).collect();
            let placing = &self.system.services().orders.place_many;
            placing.place(customer, &lines, None).await.unwrap();
        }
    }

    /// One more order, of a provider that answers; its link.
    pub async fn newcomer(&self, number: usize) -> String {
        let line = self.line(number % (PROVIDERS - 1), &format!("newcomer-{number}"));
        let placing = &self.system.services().orders.place_many;
        let placed = placing
            .place(&self.customers[number], &[line], None)
            .await
            .unwrap();
        placed.orders[0].link.as_str().to_owned()
    }

    fn line(&self, number: usize, name: &str) -> OrderLine {
        OrderLine {
            service: self.offers[number % PROVIDERS],
            link: Link::parse(&format!("https://instagram.com/p/{name}")).unwrap(),
            quantity: 10,
        }
    }

    /// How many jobs to send an order there are.
    pub async fn jobs(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM outbox WHERE topic = 'order.submit' AND given_up_at IS NULL";
        self.database.number(sql).await.unwrap()
    }

    /// How many orders are in one of these states.
    pub async fn orders(&self, states: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM orders WHERE state IN ({states})");
        self.database.number(&sql).await.unwrap()
    }

    /// Work begins.
    pub fn work(&self) -> Working {
        let services = Services::new(&self.ports, policy(), WORKERS);
        let jobs = Arc::<AtomicUsize>::default();
        let name = format!("{}-worker", std::process::id());
        let worker = Worker {
            relay: Arc::new(smm_guru::relay(&self.ports)),
            schedules: Arc::new(smm_guru::schedules(&self.ports, &services, policy())),
            consumer: self.ports.consumer.clone(),
            handler: Arc::new(Counting {
                runner: smm_guru::job_runner(&self.ports, &services, policy(), name),
                jobs: Arc::clone(&jobs),
            }),
            signal: self.ports.signal.clone(),
            concurrency: WORKERS,
        };
        let stop = Stop::new();
        let until = stop.clone();
        let task = tokio::spawn(async move {
            services.submission.look().await.unwrap();
            worker.run(until).await;
        });
        Working { stop, task, jobs }
    }
}

/// A provider and one service of it.
async fn sell(services: &Services, staff: &Caller, number: usize) -> (ProviderId, ServiceId) {
    let provider = AddProvider {
        name: Name::parse(&format!("Provider {number}")).unwrap(),
        api_url: format!("http://127.0.0.1:{}/api/v2", 9_000 + number),
        api_key: Secret::new(PANEL_KEY),
        settings: ProviderSettings {
            requests_per_second: 500,
            ..ProviderSettings::default()
        },
    };
    let provider = services
        .providers
        .admin
        .add(&staff.with().unwrap(), &provider)
        .await
        .unwrap();
    let offer = PanelService {
        upstream_id: "1101".to_owned(),
        name: "Likes".to_owned(),
        service_type: ServiceType::Default,
        category: "Any".to_owned(),
        rate: Rate::parse("1").unwrap(),
        quantity: QuantityRange::new(1, 1_000).unwrap(),
        dripfeed: false,
        refill: false,
        cancel: false,
        description: None,
    };
    (
        provider,
        services
            .catalog
            .services
            .add(&staff.with().unwrap(), provider, &offer)
            .await
            .unwrap(),
    )
}

/// Counts what the workers do.
struct Counting {
    runner: JobRunner,
    jobs: Arc<AtomicUsize>,
}

#[async_trait]
impl JobHandler for Counting {
    async fn handle(&self, job: Job) {
        self.runner.handle(job).await;
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }
}

/// Workers at work.
pub struct Working {
    stop: Stop,
    task: JoinHandle<()>,
    jobs: Arc<AtomicUsize>,
}

impl Working {
    /// How many jobs were done so far, those that were turned away among them.
    pub fn jobs(&self) -> usize {
        self.jobs.load(Ordering::Relaxed)
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}
