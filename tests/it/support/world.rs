//! A shop that is open: a panel, running nodes, an administrator, a customer with money, a provider and its services.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::Money;
use domain::identity::{Role, User};
use domain::orders::OrderPolicy;
use persistence::testing::TestDatabase;
use sandbox::{Delays, Lookup, Panel, PanelConfig};
use serde_json::{Value, json};
use smm_guru::{FundsSetup, System};

use super::client::{Browser, PANEL_KEY};
use super::oracle::{prove, prove_the_books};
use super::shop::{PASSWORD, enlist};
use super::values::money;
use super::way::{Ground, Node, Way};

/// What the customer has at the beginning, in units.
pub const FUNDS: i64 = 100;
/// The services that are sold: see the catalogue of the simulated panel.
const SOLD: [&str; 4] = ["1012", "1017", "1141", "1160"];

/// When a late panel places an order: after we gave up on the answer, while the lease still runs.
const LATE_AFTER: Duration = Duration::from_millis(2_500);

/// What may differ from test to test.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// How the panel lets a lost order be found; the provider is set up to match.
    pub lookup: Lookup,
    /// Above this price two members of staff decide.
    pub second_approver_from: Money,
    /// How long the panel takes for an order.
    pub pace: Duration,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            lookup: Lookup::None,
            second_approver_from: Money::from_micros(50_000_000),
            pace: Duration::from_millis(300),
        }
    }
}

impl Scene {
    /// Times in the proportions that safety rests on, short enough to wait for.
    fn policy(self) -> OrderPolicy {
        OrderPolicy {
            lease: Duration::from_secs(4),
            send_within: Duration::from_millis(2_500),
            send_timeout: Duration::from_millis(1_500),
            quarantine: Duration::from_secs(1),
            second_approver_from: self.second_approver_from,
            poll_percent: 1,
            lookup_percent: 2,
            ..OrderPolicy::default()
        }
    }
}

/// The shop.
pub struct World {
    pub panel: Panel,
    pub admin: Browser,
    pub customer: Browser,
    /// The customer as recorded.
    pub user: User,
    /// The provider's id.
    pub provider: i64,
    services: HashMap<String, i64>,
    nodes: Vec<Node>,
    links: AtomicU32,
    lookup: Lookup,
    ground: Ground,
}

impl Way {
    /// The usual shop.
    pub async fn world(self) -> Option<World> {
        self.world_with(Scene::default()).await
    }

    /// A shop with something special. `None` where the servers for it are not to be had.
    pub async fn world_with(self, scene: Scene) -> Option<World> {
        self.world_on(scene, FundsSetup::none()).await
    }

    /// A shop that asks others about money.
    pub async fn world_on(self, scene: Scene, funds: FundsSetup) -> Option<World> {
        let config = PanelConfig {
            key: PANEL_KEY.to_owned(),
            pace: scene.pace,
            lookup: scene.lookup,
            delays: Delays {
                late_after: LATE_AFTER,
                ..Delays::default()
            },
            ..PanelConfig::default()
        };
        let (nodes, ground) = self.nodes(scene.policy(), funds).await?;
        let panel = Panel::start(config).await.expect("the panel listens");
        let addresses = addresses(&nodes);
        let system = &nodes[0].system;
        enlist(system, "admin", Role::Admin).await;
        let user = enlist(system, "customer", Role::User).await;
        let admin = Browser::signed_in(&addresses, "admin@example.com", PASSWORD).await;
        let customer = Browser::signed_in(&addresses, "customer@example.com", PASSWORD).await;
        let mut world = World {
            panel,
            admin,
            customer,
            user,
            provider: 0,
            services: HashMap::new(),
            nodes,
            links: AtomicU32::new(0),
            lookup: scene.lookup,
            ground,
        };
        world.open_shop().await;
        world.fund(&world.user.id.to_string(), &FUNDS.to_string()).await;
        Some(world)
    }
}

fn addresses(nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| node.running[0].base_url()).collect()
}

impl World {
    async fn open_shop(&mut self) {
        let answer = self
            .admin
            .post("/api/v1/admin/providers", self.provider_form())
            .await;
        self.provider = answer.success(201, "PROVIDER_ADDED")["id"]
            .as_i64()
            .expect("an id");
        let path = format!("/api/v1/admin/providers/{}/import", self.provider);
        let form = json!({ "services": SOLD, "profitPercent": "30" });
        let report = self
            .admin
            .post(&path, form)
            .await
            .success(200, "SERVICES_IMPORTED");
        assert_eq!(report["added"], SOLD.len(), "{report}");
        let rows = report["rows"].as_array().expect("rows").iter();
        self.services = rows
            .map(|row| {
                let upstream = row["service"].as_str().expect("an upstream id");
                (upstream.to_owned(), row["id"].as_i64().expect("an id"))
            })
            .collect();
    }

    /// The provider as staff describe it.
    pub fn provider_form(&self) -> Value {
        let lookup = match self.lookup {
            Lookup::None => "none",
            Lookup::LinkAndTime => "link_and_time",
            Lookup::Reference => "reference",
        };
        json!({
            "name": "Simulated panel", "apiUrl": self.panel.url(), "apiKey": PANEL_KEY,
            "lookup": lookup, "requestsPerSecond": 200,
        })
    }

