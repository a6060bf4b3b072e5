//! A process is stopped with SIGSTOP while its workers are about to send, or have just sent, until their leases are long
//! over, and goes on then: it never sends late, and a late answer counts once.

mod child;

use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use application::caller::Caller;
use application::orders::OrderLine;
use application::providers::AddProvider;
use application::wallets::Credit;
use domain::catalog::{QuantityRange, ServiceType};
use domain::identity::Role;
use domain::orders::{EventKind, Order, OrderPolicy, OrderState};
use domain::providers::{LookupCapability, ProviderSettings};
use domain::text::{Link, Name};
use domain::{Money, OrderId, Rate, Secret, ServiceId};
use ports::gateway::PanelService;
use ports::orders::AttemptView;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use sandbox::{Panel, PanelConfig};
use smm_guru::System;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::installation::{HURRIED, Installation};
use super::panel::KEY;
use super::program::{Program, signal};
use crate::support::{enlist, eventually, prove_the_books, the_panel_agrees};
use child::{ARRIVED, GO, LIFE, Life, STOP};

/// How many orders are at the point at the same time: as many as one process sends to one provider at once, and as many
/// providers as its workers are enough for.
const PROVIDERS: usize = 6;
const ORDERS: usize = 8 * PROVIDERS;
const WORKERS: usize = ORDERS;
const QUANTITY: u64 = 100;
const FUNDS: Money = Money::from_micros(900_000_000);
/// With more time for each call: forty-eight at once on a machine that is busy with other tests are slow, and one that takes too
/// long would be unknown for good, because nobody can look it up.
const UNHURRIED: OrderPolicy = OrderPolicy {
    lease: Duration::from_secs(14),
    send_within: Duration::from_secs(4),
    send_timeout: Duration::from_secs(10),
    ..HURRIED
};
/// After the lease, until everybody would have noticed.
const LONGER: Duration = Duration::from_secs(2);

/// A shop with orders that wait to be sent. Nobody can look them up: only who sent them knows.
struct Scene {
    panel: Panel,
    installation: Installation,
    system: System,
    orders: Vec<OrderId>,
}

impl Scene {
    async fn set(installation: Installation) -> Self {
        let config = PanelConfig {
            key: KEY.to_owned(),
            pace: Duration::from_millis(1),
            ..PanelConfig::default()
        };
        let panel = Panel::start(config).await.unwrap();
        let system = installation.open().await;
        let staff = Caller::new(enlist(&system, "staff", Role::Admin).await);
        let customer = Caller::new(enlist(&system, "customer", Role::User).await);
        let credit = Credit {
            user: customer.user().id.clone(),
            amount: FUNDS,
            reason: "for a test".to_owned(),
            key: None,
        };
        let services = system.services();
        services
            .wallets
            .credit
            .credit(&staff.with().unwrap(), &credit)
            .await
            .unwrap();
        let mut lines = Vec::new();
        for number in 0..PROVIDERS {
            let service = sell(&system, &staff, &panel, number).await;
            lines.extend((0..ORDERS / PROVIDERS).map(|order| OrderLine {
                service,
                link: Link::parse(&format!("https://instagram.com/p/{number}-{order}")).unwrap(),
                quantity: QUANTITY,
            }));
        }
        let placed = services.orders.place_many.place(&customer, &lines, None).await;
        let orders = placed.unwrap().orders.iter().map(|order| order.id).collect();
        Self {
            panel,
            installation,
            system,
            orders,
        }
    }

    async fn order(&self, id: OrderId) -> Order {
        let found = self.system.adapters().orders.find(id).await;
        found.unwrap().unwrap().order
    }

    async fn all_are(&self, state: OrderState) {
        let others = Mutex::new(Vec::new());
        eventually(
            || {
                let others = others.lock().unwrap();
                let (count, first) = (others.len(), others.first());
                format!(
                    "all orders are {}, not {count} of them: {first:#?}",
                    state.as_str()
                )
            },
            async || {
                let mut found = Vec::new();
                for id in &self.orders {
                    let order = self.order(*id).await;
                    if order.state != state {
                        found.push((order, self.attempts(*id).await));
                    }
                }
                let is_done = found.is_empty();
                *others.lock().unwrap() = found;
                is_done.then_some(())
            },
        )
        .await;
    }

    /// A process comes to `point` with all orders, is stopped for longer than its leases, and goes on. On servers another
    /// worker is there meanwhile, which finds the leases ended. At the end every order was sent once and is done.
    async fn outlives(&self, point: &str) {
        let mut process = Process::start(&self.installation, point);
        process.arrives().await;
        process.stops();
        process.say(GO).await;
        let rescuer = self.somebody_notices().await;
        signal(process.id(), "CONT");
        self.all_are(OrderState::Completed).await;
        for id in &self.orders {
            let order = self.order(*id).await;
            let link = order.link.as_str();
            let seen = (
                self.panel.asked_count_for_link(link),
                self.panel.placed_count_for_link(link),
            );
            assert_eq!((seen, order.review.is_some()), ((1, 1), false), "{order:#?}");
            the_panel_agrees(&self.panel, &order);
        }
        process.say(STOP).await;
        process.ends().await;
        if let Some(rescuer) = rescuer {
            let (status, _) = rescuer.terminate().await;
            assert_eq!(status.code(), Some(0));
        }
        prove_the_books(&self.system).await;
    }

