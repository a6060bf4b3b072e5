//! The acts of the demo: setting the stage, ordering, watching.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use application::caller::{By, Caller};
use application::catalog::{CategoryRule, ImportOutcome, ImportRequest, Selection};
use application::identity::{NewUser, Password};
use application::orders::OrderPlacement;
use application::providers::AddProvider;
use application::wallets::Credit;
use domain::catalog::Margin;
use domain::identity::Role;
use domain::orders::Order;
use domain::providers::{LookupCapability, ProviderSettings};
use domain::text::{Email, Link, Name};
use domain::{Money, OrderId, ProviderId, Secret, ServiceId};
use sandbox::Panel;
use smm_guru::System;
use tokio::time::Instant;

use super::script::Scene;
use super::stage::Stage;

/// What the customer gets to spend, in units.
const FUNDS: i64 = 50;
/// What is added to the panel's prices, in hundredths of a percent.
const PROFIT: u32 = 3_000;
/// How long one order may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often orders are looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody who can sign in.
pub struct Person {
    /// The user.
    pub caller: Caller,
    /// What to sign in with.
    pub email: String,
    /// What to sign in with.
    pub password: String,
}

/// Creates a user with a fresh password.
pub async fn enlist(system: &System, name: &str, role: Role) -> anyhow::Result<Person> {
    let email = format!("{}@example.com", name.to_lowercase());
    let password = system.adapters().ids.text_id();
    let user = NewUser {
        name: Name::parse(name)?,
        email: Email::parse(&email)?,
        password: Password::parse(&password)?,
        role,
    };
    let user = system
        .services()
        .identity
        .create_user
        .create(&By::Operator, user)
        .await?;
    Ok(Person {
        caller: Caller::new(user),
        email,
        password,
    })
}

/// Adds the panel as a provider and takes over its services.
pub async fn open_shop(
    system: &System,
    staff: &Caller,
    panel: &Panel,
) -> anyhow::Result<(ProviderId, usize)> {
    let services = system.services();
    let settings = ProviderSettings {
        lookup: LookupCapability::LinkAndTime,
        requests_per_second: 20,
        ..ProviderSettings::default()
    };
    let provider = AddProvider {
        name: Name::parse("Sandbox panel")?,
        api_url: panel.url(),
        api_key: Secret::new(panel.key()),
        settings,
    };
    let provider = services.providers.admin.add(&staff.with()?, &provider).await?;
    let request = ImportRequest {
        provider,
        selection: Selection::All,
        profit: Some(Margin::share(PROFIT)),
        category: CategoryRule::AsProvider,
    };
    let report = services.catalog.import.import(&staff.with()?, &request).await?;
    let added = report
        .rows
        .iter()
        .filter(|row| matches!(row.outcome, ImportOutcome::Added(_)))
        .count();
    ensure!(added > 0, "the panel's services could not be taken over");
    Ok((provider, added))
}

/// Gives the customer money to spend.
pub async fn fund(system: &System, staff: &Caller, customer: &Caller) -> anyhow::Result<Money> {
    let amount = Money::from_units(FUNDS).context("the funds are too large")?;
    let credit = Credit {
        user: customer.user().id.clone(),
        amount,
        reason: "welcome to the demo".to_owned(),
        key: None,
    };
    Ok(system
        .services()
        .wallets
        .credit
        .credit(&staff.with()?, &credit)
        .await?
        .wallet
        .available)
}

/// A service that takes every quantity of the script.
pub async fn choose_service(system: &System, scenes: &[Scene]) -> anyhow::Result<(ServiceId, String)> {
    let listing = system.services().catalog.browse.listing().await?;
    let fitting = listing
        .into_iter()
        .flat_map(|category| category.services)
        .find(|service| {
            service.service_type == domain::catalog::ServiceType::Default
                && service.cancel
                && scenes
                    .iter()
                    .all(|scene| service.quantity.contains(scene.quantity))
        });
    match fitting {
        Some(service) => Ok((service.id, service.name.to_string())),
        None => bail!("no service takes the quantities of the demo"),
    }
}

/// Orders what the scene says.
pub async fn order(
    system: &System,
    customer: &Caller,
    service: ServiceId,
    number: usize,
    scene: &Scene,
) -> anyhow::Result<Order> {
    let placement = OrderPlacement {
        service,
        link: Link::parse(&scene.link(number))?,
        input: scene.quantity.into(),
        key: None,
        max_rate: None,
    };
    Ok(system
        .services()
        .orders
        .place
        .place(customer, placement)
        .await?
        .order)
}

/// Watches an order until it has ended; how it ended.
pub async fn watch(
    system: &System,
    customer: &Caller,
    id: OrderId,
    stage: &mut Stage,
) -> anyhow::Result<Order> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let detail = system.services().orders.browse.own_detail(customer, id).await?;
        let detail = detail.context("the order has vanished")?;
        stage.show(id, detail.view.order.state, &detail.events);
        if detail.view.order.state.is_terminal() {
            return Ok(detail.view.order);
        }
        ensure!(Instant::now() < deadline, "order {id} did not end in time");
        tokio::time::sleep(GLANCE).await;
    }
}
