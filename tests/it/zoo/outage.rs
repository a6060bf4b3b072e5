//! A provider that is down for ten minutes and comes back, with many orders waiting for it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::PageSize;
use domain::orders::{Hold, Order, OrderState};
use ports::orders::OrderFilter;
use sandbox::Faults;

use super::kinds::{Class, Kind};
use super::world::{AT_ONCE, Cage, FUNDS, Zoo};
use crate::support::{prove_the_books, the_panel_agrees};

const MINUTES: usize = 10;
/// After pauses of 30, 60, 120 and 240 seconds, and one more where time passes in whole minutes. The first pause has three of a
/// provider that says something.
const PROBES_MAX: usize = 7;
/// Failed connections in a row that open a circuit, and failed calls.
const CONNECTIONS_MAX: usize = 5;
const CALLS_MAX: usize = 20;

const WELL: Kind = Kind {
    name: "outage",
    scripts: &[],
    class: Class::Placed,
    says: "",
    herd: 1,
    tls: false,
};

/// All orders of the shop.
async fn orders(zoo: &Zoo) -> Vec<Order> {
    let queries = &zoo.system.adapters().orders;
    let (everything, mut all, mut before) = (OrderFilter::default(), Vec::new(), None);
    loop {
        let page = queries.list(&everything, before, PageSize::WHOLE).await;
        let page = page.unwrap();
        let Some(last) = page.last() else { return all };
        before = Some(last.order.id);
        all.extend(page.into_iter().map(|view| view.order));
    }
}

/// How many orders are in each state, and how often the provider was to get any of them.
fn count(orders: &[Order]) -> (BTreeMap<&'static str, usize>, usize) {
    let mut states = BTreeMap::new();
    for order in orders {
        *states.entry(order.state.as_str()).or_default() += 1;
    }
    let attempts = orders
        .iter()
        .map(|order| usize::try_from(order.attempts).unwrap());
    (states, attempts.sum())
}

/// Half of the orders wait when the provider is first asked, the others come while it is down. After `opens_after` failed
/// calls it is left alone, but for those that were under way, and for probes. Then it comes back, and everything is
/// done.
async fn outage(fault: &str, placed: usize, opens_after: usize) {
    let zoo = Zoo::open().await;
    let mut cage = zoo.cage(&WELL, 0).await;
    cage.panel.set_faults(fault.parse().unwrap());
    zoo.place_many(&mut cage, placed / 2).await;
    zoo.do_what_is_due().await;
    let (_, attempts) = count(&orders(&zoo).await);
    assert!(
        (opens_after..opens_after + AT_ONCE).contains(&attempts),
        "{attempts} calls to a provider that is down"
    );
    for _ in 0..MINUTES {
        zoo.place_many(&mut cage, placed / 2 / MINUTES).await;
        zoo.pass(Duration::from_mins(1));
        zoo.do_what_is_due().await;
    }
    let (states, attempts) = count(&orders(&zoo).await);
    println!("after {MINUTES} minutes: {states:?}, {attempts} calls");
    assert!(
        attempts < opens_after + AT_ONCE + PROBES_MAX,
        "{attempts} calls to a provider that is down"
    );
    let waiting = states[OrderState::Held.as_str()];
    let asked = cage.panel.requests().get("add").copied().unwrap_or_default();
    let nobody_listened = fault == "down";
    let (heard, left) = if nobody_listened {
        (0, placed)
    } else {
        (attempts, placed - attempts)
    };
    assert_eq!(
        (usize::try_from(asked), waiting),
        (Ok(heard), left),
        "what the provider has heard of is not sent again, and all else waits"
    );
    assert_eq!(cage.panel.orders().len(), 0, "it took nothing meanwhile");

    cage.panel.set_faults(Faults::none());
    zoo.work().await;
    all_is_well(&zoo, &cage, placed, waiting).await;
    zoo.system.close().await;
    cage.panel.stop().await;
}

/// The orders that waited were sent once and are done, the others are given back; the money is where it belongs.
async fn all_is_well(zoo: &Zoo, cage: &Cage, placed: usize, waited: usize) {
    let orders = orders(zoo).await;
    let (states, _) = count(&orders);
    let done = |state: OrderState| states.get(state.as_str()).copied().unwrap_or_default();
    assert_eq!(
        (done(OrderState::Completed), done(OrderState::Voided)),
        (waited, placed - waited),
        "{states:?}"
    );
    let mut left = FUNDS;
    for order in &orders {
        let link = order.link.as_str();
        let has = u64::from(order.state == OrderState::Completed);
        let seen = (
            cage.panel.asked_count_for_link(link),
            cage.panel.placed_count_for_link(link),
        );
        assert_eq!(seen, (1, has), "{link}");
        the_panel_agrees(&cage.panel, order);
        if order.hold == Hold::Posted {
            left = left.saturating_sub(order.price);
        }
    }
    assert_eq!((orders.len(), cage.panel.orders().len()), (placed, waited));
    let wallets = &zoo.system.adapters().wallets;
    let wallet = wallets.wallet(&zoo.customer.user().id).await.unwrap().unwrap();
    assert_eq!((wallet.available, wallet.held), (left, domain::Money::ZERO));
    prove_the_books(&zoo.system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_orders_for_a_provider_that_cannot_be_reached_wait_until_it_can() {
    Box::pin(outage("down", 2_000, CONNECTIONS_MAX)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_answers_errors_is_left_alone_and_what_it_was_not_asked_for_waits() {
    Box::pin(outage("add:http500", 400, CALLS_MAX)).await;
}
