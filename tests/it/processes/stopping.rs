//! Nodes are asked to stop under load, again and again: they end in time, and nothing becomes unknown because of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::orders::{EventKind, OrderState};
use domain::providers::LookupCapability;
use futures::future::join_all;
use sandbox::{Faults, Panel};

use super::buyers::{Buyers, panel};
use super::installation::{Installation, PATIENT};
use super::program::Program;
use super::shop::Shop;
use crate::support::eventually;

/// What a process promises that is asked to stop.
const PROMISE: Duration = Duration::from_secs(30);
/// Rounds of an ordinary test run.
const FEW: usize = 5;
/// Rounds on request.
const MANY: usize = 100;
/// Orders in a round at most.
const ORDERS: usize = 45;
/// How many orders the panel has been asked for when a round ends: another number in each, none among them.
const ASKED_FOR: [u64; 7] = [13, 0, 7, 1, 22, 16, 4];
fn asked_for(panel: &Panel) -> u64 {
    panel.requests().get("add").copied().unwrap_or_default()
}

/// An API node, and workers of their own if there are any.
async fn start(installation: &Installation, workers: usize) -> (Vec<Program>, String) {
    let (server, address) = installation.serve().await;
    let mut nodes = vec![server];
    for _ in 0..workers {
        nodes.push(installation.work().await);
    }
    (nodes, address)
}

/// All at once; the longest that one of them took.
async fn stop(nodes: Vec<Program>) -> Duration {
    let stopped = join_all(nodes.into_iter().map(Program::terminate)).await;
    let mut longest = Duration::ZERO;
    for (status, took) in stopped {
        assert!(
            status.code() == Some(0) && took < PROMISE,
            "{status} after {took:?}"
        );
        longest = longest.max(took);
    }
    longest
}

async fn nothing_is_in_doubt(shop: &Shop, round: usize) {
    let open = shop.system().adapters().orders.open_counts().await.unwrap();
    for count in open {
        assert!(
            !matches!(count.state, OrderState::Submitting | OrderState::Unknown),
            "round {round} left {count:?}"
        );
    }
}

async fn stopped_again_and_again(installation: &Installation, workers: usize, rounds: usize) {
    let panel = panel("add:slow,status:slow=0.3").await;
    let shop = Shop::at(installation, &panel.url(), LookupCapability::Reference).await;
    let (mut nodes, mut address) = start(installation, workers).await;
    let buyers = Buyers::arrive(&shop, &address).await;
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        let (wanted, enough) = (
            ASKED_FOR[round % ASKED_FOR.len()],
            Arc::new(AtomicBool::new(false)),
        );
        let before = asked_for(&panel);
        let shopping = buyers.go_shopping(&address, ORDERS, &enough);
        eventually(
            || format!("{wanted} orders are sent in round {round}"),
            async || (asked_for(&panel) >= before + wanted).then_some(()),
        )
        .await;
        longest = longest.max(stop(nodes).await);
        enough.store(true, Ordering::SeqCst);
        for buyer in shopping {
            buyer.await.unwrap();
        }
        nothing_is_in_doubt(&shop, round).await;
        (nodes, address) = start(installation, workers).await;
    }
    panel.set_faults(Faults::none());
    buyers.ask_again(&address).await;
    let orders = buyers.orders().await;
    println!(
        "{rounds} rounds, {} orders, the slowest end {longest:?}",
        orders.len()
    );
    for (id, link) in &orders {
        shop.becomes(*id, OrderState::Completed).await;
        let events = shop.system().adapters().orders.events(*id).await.unwrap();
        assert!(
            events.iter().all(|event| event.kind != EventKind::Unknown),
            "{link}: {events:#?}"
        );
        let seen = (
            panel.asked_count_for_link(link),
            panel.placed_count_for_link(link),
        );
        assert_eq!(seen, (1, 1), "{link}");
    }
    assert_eq!(panel.orders().len(), orders.len());
    buyers.ask_once_more(&address).await;
    stop(nodes).await;
    installation.books_are_right();
    panel.stop().await;
}

async fn embedded(rounds: usize) {
    stopped_again_and_again(&Installation::embedded(PATIENT), 0, rounds).await;
}

async fn distributed(rounds: usize) {
    if let Some(installation) = Installation::distributed(PATIENT, "stopping again and again").await {
        stopped_again_and_again(&installation, 2, rounds).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_under_load_again_and_again_leaves_nothing_in_doubt() {
    embedded(FEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_stopped_under_load_again_and_again_leave_nothing_in_doubt_on_postgres() {
    distributed(FEW).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes; docs/TESTING.md says how to run it"]
async fn a_server_that_is_stopped_a_hundred_times_leaves_nothing_in_doubt() {
    embedded(MANY).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes; docs/TESTING.md says how to run it"]
async fn nodes_that_are_stopped_a_hundred_times_leave_nothing_in_doubt_on_postgres() {
    distributed(MANY).await;
}