    async fn somebody_notices(&self) -> Option<Program> {
        if self.installation.is_embedded() {
            tokio::time::sleep(UNHURRIED.lease + LONGER).await;
            return None;
        }
        let rescuer = self.installation.work().await;
        self.all_are(OrderState::Unknown).await;
        Some(rescuer)
    }

    /// Before it could send, the lease had ended: it says so, and somebody sends the order as if for the first time.
    async fn nothing_was_sent_late(&self) {
        for id in &self.orders {
            let attempts = self.attempts(*id).await;
            let seen: Vec<_> = attempts
                .iter()
                .map(|attempt| (attempt.outcome.as_str(), attempt.proof.as_deref()))
                .collect();
            assert!(
                matches!(
                    seen.as_slice(),
                    [("not_placed", Some("local:stale")), ("placed", _)]
                ),
                "{attempts:#?}"
            );
        }
    }

    /// The answer came while everybody believed that there was none, and it counts, once.
    async fn late_answers_count_once(&self) {
        for id in &self.orders {
            let attempts = self.attempts(*id).await;
            assert_eq!(attempts.len(), 1, "{attempts:#?}");
            let events = self.system.adapters().orders.events(*id).await.unwrap();
            let accepted = events.iter().filter(|event| event.kind == EventKind::Submitted);
            let unknown = events.iter().any(|event| event.kind == EventKind::Unknown);
            assert_eq!(
                (accepted.count(), unknown || self.installation.is_embedded()),
                (1, true),
                "{events:#?}"
            );
        }
    }

    async fn attempts(&self, id: OrderId) -> Vec<AttemptView> {
        self.system.adapters().orders.attempts(id).await.unwrap()
    }

    async fn close(self) {
        self.system.close().await;
        self.panel.stop().await;
    }
}

/// A provider of its own, and what it sells.
async fn sell(system: &System, staff: &Caller, panel: &Panel, number: usize) -> ServiceId {
    let name = Name::parse(&format!("Panel {number}")).unwrap();
    let provider = AddProvider {
        name,
        api_url: panel.url(),
        api_key: Secret::new(KEY),
        settings: ProviderSettings {
            lookup: LookupCapability::None,
            requests_per_second: 500,
            ..ProviderSettings::default()
        },
    };
    let services = system.services();
    let provider = services
        .providers
        .admin
        .add(&staff.with().unwrap(), &provider)
        .await
        .unwrap();
    // As the panel has it.
    let offer = PanelService {
        upstream_id: "1101".to_owned(),
        name: format!("Likes {number}"),
        service_type: ServiceType::Default,
        category: "Any".to_owned(),
        rate: Rate::parse("0.084").unwrap(),
        quantity: QuantityRange::new(10, 300_000).unwrap(),
        dripfeed: false,
        refill: false,
        cancel: false,
        description: None,
    };
    services
        .catalog
        .services
        .add(&staff.with().unwrap(), provider, &offer)
        .await
        .unwrap()
}

/// The process under test, which is this binary.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(installation: &Installation, point: &str) -> Self {
        let life = Life {
            address: installation.address(),
            workers: WORKERS,
            point: point.to_owned(),
            jobs: ORDERS,
        };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                "processes::paused::child::works",
                "--ignored",
                "--nocapture",
            ])
            .env(LIFE, serde_json::to_string(&life).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Stops it. The signal alone is not enough: until one of its threads has seen it, the others go on, and would hear
    /// what the process is told next.
    fn stops(&self) {
        signal(self.id(), "STOP");
        let id = Pid::from_raw(self.id().try_into().unwrap()).unwrap();
        let status = waitid(WaitId::Pid(id), WaitIdOptions::STOPPED).unwrap();
        assert!(status.unwrap().stopped());
    }

    /// Waits until every job is at the point.
    async fn arrives(&mut self) {
        for arrived in 0..ORDERS {
            loop {
                let line = tokio::time::timeout(Duration::from_secs(60), self.lines.next_line()).await;
                let Ok(Ok(Some(line))) = line else {
                    panic!("{arrived} jobs came to the point: {line:?}");
                };
                if line.contains(ARRIVED) {
                    break;
                }
            }
        }
    }

    async fn say(&mut self, word: &str) {
        let line = format!("{word}\n");
        self.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(line.as_bytes())
            .await
            .unwrap();
    }

    async fn ends(mut self) {
        let status = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        assert!(status.unwrap().unwrap().success());
    }
}

/// The gate after the claim, before the first byte.
const BEFORE: &str = "claimed/after-commit";
/// The answer is in its hands.
const AFTER: &str = "send-after-answer";

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stopped_before_it_sends_never_sends_late_on_sqlite() {
    let scene = Scene::set(Installation::embedded(UNHURRIED)).await;
    scene.outlives(BEFORE).await;
    scene.nothing_was_sent_late().await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stopped_before_it_sends_never_sends_late_on_postgres() {
    let Some(installation) = Installation::distributed(UNHURRIED, "stopping before sending").await else {
        return;
    };
    let scene = Scene::set(installation).await;
    scene.outlives(BEFORE).await;
    scene.nothing_was_sent_late().await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_worker_stopped_after_it_sent_counts_once_on_sqlite() {
    let scene = Scene::set(Installation::embedded(UNHURRIED)).await;
    scene.outlives(AFTER).await;
    scene.late_answers_count_once().await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_worker_stopped_after_it_sent_counts_once_on_postgres() {
    let Some(installation) = Installation::distributed(UNHURRIED, "stopping after sending").await else {
        return;
    };
    let scene = Scene::set(installation).await;
    scene.outlives(AFTER).await;
    scene.late_answers_count_once().await;
    scene.close().await;
}
