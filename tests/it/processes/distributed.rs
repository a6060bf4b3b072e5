//! Several API nodes and workers on PostgreSQL and Redis; each worker is killed once in the middle of a submission.

use domain::OrderId;
use domain::orders::OrderState;
use domain::providers::LookupCapability;

use super::http::moved;
use super::installation::{HURRIED, Installation, PATIENT};
use super::panel::PanelProcess;
use super::program::Program;
use super::shop::Shop;
use crate::support::{Browser, eventually};

/// Places an order that the panel takes without ever answering, and kills the worker that sent it.
async fn kill_whoever_sends(
    workers: &mut Vec<Program>,
    shop: &Shop,
    panel: &PanelProcess,
    customer: &Browser,
    link: &str,
) -> OrderId {
    let order = shop.place(customer, link).await;
    panel.is_asked_for(link).await;
    let attempts = shop.attempts(order).await;
    let sender = attempts.first().unwrap().worker.split('-').next().unwrap();
    let position = workers
        .iter()
        .position(|worker| worker.id().to_string() == sender);
    workers.remove(position.unwrap()).kill();
    assert_eq!(
        shop.order(order).await.order.state,
        OrderState::Submitting,
        "killed before the answer"
    );
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worker_is_killed_once_while_it_submits_and_every_order_is_placed_once_on_postgres() {
    const LINKS: [&str; 2] = [
        "https://instagram.com/p/first?sandbox=accept-hang",
        "https://instagram.com/p/second?sandbox=accept-hang",
    ];
    let Some(installation) = Installation::distributed(HURRIED, "killing every worker").await else {
        return;
    };
    let panel = PanelProcess::start(&["--lookup", "link"]).await;
    let shop = Shop::open(&installation, &panel, LookupCapability::LinkAndTime).await;
    let (_node, address) = installation.serve().await;
    let (_other_node, other_address) = installation.serve().await;
    let mut workers = vec![installation.work().await, installation.work().await];

    let customer = shop.customer(&address).await;
    let first = kill_whoever_sends(&mut workers, &shop, &panel, &customer, LINKS[0]).await;
    let customer = moved(customer, &other_address);
    let second = kill_whoever_sends(&mut workers, &shop, &panel, &customer, LINKS[1]).await;
    assert!(workers.is_empty());
    installation.books_are_right();

    let _workers = [installation.work().await, installation.work().await];
    for (order, link) in [first, second].into_iter().zip(LINKS) {
        shop.becomes(order, OrderState::Completed).await;
        assert_eq!(shop.shown(&customer, order).await, "Completed");
        assert_eq!((panel.has(link).await, panel.asked_for(link).await), (1, 1));
        assert_eq!(shop.attempts(order).await.len(), 1);
    }
    let plain = "https://instagram.com/p/after";
    let third = shop.place(&customer, plain).await;
    shop.becomes(third, OrderState::Completed).await;
    assert_eq!(panel.has_in_all().await, 3);
    installation.books_are_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_stop_under_load_leaves_the_rest_to_the_other_one_on_postgres() {
    const ORDERS: usize = 24;
    const IN_FLIGHT_MIN: usize = 12;
    let Some(installation) = Installation::distributed(PATIENT, "stopping a worker").await else {
        return;
    };
    let panel = PanelProcess::start(&["--lookup", "link", "--fault", "add:slow"]).await;
    let shop = Shop::open(&installation, &panel, LookupCapability::LinkAndTime).await;
    let (node, address) = installation.serve().await;
    let (leaving, _staying) = (installation.work().await, installation.work().await);
    let customer = shop.customer(&address).await;
    let links: Vec<String> = (0..ORDERS)
        .map(|number| format!("https://instagram.com/p/left-{number}"))
        .collect();
    let mut orders = Vec::new();
    for link in &links {
        orders.push(shop.place(&customer, link).await);
    }
    eventually(
        || "both workers are sending".to_owned(),
        async || (panel.additions().await.len() >= IN_FLIGHT_MIN).then_some(()),
    )
    .await;
    let (status, took) = leaving.terminate().await;
    println!("stopped under load in {took:?}");
    assert_eq!(status.code(), Some(0));
    assert!(took.as_secs() < 30, "{took:?}");
    panel.recover().await;
    for (order, link) in orders.into_iter().zip(&links) {
        shop.becomes(order, OrderState::Completed).await;
        assert_eq!(
            (panel.has(link).await, panel.asked_for(link).await),
            (1, 1),
            "{link}"
        );
    }
    let (status, _) = node.terminate().await;
    assert_eq!(status.code(), Some(0));
    installation.books_are_right();
}
