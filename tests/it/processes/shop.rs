//! A shop that is open: a provider, services with profit, and a customer with money who orders over HTTP.

use application::caller::{By, Caller};
use application::catalog::{CategoryRule, ImportRequest, Selection};
use application::identity::{NewUser, Password};
use application::orders::{ORDERS_MAX, OrderLine};
use application::providers::AddProvider;
use application::wallets::Credit;
use domain::catalog::Margin;
use domain::identity::Role;
use domain::orders::OrderState;
use domain::providers::{LookupCapability, ProviderSettings};
use domain::text::{Email, Link, Name};
use domain::{Money, OrderId, Secret, ServiceId};
use ports::orders::{AttemptView, OrderView};
use serde_json::{Value, json};
use smm_guru::System;

use super::http::signed_in;
use super::installation::Installation;
use super::panel::{KEY, PanelProcess};
use crate::support::{Browser, eventually};

const EMAIL: &str = "ann@example.com";
const STAFF_EMAIL: &str = "sam@example.com";
const PASSWORD: &str = "correct horse battery staple";
/// So much that no order fails for want of it.
pub const FUNDS: &str = "900";
/// Far above what a test sends, so that no order waits for leave.
const REQUESTS_PER_SECOND: u32 = 500;

/// What the customer orders.
pub struct Shop {
    service: String,
    quantity: u64,
    // On the heap, because a shop travels through many futures.
    ann: Box<Caller>,
    sam: Box<Caller>,
    system: System,
}

impl Shop {
    /// Fills an installation. The system stays open for looks inside.
    pub async fn open(installation: &Installation, panel: &PanelProcess, lookup: LookupCapability) -> Self {
        Self::at(installation, &panel.url, lookup).await
    }

    /// The same with a panel at this address.
    pub async fn at(installation: &Installation, panel: &str, lookup: LookupCapability) -> Self {
        let system = installation.open().await;
        let staff = user(&system, STAFF_EMAIL, Role::Admin).await;
        let ann = user(&system, EMAIL, Role::User).await;
        let services = system.services();
        let settings = ProviderSettings {
            lookup,
            requests_per_second: REQUESTS_PER_SECOND,
            ..ProviderSettings::default()
        };
        let provider = AddProvider {
            name: Name::parse("Panel").unwrap(),
            api_url: panel.to_owned(),
            api_key: Secret::new(KEY),
            settings,
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
        fund(&system, &staff, &ann).await;
        let listing = services.catalog.browse.listing().await.unwrap();
        let offered = listing.iter().flat_map(|category| &category.services);
        let first = offered.min_by_key(|service| service.id).unwrap();
        let (service, quantity) = (first.id.to_string(), first.quantity.min());
        Self {
            service,
            quantity,
            ann: Box::new(ann),
            sam: Box::new(staff),
            system,
        }
    }

    /// The customer places orders for these links without a node.
    pub async fn place_all(&self, links: &[String]) {
        self.place_as(&self.ann, links).await;
    }

    /// So many new customers share the orders: those of one customer take turns at a wallet.
    pub async fn place_among(&self, customers: usize, links: &[String]) {
        for (number, links) in links.chunks(links.len().div_ceil(customers)).enumerate() {
            let customer = user(&self.system, &format!("customer{number}@example.com"), Role::User).await;
            fund(&self.system, &self.sam, &customer).await;
            self.place_as(&customer, links).await;
        }
    }

    async fn place_as(&self, customer: &Caller, links: &[String]) {
        let service = ServiceId(self.service.parse().unwrap());
        for links in links.chunks(ORDERS_MAX) {
            let line = |link: &String| OrderLine {
                service,
                link: Link::parse(link).unwrap(),
                quantity: self.quantity,
            };
            let lines: Vec<OrderLine> = links.iter().map(line).collect();
            let placing = &self.system.services().orders.place_many;
            placing.place(customer, &lines, None).await.unwrap();
        }
    }

    /// The same shop after something was done to its database while nobody had it open.
    pub async fn reopened(self, installation: &Installation, meanwhile: impl FnOnce()) -> Self {
        self.system.close().await;
        drop(self.system);
        meanwhile();
        let system = installation.open().await;
        Self { system, ..self }
    }

    /// The order as the database has it.
    pub async fn order(&self, id: OrderId) -> OrderView {
        self.system.adapters().orders.find(id).await.unwrap().unwrap()
    }

    /// The attempts to send the order.
    pub async fn attempts(&self, id: OrderId) -> Vec<AttemptView> {
        self.system.adapters().orders.attempts(id).await.unwrap()
    }

    /// Waits for a state.
    pub async fn becomes(&self, id: OrderId, state: OrderState) {
        eventually(
            || format!("order {id} is {}", state.as_str()),
            async || (self.order(id).await.order.state == state).then_some(()),
        )
        .await;
    }

    /// The customer, signed in at a node.
    pub async fn customer(&self, node: &str) -> Browser {
        signed_in(node, EMAIL, PASSWORD).await
    }

    /// The administrator, signed in at a node.
    pub async fn staff(&self, node: &str) -> Browser {
        signed_in(node, STAFF_EMAIL, PASSWORD).await
    }

    /// The customer places an order for a link.
    pub async fn place(&self, customer: &Browser, link: &str) -> OrderId {
        let answer = customer.post("/api/v1/dashboard/orders", self.form(link)).await;
        let result = answer.success(201, "ORDER_CREATED");
        OrderId(result["order"]["id"].as_i64().unwrap())
    }

    /// What the customer sends to order for a link.
    pub fn form(&self, link: &str) -> Value {
        json!({ "category": "any", "service": self.service, "link": link, "quantity": self.quantity })
    }

    /// What the customer sees of the order's state.
    pub async fn shown(&self, customer: &Browser, id: OrderId) -> String {
        let answer = customer.get(&format!("/api/v1/dashboard/orders/{id}")).await;
        let result = answer.success(200, "ORDER_FETCHED");
        result["order"]["status"].as_str().unwrap().to_owned()
    }

    /// A use case or a look that the tests have no shorter name for.
    pub const fn system(&self) -> &System {
        &self.system
    }
}

async fn fund(system: &System, staff: &Caller, customer: &Caller) {
    let credit = Credit {
        user: customer.user().id.clone(),
        amount: Money::parse(FUNDS).unwrap(),
        reason: "for a test".to_owned(),
        key: None,
    };
    system
        .services()
        .wallets
        .credit
        .credit(&staff.with().unwrap(), &credit)
        .await
        .unwrap();
}

async fn user(system: &System, email: &str, role: Role) -> Caller {
    let new = NewUser {
        name: Name::parse("Somebody").unwrap(),
        email: Email::parse(email).unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        role,
    };
    Caller::new(
        system
            .services()
            .identity
            .create_user
            .create(&By::Operator, new)
            .await
            .unwrap(),
    )
}
