//! A shop with many providers that misbehave, each a panel of its own, driven without loops.

use std::sync::Arc;
use std::time::Duration;

use application::caller::Caller;
use application::jobs::{JobRunner, Relay, Schedule, Schedules, UseCases, Verdict};
use application::orders::{ORDERS_MAX, OrderLine, OrderPlacement};
use application::providers::{AddProvider, EditProvider, ProviderEdit};
use application::wallets::Credit;
use domain::catalog::{QuantityRange, ServiceType};
use domain::identity::Role;
use domain::orders::{Order, OrderPolicy};
use domain::providers::{LookupCapability, ProviderSettings};
use domain::text::{Link, Name};
use domain::{Money, OrderId, ProviderId, Rate, Secret, ServiceId};
use futures::stream::{self, StreamExt};
use ports::gateway::PanelService;
use ports::jobs::JobHandler;
use sandbox::{Delays, Lookup, Panel, PanelConfig};
use smm_guru::{Adapters, AddressPolicy, EmbeddedOptions, Services, System};
use tempfile::TempDir;

use super::kinds::Kind;
use crate::failpoints::doubles::{ClockAhead, NoLimits, Shelf};
use crate::support::{PANEL_KEY, enlist};

/// How long we wait for an answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);
/// When a late panel places the order: we have given up by then.
const LATE_AFTER: Duration = Duration::from_secs(4);
pub const FUNDS: Money = Money::from_micros(900_000_000);
const QUANTITY: u64 = 100;
/// How many orders of one kind are sent at once, and how many jobs are done.
pub const AT_ONCE: usize = 8;
/// So many that every provider has all its places.
const WORKERS: usize = 1_000;
/// How long the shop works at most.
const LONG: Duration = Duration::from_hours(12);

/// An order and what the panel is to do with it.
#[derive(Debug)]
pub struct Sent {
    pub id: OrderId,
    pub link: String,
    pub is_good: bool,
}

/// A provider.
pub struct Cage {
    pub kind: &'static Kind,
    pub panel: Panel,
    pub orders: Vec<Sent>,
    provider: ProviderId,
    service: ServiceId,
}

pub struct Zoo {
    pub system: System,
    pub customer: Caller,
    pub direct: UseCases,
    runner: JobRunner,
    schedules: Schedules,
    relay: Relay,
    shelf: Arc<Shelf>,
    clock: Arc<ClockAhead>,
    services: Services,
    staff: Caller,
    _folder: TempDir,
}

