//! The whole system at work on a throw-away database, with a simulated provider.

mod acts;
mod script;
mod stage;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use domain::Money;
use domain::identity::Role;
use domain::orders::OrderPolicy;
use ports::ledger::InvariantCount;
use sandbox::{Lookup, Panel, PanelConfig};
use smm_guru::{AddressPolicy, EmbeddedOptions, Running, System};

use self::acts::Person;
use self::script::SCENES;
use self::stage::Stage;
use crate::cli::DemoArgs;
use crate::{print_line, signals};

/// How long the simulated panel takes for an order.
const PACE: Duration = Duration::from_secs(3);

/// Times that fit an audience; the proportions that safety rests on stay.
fn demo_policy() -> OrderPolicy {
    OrderPolicy {
        lease: Duration::from_secs(10),
        send_within: Duration::from_secs(4),
        send_timeout: Duration::from_secs(3),
        quarantine: Duration::from_secs(15),
        poll_percent: 1,
        lookup_percent: 20,
        ..OrderPolicy::default()
    }
}

/// Runs the show; whether all went as it must.
pub async fn run(args: &DemoArgs) -> anyhow::Result<bool> {
    let mut asked_to_stop = Box::pin(signals::asked_to_stop());
    let folder = tempfile::tempdir().context("no folder for the throw-away database")?;
    let panel = Panel::start(PanelConfig {
        pace: PACE,
        lookup: Lookup::LinkAndTime,
        ..PanelConfig::default()
    })
    .await
    .context("the simulated panel does not start")?;
    let options = EmbeddedOptions {
        policy: demo_policy(),
        addresses: AddressPolicy::AllowPrivate,
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port),
        ..EmbeddedOptions::in_folder(folder.path())
    };
    let system = smm_guru::embedded(options).await?;
    let running = system.start()?;

    let performed = tokio::select! {
        performed = perform(&system, &panel, &running, args) => performed.map(Some),
        // The show is over early, but what it rests on is still taken down in order.
        () = &mut asked_to_stop => Ok(None),
    };
    if matches!(performed, Ok(Some(_))) && !args.exit {
        asked_to_stop.await;
    }
    running.stop().await;
    panel.stop().await;
    system.close().await;
    performed.map(|all_is_well| all_is_well.unwrap_or(!args.exit))
}

async fn perform(system: &System, panel: &Panel, running: &Running, args: &DemoArgs) -> anyhow::Result<bool> {
    print_line("SMM Guru demo: a wallet, five orders, and a provider that cannot be trusted.\n");
    let admin = acts::enlist(system, "Admin", Role::Admin).await?;
    let customer = acts::enlist(system, "Customer", Role::User).await?;
    let (_, services) = acts::open_shop(system, &admin.caller, panel).await?;
    print_line(&format!(
        "  provider    simulated panel at {} with {services} services, sold with 30 % profit",
        panel.url()
    ));
    let funds = acts::fund(system, &admin.caller, &customer.caller).await?;
    print_line(&format!("  wallet      {funds} USD put in by staff\n"));

    let orders_are_right = order_everything(system, &customer).await?;
    let books_are_right = check_books(system).await?;
    let panel_agrees = check_panel(panel);
    let all_is_well = orders_are_right && books_are_right && panel_agrees;
    print_line(if all_is_well {
        "\nEverything went as it must."
    } else {
        "\nSomething did not go as it must."
    });
    if !args.exit {
        invite(running, &admin, &customer);
    }
    Ok(all_is_well)
}

async fn order_everything(system: &System, customer: &Person) -> anyhow::Result<bool> {
    let caller = &customer.caller;
    let (service, name) = acts::choose_service(system, &SCENES).await?;
    let mut stage = Stage::new();
    stage.say(&format!("  ordering    \"{name}\""));
    let mut all_right = true;
    for (number, scene) in (1..).zip(&SCENES) {
        let order = acts::order(system, caller, service, number, scene).await?;
        stage.enter(order.id, number, scene.title);
        show_wallet(
            system,
            caller,
            &stage,
            &format!("after order #{number} of {} USD", order.price),
        )
        .await?;
        let ended = acts::watch(system, caller, order.id, &mut stage).await?;
        let right = ended.state == scene.ends;
        all_right &= right;
        let verdict = if right { "as it must" } else { "NOT as it must" };
        stage.say(&format!(
            "     #{number} ended as {}, {verdict}; {} USD kept, {} USD given back",
            ended.state.as_str(),
            ended.recognised,
            given_back(&ended),
        ));
        show_wallet(system, caller, &stage, &format!("when order #{number} is over")).await?;
    }
    Ok(all_right)
}

fn given_back(order: &domain::orders::Order) -> Money {
    if order.hold == domain::orders::Hold::Voided {
        order.price
    } else {
        order.refunded
    }
}

async fn show_wallet(
    system: &System,
    caller: &application::caller::Caller,
    stage: &Stage,
    when: &str,
) -> anyhow::Result<()> {
    let wallet = system.services().wallets.browse.balance(caller).await?;
    stage.say(&format!(
        "  wallet      {} USD to spend, {} USD held, {when}",
        wallet.available, wallet.held
    ));
    Ok(())
}

async fn check_books(system: &System) -> anyhow::Result<bool> {
    let invariants = system.adapters().ledger.verify().await?;
    print_line("\n  ledger");
    for InvariantCount { id, rule, violations } in &invariants {
        print_line(&format!("    {id:4} {violations} violations   {rule}"));
    }
    Ok(invariants.iter().all(|invariant| invariant.violations == 0))
}

/// The panel kept books of its own: it is the witness that nothing was ordered twice.
fn check_panel(panel: &Panel) -> bool {
    let placed: Vec<(usize, u64)> = (1..)
        .zip(&SCENES)
        .map(|(number, scene)| (number, panel.placed_count_for_link(&scene.link(number))))
        .collect();
    let doubled = placed.iter().filter(|(_, count)| *count > 1).count();
    let total: u64 = placed.iter().map(|(_, count)| count).sum();
    print_line(&format!(
        "    panel {total} orders placed there, {doubled} of them twice"
    ));
    doubled == 0
}

fn invite(running: &Running, admin: &Person, customer: &Person) {
    let base = running.base_url();
    print_line(&format!(
        "\nIt stays up until you press Ctrl-C. Try:\n\
         \n  {base}/docs                 the API reference\
         \n  {base}/api/v1/services      the catalogue\
         \n  {base}/metrics              metrics\n\
         \n  administrator  {}  {}\
         \n  customer       {}  {}\n\
         \n  curl -c jar -H 'content-type: application/json' {base}/api/auth/sign-in/email \\\
         \n    -d '{{\"email\":\"{}\",\"password\":\"{}\"}}'\
         \n  curl -b jar {base}/api/v1/dashboard/orders\
         \n  curl -b jar {base}/api/v1/dashboard/wallet",
        admin.email, admin.password, customer.email, customer.password, customer.email, customer.password,
    ));
}
