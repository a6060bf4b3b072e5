//! Orders that a provider leaves out when it is asked about many are asked about alone.

use std::sync::Arc;
use std::time::Duration;

use application::jobs::Verdict;
use application::orders::TrackOrders;
use domain::OrderId;
use domain::orders::OrderState;
use ports::gateway::StatusAnswer;
use testkit::crowd::Tally;

use crate::bench::Bench;
use crate::panel::{about, says};

const MINUTE: Duration = Duration::from_mins(1);
/// Longer than any first polling interval.
const DUE: Duration = Duration::from_secs(70);

async fn open(bench: &Bench, count: u32) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for n in 0..count {
        orders.push(bench.submitted(n, &format!("p{n}")).await);
    }
    orders
}

#[tokio::test]
async fn orders_that_are_always_left_out_of_batches_end() {
    let bench = Bench::new().await;
    let orders = open(&bench, 5).await;
    let gone = StatusAnswer::Refused("Incorrect order ID".to_owned());
    bench.panel.answers_alone("p3", gone);
    for _ in 0..3 {
        bench.pass(DUE);
        bench.panel.reports(about([]));
        assert_eq!(bench.poll().await, Verdict::Done);
    }
    assert!(
        bench
            .number("SELECT COUNT(*) FROM orders WHERE poll_group IS NOT NULL")
            .await
            >= 4,
        "they are in a group"
    );
    for name in ["p0", "p1", "p2"] {
        bench.panel.answers_alone(name, says("Completed", 0));
    }
    for _ in 0..30 {
        bench.pass(MINUTE * 4);
        bench.panel.reports(about([]));
        bench.poll().await;
        let open = bench
            .number("SELECT COUNT(*) FROM orders WHERE state = 'submitted' AND review IS NULL")
            .await;
        if open == 1 {
            break;
        }
    }
    for id in &orders[..3] {
        assert_eq!(bench.state(*id).await, OrderState::Completed);
    }
    assert!(bench.order(orders[3]).await.review.is_some(), "nobody knows it");
    let silent = bench.order(orders[4]).await;
    assert_eq!(
        (silent.state, silent.review),
        (OrderState::Submitted, None),
        "without any answer it waits"
    );
    assert!(bench.due_in(orders[4]).await.is_some());
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_leaves_out_half_of_its_orders_is_not_asked_for_each_of_them() {
    let bench = Bench::new().await;
    open(&bench, 100).await;
    let names: Vec<String> = (0..50).map(|n| format!("p{n}")).collect();
    for _ in 0..5 {
        bench.pass(DUE);
        bench.panel.reports(about(
            names.iter().map(|name| (name.as_str(), says("In progress", 700))),
        ));
        bench.poll().await;
    }
    let mut alone = bench.panel.asked_alone();
    assert_eq!((bench.panel.asked_about().len(), alone.len()), (5, 15));
    alone.sort();
    alone.dedup();
    assert!(alone.len() > 5, "others every time: {alone:?}");
    bench.close().await;
}

#[tokio::test]
async fn requests_about_one_order_are_counted_and_do_not_make_the_others_look_empty() {
    let bench = Bench::new().await;
    open(&bench, 5).await;
    let tally = Arc::new(Tally::default());
    let tracking = TrackOrders::new(
        Arc::clone(&bench.backend.store),
        bench.panel.clone(),
        Arc::clone(&bench.panels),
        bench.clock.clone(),
        tally.clone(),
        bench.policy,
    );
    bench.pass(DUE);
    bench.panel.reports(about([]));
    tracking.poll(bench.shop.provider.id).await.unwrap();
    let alone = bench.panel.asked_alone().len();
    assert!(alone > 0);
    assert_eq!(tally.alone(), u64::try_from(alone).unwrap());
    assert_eq!(tally.requests(None), 1 + tally.alone());
    assert!((tally.fill() - 0.05).abs() < 1e-9, "{}", tally.fill());
    bench.close().await;
}
