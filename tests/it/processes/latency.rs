//! How long an order waits when nothing else is going on.

use std::collections::HashMap;
use std::time::Duration;

use domain::orders::OrderState;
use domain::providers::LookupCapability;

use super::installation::{Installation, PATIENT};
use super::panel::PanelProcess;
use super::shop::Shop;
use crate::support::Browser;

const ORDERS: usize = 20;
/// The promise is a tenth of a second; this is for a machine that does other things too.
const WORST_MEDIAN: Duration = Duration::from_millis(500);

/// From the moment an order is made, which is before its commit, to the moment the panel reads its first byte.
async fn median_wait(
    installation: &Installation,
    shop: &Shop,
    panel: &PanelProcess,
    customer: &Browser,
) -> Duration {
    let mut made = HashMap::new();
    for number in 0..ORDERS {
        let link = format!("https://instagram.com/p/idle-{number}");
        let order = shop.place(customer, &link).await;
        shop.becomes(order, OrderState::Submitted).await;
        made.insert(link, shop.order(order).await.order.created_at.micros());
    }
    let additions = panel.additions().await;
    assert_eq!(additions.len(), ORDERS);
    let waits = additions
        .iter()
        .map(|addition| addition.at_millis * 1_000 + 999 - made[&addition.link]);
    let mut waits: Vec<Duration> = waits
        .map(|wait| Duration::from_micros(wait.try_into().unwrap()))
        .collect();
    waits.sort();
    installation.books_are_right();
    println!(
        "made to first byte: median {:?}, slowest {:?}",
        waits[ORDERS / 2],
        waits[ORDERS - 1]
    );
    waits[ORDERS / 2]
}

/// A panel whose orders stay in progress, so that nothing but submissions happens.
async fn slow_panel() -> PanelProcess {
    PanelProcess::start(&["--fault", "stuck"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_embedded_server_sends_an_order_at_once() {
    let panel = slow_panel().await;
    let installation = Installation::embedded(PATIENT);
    let shop = Shop::open(&installation, &panel, LookupCapability::None).await;
    let (server, address) = installation.serve().await;
    println!("resident when idle: {} kB", server.resident_kb());
    let customer = shop.customer(&address).await;
    assert!(median_wait(&installation, &shop, &panel, &customer).await < WORST_MEDIAN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_sends_an_order_of_another_node_at_once_on_postgres() {
    let Some(installation) = Installation::distributed(PATIENT, "an idle worker").await else {
        return;
    };
    let panel = slow_panel().await;
    let shop = Shop::open(&installation, &panel, LookupCapability::None).await;
    let (node, address) = installation.serve().await;
    let worker = installation.work().await;
    println!(
        "resident when idle: API {} kB, worker {} kB",
        node.resident_kb(),
        worker.resident_kb()
    );
    let customer = shop.customer(&address).await;
    assert!(median_wait(&installation, &shop, &panel, &customer).await < WORST_MEDIAN);
}
