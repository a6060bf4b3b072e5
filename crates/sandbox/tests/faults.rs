//! Faults of the whole panel, switched while it runs.

mod support;

use std::time::{Duration, Instant};

use sandbox::{Faults, Panel, PanelConfig};
use serde_json::json;
use support::{SOON, add, add_fields, call, config, eventually, exchange, order, panel, post, see};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn faults_of_the_whole_panel_can_be_switched_while_it_runs() {
    let panel = panel().await;
    panel.set_faults("status:http500".parse().unwrap());
    assert_eq!(see(&panel, "action=status&order=1", SOON).await.status(), 500);
    assert_eq!(see(&panel, "action=balance", SOON).await.status(), 200);
    panel.set_faults("partial:40,slow".parse().unwrap());
    let link = "https://a.test/p";
    add(&panel, link).await;
    panel.set_faults(Faults::none());
    let order = panel.orders().remove(0);
    assert_eq!((order.link.as_str(), order.status.as_str()), (link, "Pending"));
    assert_eq!(see(&panel, "action=status&order=1", SOON).await.status(), 200);
}

#[tokio::test]
async fn a_fault_with_a_share_repeats_with_the_seed() {
    async fn run(seed: u64) -> Vec<u16> {
        let faults = "http500=0.5".parse().unwrap();
        let panel = Panel::start(PanelConfig {
            seed,
            faults,
            ..config()
        })
        .await
        .unwrap();
        let mut seen = Vec::new();
        for _ in 0..24 {
            seen.push(see(&panel, "action=balance", SOON).await.status());
        }
        seen
    }
    let first = run(3).await;
    assert!(first.contains(&200) && first.contains(&500));
    assert_eq!(first, run(3).await);
    assert_ne!(first, run(4).await);
}

#[tokio::test]
async fn a_scripted_link_is_spared_the_faults_of_the_whole_panel() {
    let panel = Panel::start(PanelConfig {
        faults: "http500".parse().unwrap(),
        ..config()
    })
    .await
    .unwrap();
    assert_eq!(order(&panel, "complete", SOON).await.0.status(), 200);
    assert_eq!(
        see(&panel, &add_fields("https://a.test/p"), SOON).await.status(),
        500
    );
}

#[tokio::test]
async fn refill_rejection_and_missing_orders_can_be_switched_for_all() {
    let panel = Panel::start(PanelConfig {
        pace: Duration::ZERO,
        ..config()
    })
    .await
    .unwrap();
    let answer = call(&panel, "action=add&service=1013&quantity=100&link=l").await;
    let id = &answer["order"];
    panel.set_faults("refill-rejected,missing-in-batch".parse().unwrap());
    assert_eq!(
        call(&panel, &format!("action=status&orders={id},7")).await,
        json!({ "7": { "error": "Incorrect order ID" } })
    );
    let refill = call(&panel, &format!("action=refill&order={id}")).await["refill"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        call(&panel, &format!("action=refill_status&refill={refill}")).await["status"],
        "Rejected"
    );
}

#[tokio::test]
async fn a_panel_that_is_down_refuses_connections_and_comes_back_on_the_same_port() {
    let panel = panel().await;
    let request = post("/api/v2", "text/plain", "");
    let mut idle = TcpStream::connect(panel.address()).await.unwrap();
    panel.set_faults("down".parse().unwrap());
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    eventually(async || TcpStream::connect(panel.address()).await.is_err()).await;
    panel.set_faults(Faults::none());
    eventually(async || {
        exchange(&panel, &request, SOON)
            .await
            .is_ok_and(|seen| seen.status() == 200)
    })
    .await;
}

#[tokio::test]
async fn closing_connections_ends_them_before_an_answer() {
    let panel = panel().await;
    panel.set_faults("close".parse().unwrap());
    let mut stream = TcpStream::connect(panel.address()).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_hanging_request_does_not_keep_the_panel_from_stopping() {
    let panel = panel().await;
    let body = format!(
        "key={}&{}",
        panel.key(),
        add_fields("https://a.test/?sandbox=hang")
    );
    let mut stream = TcpStream::connect(panel.address()).await.unwrap();
    let request = post("/api/v2", "application/x-www-form-urlencoded", &body);
    stream.write_all(request.as_bytes()).await.unwrap();
    eventually(async || panel.requests().contains_key("add")).await;
    let start = Instant::now();
    panel.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}
