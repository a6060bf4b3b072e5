//! What operators see of every process of a distributed installation.

use std::net::{SocketAddr, TcpListener};

use domain::orders::OrderState;
use domain::providers::LookupCapability;

use super::http::client;
use super::installation::{HURRIED, Installation};
use super::panel::PanelProcess;
use super::program::Program;
use super::shop::Shop;
use crate::support::eventually;

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Starts a worker whose pages are at `address`, and what it says about that.
async fn work_at(installation: &Installation, address: SocketAddr) -> (Program, String) {
    let mut variables = installation.variables();
    variables.retain(|(name, _)| *name != "METRICS_ADDRESS");
    variables.push(("METRICS_ADDRESS", address.to_string()));
    let mut program = Program::start(&["work"], &variables);
    let said = program.says("SMM Guru works").await;
    (program, said)
}

async fn page(base: &str, path: &str) -> (u16, String) {
    let answer = client().get(format!("{base}{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The value of a metric with its labels, if the page has it.
fn value(page: &str, metric: &str) -> Option<f64> {
    let rest = page.lines().find_map(|line| line.strip_prefix(metric))?;
    rest.trim().parse().ok()
}

/// Waits until a page shows a metric as it is expected.
async fn shows(base: &str, metric: &str, expected: impl Fn(f64) -> bool) {
    eventually(
        || format!("{base} shows {metric}"),
        async || value(&page(base, "/metrics").await.1, metric).filter(|it| expected(*it)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_shows_the_gauges_and_a_worker_without_a_page_works_all_the_same_on_postgres() {
    let Some(installation) = Installation::distributed(HURRIED, "pages for operators").await else {
        return;
    };
    let panel = PanelProcess::start(&[]).await;
    let shop = Shop::open(&installation, &panel, LookupCapability::None).await;
    let (_node, api) = installation.serve().await;
    let address = free_address();
    let worker = format!("http://{address}");
    let (first, said) = work_at(&installation, address).await;
    assert!(said.contains(&worker), "{said}");
    let (second, said) = work_at(&installation, address).await;
    assert!(!said.contains("http"), "{said}");
    let warned = |line: &String| line.contains("METRICS_ADDRESS") && line.contains("in use");
    assert!(second.output().iter().any(warned), "{:?}", second.output());

    let (status, ready) = page(&worker, "/ready").await;
    assert!(status == 200 && ready.contains("\"ready\""), "{status} {ready}");
    assert_eq!(page(&worker, "/health").await.0, 200);
    assert_eq!(page(&worker, "/api/v1/services").await.0, 404);

    let customer = shop.customer(&api).await;
    let order = shop
        .place(&customer, "https://instagram.com/p/silent?sandbox=hang")
        .await;
    shop.becomes(order, OrderState::Unknown).await;
    let unknown = shop.order(order).await.order;
    let price: f64 = unknown.price.micros().to_string().parse().unwrap();
    let exposure = format!(
        "provider_exposure_micros{{provider=\"{}\"}}",
        unknown.service.provider
    );
    let cap = exposure.replace("exposure", "exposure_cap");
    for base in [&api, &worker] {
        shows(base, "orders_open{state=\"unknown\"}", |it| it >= 1.0).await;
        shows(base, "outbox_given_up", |it| it >= 0.0).await;
        shows(base, &exposure, |it| it == price).await;
        shows(base, &cap, |it| it >= price).await;
    }
    eventually(
        || "somebody has checked the books and shows that they are right".to_owned(),
        async || {
            let mut seen = Vec::new();
            for base in [&api, &worker] {
                seen.extend(value(
                    &page(base, "/metrics").await.1,
                    "ledger_violations{invariant=\"V1\"}",
                ));
            }
            seen.into_iter().reduce(f64::max).filter(|it| *it == 0.0)
        },
    )
    .await;

    for worker in [first, second] {
        let (status, took) = worker.terminate().await;
        assert_eq!(status.code(), Some(0));
        assert!(took.as_secs() < 30, "{took:?}");
    }
}