    /// Edits the provider: its form with one field replaced.
    pub async fn set_provider(&self, field: &str, value: Value) {
        let mut form = self.provider_form();
        form[field] = value;
        let path = format!("/api/v1/admin/providers/{}", self.provider);
        self.admin
            .patch(&path, form)
            .await
            .success(200, "PROVIDER_EDITED");
    }

    /// Our id of the panel's service.
    pub fn service(&self, upstream: &str) -> i64 {
        self.services[upstream]
    }

    /// The first node.
    pub fn system(&self) -> &System {
        &self.nodes[0].system
    }

    /// The tables behind the product's back.
    pub async fn database(&self) -> TestDatabase {
        let url = match &self.ground {
            Ground::Folder { folder } => format!("sqlite://{}", folder.path().join("smm-guru.db").display()),
            Ground::Servers { servers } => servers.database.url().to_owned(),
        };
        TestDatabase::existing(&url).await.expect("the database is there")
    }

    /// The addresses of the nodes.
    pub fn addresses(&self) -> Vec<String> {
        addresses(&self.nodes)
    }

    /// A new user and a browser that has signed in.
    pub async fn join(&self, name: &str, role: Role) -> (User, Browser) {
        let user = enlist(self.system(), name, role).await;
        let email = format!("{name}@example.com");
        (
            user,
            Browser::signed_in(&self.addresses(), &email, PASSWORD).await,
        )
    }

    /// Staff put money into a wallet.
    pub async fn fund(&self, user: &str, amount: &str) {
        let form = json!({ "amount": amount, "reason": "Bank transfer" });
        let path = format!("/api/v1/admin/users/{user}/wallet/credit");
        self.admin.post(&path, form).await.success(201, "WALLET_CREDITED");
    }

    /// A link that no other order has, with a script for the panel.
    pub fn link(&self, script: &str) -> String {
        let number = self.links.fetch_add(1, Ordering::Relaxed);
        format!("https://instagram.com/p/{number}?sandbox={script}")
    }

    /// The body of an order of the panel's service.
    pub fn order_form(&self, upstream: &str, script: &str, quantity: u64) -> Value {
        let service = self.service(upstream).to_string();
        json!({ "category": "any", "service": service, "link": self.link(script), "quantity": quantity })
    }

    /// The customer orders 1000 followers; its id.
    pub async fn place(&self, script: &str) -> i64 {
        self.place_of("1012", script, 1_000).await
    }

    /// The customer places an order; its id.
    pub async fn place_of(&self, upstream: &str, script: &str, quantity: u64) -> i64 {
        let form = self.order_form(upstream, script, quantity);
        let answer = self.customer.post("/api/v1/dashboard/orders", form).await;
        let result = answer.success(201, "ORDER_CREATED");
        result["order"]["id"].as_i64().expect("an id")
    }

    /// An order with attempts and history, as staff see it.
    pub async fn order(&self, id: i64) -> Value {
        let answer = self.admin.get(&format!("/api/v1/admin/orders/{id}")).await;
        answer.success(200, "ORDER_FETCHED")
    }

    /// Waits until the order is in `state`.
    pub async fn until(&self, id: i64, state: &str) -> Value {
        self.until_it(id, state, |order| order["order"]["state"] == state)
            .await
    }

    /// Waits until the order is as it should be.
    pub async fn until_it(&self, id: i64, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        let watch = async {
            loop {
                seen = self.order(id).await;
                if is_so(&seen) {
                    return seen.clone();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(45), watch).await {
            Ok(order) => order,
            Err(_) => panic!("order {id} is not {what} in time: {seen:#}"),
        }
    }

    /// What the customer can spend and what is held, in micro-units.
    pub async fn wallet(&self) -> (i64, i64) {
        let wallet = self.customer.get("/api/v1/dashboard/wallet").await;
        let wallet = wallet.success(200, "USER_BALANCE");
        (money(&wallet["balance"]), money(&wallet["held"]))
    }

    /// What the customer has spent so far, in micro-units; nothing is held any more.
    pub async fn spent(&self) -> i64 {
        let (balance, held) = self.wallet().await;
        assert_eq!(held, 0, "nothing is held at the end");
        FUNDS * 1_000_000 - balance
    }

    /// How often the panel was asked to do this.
    pub fn requests(&self, action: &str) -> u64 {
        self.panel.requests().get(action).copied().unwrap_or_default()
    }

    /// Ends the test: every order has ended, the books balance, the panel agrees.
    pub async fn close(self) {
        self.close_but(&[]).await;
    }

    /// As [`World::close`], but for orders about which staff said something else than the panel.
    pub async fn close_but(self, decided: &[i64]) {
        prove(&self, decided).await;
        self.leave().await;
    }

    /// Stops everything, whatever state orders are in; the books balance all the same.
    pub async fn leave(self) {
        prove_the_books(self.system()).await;
        let mut systems = Vec::new();
        for node in self.nodes {
            for running in node.running {
                running.stop().await;
            }
            systems.push(node.system);
        }
        for system in systems {
            system.close().await;
        }
        self.panel.stop().await;
    }
}
