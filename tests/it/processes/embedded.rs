//! One process is killed, or asked to stop, in the middle of submissions.

use domain::Money;
use domain::orders::OrderState;
use domain::providers::LookupCapability;
use serde_json::json;

use super::http::moved;
use super::installation::{HURRIED, Installation, PATIENT};
use super::panel::PanelProcess;
use super::shop::{FUNDS, Shop};
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_after_the_panel_took_the_order_finds_it_again_and_never_sends_it_twice() {
    const LINK: &str = "https://instagram.com/p/killed?sandbox=accept-hang";
    let panel = PanelProcess::start(&["--lookup", "link"]).await;
    let installation = Installation::embedded(HURRIED);
    let shop = Shop::open(&installation, &panel, LookupCapability::LinkAndTime).await;
    let (server, address) = installation.serve().await;
    let order = shop.place(&shop.customer(&address).await, LINK).await;
    panel.is_asked_for(LINK).await;
    server.kill();
    assert_eq!(
        shop.order(order).await.order.state,
        OrderState::Submitting,
        "killed before the answer"
    );
    installation.books_are_right();

    let (_server, address) = installation.serve().await;
    shop.becomes(order, OrderState::Unknown).await;
    shop.becomes(order, OrderState::Completed).await;
    assert_eq!(
        shop.shown(&shop.customer(&address).await, order).await,
        "Completed"
    );
    assert_eq!((panel.has(LINK).await, panel.asked_for(LINK).await), (1, 1));
    assert_eq!(shop.attempts(order).await.len(), 1);
    installation.books_are_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_before_the_panel_took_the_order_gives_the_money_back_once_absence_is_proven() {
    const LINK: &str = "https://instagram.com/p/lost?sandbox=hang";
    let panel = PanelProcess::start(&["--lookup", "reference"]).await;
    let installation = Installation::embedded(HURRIED);
    let shop = Shop::open(&installation, &panel, LookupCapability::Reference).await;
    let (server, address) = installation.serve().await;
    let customer = shop.customer(&address).await;
    let order = shop.place(&customer, LINK).await;
    panel.is_asked_for(LINK).await;
    server.kill();
    let killed = shop.order(order).await.order;
    assert_eq!(killed.state, OrderState::Submitting, "killed before the answer");

    let (_server, address) = installation.serve().await;
    let customer = moved(customer, &address);
    shop.becomes(order, OrderState::Unknown).await;
    shop.becomes(order, OrderState::Voided).await;
    let voided = shop.order(order).await.order;
    let proven_from = killed.lease_until.unwrap().plus(HURRIED.quarantine);
    assert!(
        voided.ended_at.unwrap() > proven_from,
        "absence proves nothing before {proven_from:?}"
    );
    assert_eq!((panel.has(LINK).await, panel.asked_for(LINK).await), (0, 1));
    let wallet = shop
        .system()
        .adapters()
        .wallets
        .wallet(&voided.user)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (wallet.available, wallet.held),
        (Money::parse(FUNDS).unwrap(), Money::ZERO)
    );
    assert_eq!(shop.shown(&customer, order).await, "Canceled");
    installation.books_are_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_with_an_order_that_nobody_can_look_up_leaves_it_to_staff() {
    const LINK: &str = "https://instagram.com/p/asked?sandbox=hang";
    let panel = PanelProcess::start(&["--lookup", "none"]).await;
    let installation = Installation::embedded(HURRIED);
    let shop = Shop::open(&installation, &panel, LookupCapability::None).await;
    let (server, address) = installation.serve().await;
    let order = shop.place(&shop.customer(&address).await, LINK).await;
    panel.is_asked_for(LINK).await;
    server.kill();

    let (_server, address) = installation.serve().await;
    shop.becomes(order, OrderState::Unknown).await;
    let staff = shop.staff(&address).await;
    let queue = staff
        .get("/api/v1/admin/orders/unknown")
        .await
        .success(200, "ORDERS_FETCHED");
    assert_eq!(queue["orders"][0]["id"], order.0, "{queue}");
    let path = format!("/api/v1/admin/orders/{order}/decision");
    let decision = json!({ "decision": "not_placed", "note": "the provider's support says so" });
    let decided = eventually(
        || "staff may decide".to_owned(),
        async || {
            let answer = staff.post(&path, decision.clone()).await;
            // Not before a request can no longer be under way.
            (answer.status != 409).then_some(answer)
        },
    )
    .await;
    decided.success(200, "ORDER_DECIDED");
    assert_eq!(shop.order(order).await.order.state, OrderState::Voided);
    assert_eq!((panel.has(LINK).await, panel.asked_for(LINK).await), (0, 1));
    installation.books_are_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_asked_to_stop_under_load_ends_in_time_and_loses_nothing() {
    const ORDERS: usize = 50;
    const IN_FLIGHT_MIN: usize = 4;
    let panel = PanelProcess::start(&["--lookup", "link", "--fault", "add:slow"]).await;
    let installation = Installation::embedded(PATIENT);
    let shop = Shop::open(&installation, &panel, LookupCapability::LinkAndTime).await;
    let (server, address) = installation.serve().await;
    let customer = shop.customer(&address).await;
    let links: Vec<String> = (0..ORDERS)
        .map(|number| format!("https://instagram.com/p/stopped-{number}"))
        .collect();
    let mut orders = Vec::new();
    for link in &links {
        orders.push(shop.place(&customer, link).await);
    }
    eventually(
        || "several orders are being sent".to_owned(),
        async || (panel.additions().await.len() >= IN_FLIGHT_MIN).then_some(()),
    )
    .await;
    let (status, took) = server.terminate().await;
    println!("stopped under load in {took:?}");
    assert_eq!(status.code(), Some(0));
    assert!(took.as_secs() < 30, "{took:?}");
    for order in &orders {
        let state = shop.order(*order).await.order.state;
        assert!(
            matches!(state, OrderState::Held | OrderState::Submitted),
            "stopping left {state:?} behind"
        );
    }
    installation.books_are_right();

    panel.recover().await;
    let (_server, _) = installation.serve().await;
    for order in &orders {
        shop.becomes(*order, OrderState::Completed).await;
    }
    for link in &links {
        assert_eq!(
            (panel.has(link).await, panel.asked_for(link).await),
            (1, 1),
            "{link}"
        );
    }
    installation.books_are_right();
}