impl Zoo {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = OrderPolicy {
            send_timeout: SEND_TIMEOUT,
            ..OrderPolicy::default()
        };
        let system = smm_guru::embedded(EmbeddedOptions {
            policy,
            addresses: AddressPolicy::AllowPrivate,
            ..EmbeddedOptions::in_folder(folder.path())
        })
        .await
        .unwrap();
        let real = system.adapters().clone();
        let (clock, shelf) = (
            Arc::new(ClockAhead::new(real.clock.clone(), 0)),
            Arc::new(Shelf::default()),
        );
        let ports = Adapters {
            clock: clock.clone(),
            queue: shelf.clone(),
            limiter: Arc::new(NoLimits),
            ..real
        };
        let services = Services::new(&ports, policy, WORKERS);
        let staff = Caller::new(enlist(&system, "staff", Role::Admin).await);
        let customer = Caller::new(enlist(&system, "customer", Role::User).await);
        let zoo = Self {
            direct: smm_guru::use_cases(&ports, &services, policy, "zoo".to_owned()),
            runner: smm_guru::job_runner(&ports, &services, policy, "zoo".to_owned()),
            schedules: smm_guru::schedules(&ports, &services, policy),
            relay: smm_guru::relay(&ports),
            staff,
            system,
            customer,
            shelf,
            clock,
            services,
            _folder: folder,
        };
        let credit = Credit {
            user: zoo.customer.user().id.clone(),
            amount: FUNDS,
            reason: "for a test".to_owned(),
            key: None,
        };
        zoo.services
            .wallets
            .credit
            .credit(&zoo.staff.with().unwrap(), &credit)
            .await
            .unwrap();
        zoo
    }

    /// So many providers for the kind that `count` orders fit.
    pub async fn cages(&self, kind: &'static Kind, count: usize) -> Vec<Cage> {
        let mut cages = Vec::new();
        for number in 0..count.div_ceil(kind.herd) {
            cages.push(self.cage(kind, number).await);
        }
        cages
    }

    pub async fn cage(&self, kind: &'static Kind, number: usize) -> Cage {
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
        let name = format!("{} {number}", kind.name);
        let url = panel.url();
        let provider = AddProvider {
            name: Name::parse(&name).unwrap(),
            api_url: if kind.tls {
                url.replace("http://", "https://")
            } else {
                url
            },
            api_key: Secret::new(PANEL_KEY),
            settings: ProviderSettings {
                lookup: LookupCapability::Reference,
                ..ProviderSettings::default()
            },
        };
        let provider = self
            .services
            .providers
            .admin
            .add(&self.staff.with().unwrap(), &provider)
            .await
            .unwrap();
        // As the panel has it.
        let offer = PanelService {
            upstream_id: "1101".to_owned(),
            name: format!("Likes of {name}"),
            service_type: ServiceType::Default,
            category: "Any".to_owned(),
            rate: Rate::parse("0.084").unwrap(),
            quantity: QuantityRange::new(10, 300_000).unwrap(),
            dripfeed: false,
            refill: false,
            cancel: false,
            description: None,
        };
        let added = self
            .services
            .catalog
            .services
            .add(&self.staff.with().unwrap(), provider, &offer)
            .await;
        Cage {
            kind,
            panel,
            orders: Vec::new(),
            provider,
            service: added.unwrap(),
        }
    }

    /// The customer orders, and says what the panel is to do.
    pub async fn place(&self, cage: &mut Cage, script: &str, is_good: bool) {
        let number = cage.orders.len();
        let link = format!(
            "https://instagram.com/p/{}-{}-{number}?sandbox={script}",
            cage.kind.name, cage.provider
        );
        let wanted = OrderPlacement {
            service: cage.service,
            link: Link::parse(&link).unwrap(),
            input: QUANTITY.into(),
            key: None,
            max_rate: None,
        };
        let placed = self.services.orders.place.place(&self.customer, wanted).await;
        let id = placed.unwrap().order.id;
        cage.orders.push(Sent { id, link, is_good });
    }

    /// The customer orders many; what becomes of them is up to the panel.
    pub async fn place_many(&self, cage: &mut Cage, count: usize) {
        let from = cage.orders.len();
        let links = (from..from + count).map(|number| {
            format!(
                "https://instagram.com/p/{}-{}-{number}",
                cage.kind.name, cage.provider
            )
        });
        let lines: Vec<OrderLine> = links
            .map(|link| OrderLine {
                service: cage.service,
                link: Link::parse(&link).unwrap(),
                quantity: QUANTITY,
            })
            .collect();
        for lines in lines.chunks(ORDERS_MAX) {
            let placed = self.services.orders.place_many.place(&self.customer, lines, None);
            for order in placed.await.unwrap().orders {
                let (id, link) = (order.id, order.link.as_str().to_owned());
                cage.orders.push(Sent {
                    id,
                    link,
                    is_good: true,
                });
            }
        }
    }

    /// The herds of all these providers, `count` in all.
    pub async fn fill(&self, cages: &mut [Cage], count: usize) {
        let mut left = count;
        for cage in cages {
            for number in 0..cage.kind.herd.min(left) {
                let scripts = cage.kind.scripts;
                self.place(cage, scripts[number % scripts.len()], false).await;
            }
            left = left.saturating_sub(cage.kind.herd);
        }
    }

    /// Sends what the provider is to get, a few orders at once.
    pub async fn send(&self, cages: &[Cage]) {
        let orders = cages.iter().flat_map(|cage| &cage.orders);
        stream::iter(orders)
            .for_each_concurrent(AT_ONCE, async |sent| {
                while let Verdict::Later(pause) = self.direct.submit.submit(sent.id).await.unwrap() {
                    tokio::time::sleep(pause).await;
                }
            })
            .await;
    }

    pub async fn order(&self, sent: &Sent) -> Order {
        let found = self.system.adapters().orders.find(sent.id).await;
        found.unwrap().unwrap().order
    }

    /// Staff correct the address of a provider that should have been asked without TLS.
    pub async fn correct_the_address(&self, cage: &Cage) {
        let edit = EditProvider {
            name: Name::parse(&format!("Corrected {}", cage.provider)).unwrap(),
            api_url: cage.panel.url(),
            api_key: Some(Secret::new(PANEL_KEY)),
            same_account: true,
            knobs: ProviderEdit::default(),
        };
        let staff = self.staff.with().unwrap();
        let edited = self.services.providers.admin.edit(&staff, cage.provider, &edit);
        edited.await.unwrap();
    }

    /// Works, and lets time pass whenever nothing is left to do, until every order has ended or waits for staff.
    pub async fn work(&self) {
        let mut passed = Duration::ZERO;
        while passed < LONG {
            self.do_what_is_due().await;
            let orders = &self.system.adapters().orders;
            let open = orders.open_counts().await.unwrap();
            let open: u64 = open.iter().map(|state| state.orders).sum();
            if open <= orders.in_review_count().await.unwrap() {
                return;
            }
            let step = Duration::from_secs(if passed.as_secs() < 1_000 { 60 } else { 600 });
            passed += step;
            self.clock.pass(step);
        }
        panic!("some orders do not end");
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    /// Works until nothing is due at this moment.
    pub async fn do_what_is_due(&self) {
        loop {
            for schedule in Schedule::ALL {
                self.schedules.run(schedule).await.unwrap();
            }
            self.relay.relay_once().await.unwrap();
            let jobs = self.shelf.take();
            if jobs.is_empty() {
                return;
            }
            stream::iter(jobs)
                .for_each_concurrent(AT_ONCE, async |job| self.runner.handle(job).await)
                .await;
        }
    }
}
