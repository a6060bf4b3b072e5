//! Orders that stayed unknown for too long.

use std::time::Duration;

use application::jobs::Verdict;
use application::providers::CallClass;
use domain::orders::{EventKind, Hold, OrderState};
use domain::providers::LookupCapability;
use domain::wallets::TransferKind;
use domain::{Money, ProviderOrderId};
use ports::gateway::ListedOrder;

use crate::bench::{Bench, COST, PRICE, WEALTH, units};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn without_a_look_up_an_order_waits_for_people_until_it_is_written_off() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    assert_eq!(bench.reconcile(id).await, Verdict::Done);
    assert_eq!(bench.due_in(id).await, Some(bench.policy.write_off_after));
    assert_eq!(bench.order(id).await.lookups, 0, "nobody looked");

    bench.pass(bench.policy.write_off_after - Duration::from_micros(1));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    assert_eq!(bench.wallet().await.1, PRICE);

    bench.pass(Duration::from_micros(1));
    bench.reconcile(id).await;
    let order = bench.order(id).await;
    assert_eq!((order.state, order.hold), (OrderState::Voided, Hold::Voided));
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.moved(id, TransferKind::Void).await, Some(PRICE));
    assert_eq!(bench.moved(id, TransferKind::Writeoff).await, Some(COST));
    assert_eq!(bench.outcomes(id).await, ["unknown"], "its fate is still open");
    assert_eq!(bench.due_in(id).await, Some(HOUR * 8), "it is watched");
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::WrittenOff));
    bench.close().await;
}

#[tokio::test]
async fn an_order_is_written_off_once() {
    let bench = Bench::new().await;
    let id = bench.written_off(1).await;
    for _ in 0..3 {
        bench.pass(HOUR * 8);
        bench.reconcile(id).await;
    }
    assert_eq!(bench.moved(id, TransferKind::Writeoff).await, Some(COST));
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn a_written_off_order_without_a_look_up_is_not_due_again_and_again() {
    let bench = Bench::new().await;
    let id = bench.written_off(1).await;
    bench.pass(HOUR * 8);
    bench.reconcile(id).await;
    let due = bench.backend.orders.due_lookups(bench.now(), 10).await.unwrap();
    assert_eq!(due, [], "after a look that could not find anything");
    bench.close().await;
}

#[tokio::test]
async fn a_look_up_that_tells_nothing_for_a_day_ends_in_a_write_off() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.write_off_after);
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.moved(id, TransferKind::Writeoff).await, Some(COST));
    bench.close().await;
}

#[tokio::test]
async fn an_order_is_written_off_though_its_provider_takes_no_calls() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.write_off_after - Duration::from_micros(1));
    bench.panels.trip(bench.shop.provider.id, CallClass::Read);
    assert!(matches!(bench.reconcile(id).await, Verdict::Later(_)));
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    bench.pass(Duration::from_micros(1));
    bench.panels.trip(bench.shop.provider.id, CallClass::Read);
    assert_eq!(bench.reconcile(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.moved(id, TransferKind::Writeoff).await, Some(COST));
    assert_eq!(bench.panel.references(), [], "nobody was asked");
    bench.close().await;
}

#[tokio::test]
async fn a_written_off_order_is_watched_for_a_week() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.write_off_after);
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;
    let mut looks = 0;
    while let Some(wait) = bench.due_in(id).await {
        assert_eq!(wait, HOUR * 8);
        bench.pass(wait);
        bench.panel.lists(Ok(Vec::new()));
        bench.reconcile(id).await;
        looks += 1;
        assert!(looks <= 21, "it is watched for ever");
    }
    assert_eq!(looks, 21);
    assert_eq!(bench.state(id).await, OrderState::Voided);
    bench.close().await;
}

#[tokio::test]
async fn a_written_off_order_that_is_found_charges_nobody_and_goes_to_people() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.write_off_after);
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;

    bench.pass(HOUR * 8);
    let order = bench.order(id).await;
    let listed = ListedOrder {
        id: ProviderOrderId::new("77"),
        upstream_service: None,
        link: Some(order.link.as_str().to_owned()),
        quantity: Some(order.quantity),
        created_at: Some(order.created_at),
        reference: None,
    };
    bench.panel.lists(Ok(vec![listed]));
    bench.reconcile(id).await;
    let order = bench.order(id).await;
    assert_eq!((order.state, order.due_at), (OrderState::Voided, None));
    assert!(order.review.unwrap().contains("77"));
    assert_eq!(bench.outcomes(id).await, ["placed"]);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.moved(id, TransferKind::LatePlaced).await, None);
    bench.close().await;
}
