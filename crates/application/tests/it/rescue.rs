//! Orders whose worker has died, or only slept.

use std::time::Duration;

use domain::Money;
use domain::orders::{EventKind, Hold, OrderState};
use domain::wallets::TransferKind;
use testkit::contract::steps;

use crate::bench::{Bench, PRICE, WEALTH, units};
use crate::panel::{accepted, not_sent, refused};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_order_is_rescued_once_its_lease_has_ended_and_not_before() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    steps::claimed(&bench.backend, &bench.order(id).await, bench.now())
        .await
        .unwrap();
    bench.pass(bench.policy.lease);
    assert_eq!(
        (bench.rescue().await, bench.state(id).await),
        (0, OrderState::Submitting)
    );

    bench.pass(Duration::from_micros(1));
    assert_eq!(bench.rescue().await, 1);
    let order = bench.order(id).await;
    assert_eq!((order.state, order.hold), (OrderState::Unknown, Hold::Pending));
    assert_eq!(order.unknown_since, Some(bench.now()));
    assert_eq!(bench.outcomes(id).await, ["unknown"]);
    assert_eq!(bench.rescue().await, 0);
    bench.close().await;
}

#[tokio::test]
async fn a_rescued_order_never_goes_back_to_be_sent() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    steps::claimed(&bench.backend, &bench.order(id).await, bench.now())
        .await
        .unwrap();
    bench.pass(bench.policy.lease + SECOND);
    bench.rescue().await;
    for _ in 0..3 {
        bench.work().await;
        bench.send(id).await;
        bench.rescue().await;
        bench.pass(Duration::from_mins(5));
    }
    assert_eq!(
        (bench.state(id).await, bench.panel.sent()),
        (OrderState::Unknown, 0)
    );
    bench.close().await;
}

#[tokio::test]
async fn one_order_that_cannot_be_rescued_does_not_stop_the_rest() {
    let bench = Bench::new().await;
    let mut orders = Vec::new();
    for n in 0..3 {
        let id = bench.place(n).await;
        steps::claimed(&bench.backend, &bench.order(id).await, bench.now())
            .await
            .unwrap();
        orders.push(id);
    }
    bench.pass(bench.policy.lease + SECOND);
    let poison = format!(
        "CREATE TRIGGER poison BEFORE UPDATE ON orders WHEN NEW.id = {} BEGIN SELECT RAISE(ABORT, 'poison'); END",
        orders[0]
    );
    bench.database.execute(&poison).await.unwrap();
    assert_eq!(bench.rescue().await, 2);
    assert_eq!(bench.state(orders[0]).await, OrderState::Submitting);
    bench.database.execute("DROP TRIGGER poison").await.unwrap();
    assert_eq!(bench.rescue().await, 1);
    bench.close().await;
}

#[tokio::test]
async fn the_late_answer_of_a_worker_that_slept_is_accepted_once() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        other.pass(other.policy.lease + SECOND);
        assert_eq!(other.rescue().await, 1);
        accepted("77")
    });
    bench.send(id).await;
    let order = bench.order(id).await;
    assert_eq!((order.state, order.hold), (OrderState::Submitted, Hold::Posted));
    assert_eq!((order.unknown_since, order.lease_until), (None, None));
    assert_eq!(bench.moved(id, TransferKind::Post).await, Some(PRICE));
    let events = [
        EventKind::Placed,
        EventKind::Claimed,
        EventKind::Unknown,
        EventKind::Submitted,
    ];
    assert_eq!(bench.events(id).await, events);
    bench.close().await;
}

#[tokio::test]
async fn a_late_refusal_gives_the_money_back() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        other.pass(other.policy.lease + SECOND);
        other.rescue().await;
        refused("Incorrect link")
    });
    bench.send(id).await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn a_late_answer_does_not_overrule_what_was_settled_meanwhile() {
    for late in [accepted("78"), refused("Incorrect link"), not_sent()] {
        let bench = Bench::new().await;
        let id = bench.place(1).await;
        let other = bench.clone();
        let answer = late.clone();
        bench.panel.meanwhile(move || async move {
            other.pass(other.policy.lease + SECOND);
            other.rescue().await;
            let (order, evidence) = (other.order(id).await, steps::accepted("77"));
            steps::resolved(&other.backend, &order, &evidence, other.now())
                .await
                .unwrap();
            answer
        });
        bench.send(id).await;
        let order = bench.order(id).await;
        assert_eq!(order.state, OrderState::Submitted, "{late:?}");
        assert_eq!(order.provider_order_id.unwrap().as_str(), "77");
        assert_eq!(bench.outcomes(id).await, ["placed"]);
        bench.close().await;
    }
}
