//! Evidence that comes after the customer got the money back: it never charges again.

use std::time::Duration;

use application::orders::{Decided, Fate};
use domain::ProviderOrderId;
use domain::orders::{EventKind, OrderState};
use domain::providers::{AddAnswer, LookupCapability};
use domain::wallets::TransferKind;
use domain::{Money, OrderId};

use crate::bench::{Bench, COST, Desk, WEALTH, units};
use crate::panel::{accepted, lost, not_sent, refused};

const SECOND: Duration = Duration::from_secs(1);

/// An order whose absence was proven while its answer was still on its way; then `late` arrives.
async fn absent_and_then(bench: &Desk, late: AddAnswer) -> OrderId {
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.lists(Ok(Vec::new()));
    bench.panel.meanwhile(move || async move {
        other.pass(other.policy.lease + other.policy.quarantine + SECOND);
        assert_eq!(other.rescue().await, 1);
        other.reconcile(id).await;
        assert_eq!(other.state(id).await, OrderState::Voided);
        late
    });
    bench.send(id).await;
    id
}

#[tokio::test]
async fn an_order_that_was_taken_for_absent_and_was_placed_is_our_loss() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = absent_and_then(&bench, accepted("77")).await;
    let order = bench.order(id).await;
    assert_eq!((order.state, order.provider_order_id), (OrderState::Voided, None));
    assert!(order.review.is_some());
    assert_eq!(bench.outcomes(id).await, ["placed"]);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.moved(id, TransferKind::LatePlaced).await, Some(COST));
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::LateEvidence));
    bench.close().await;
}

#[tokio::test]
async fn late_words_that_agree_with_what_was_settled_are_no_news() {
    for late in [refused("Incorrect link"), not_sent(), lost()] {
        let bench = Bench::finding(LookupCapability::Reference).await;
        let id = absent_and_then(&bench, late).await;
        assert_eq!(bench.state(id).await, OrderState::Voided);
        assert_eq!(bench.events(id).await.last(), Some(&EventKind::Voided));
        assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
        bench.close().await;
    }
}

#[tokio::test]
async fn a_late_id_that_another_order_has_changes_nothing() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    bench.submitted(2, "77").await;
    let id = absent_and_then(&bench, accepted("77")).await;
    assert_eq!(
        (bench.state(id).await, bench.outcomes(id).await),
        (OrderState::Voided, vec!["not_placed".to_owned()])
    );
    bench.close().await;
}

#[tokio::test]
async fn a_written_off_order_that_was_placed_after_all_books_nothing_twice_and_charges_nobody() {
    let bench = Bench::new().await;
    let id = bench.written_off(1).await;
    let fate = Fate::PlacedAs(ProviderOrderId::new("77"));
    let decided = bench
        .deciding()
        .decide_fate(&bench.staff(0), id, &fate, "found it")
        .await;
    assert!(matches!(decided, Ok(Decided::Done(_))), "{decided:?}");
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert!(bench.order(id).await.review.is_some());
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.moved(id, TransferKind::Writeoff).await, Some(COST));
    assert_eq!(bench.moved(id, TransferKind::LatePlaced).await, None);
    bench.close().await;
}

#[tokio::test]
async fn a_written_off_order_that_was_not_placed_reverses_the_loss() {
    let bench = Bench::new().await;
    let id = bench.written_off(1).await;
    let deciding = bench.deciding();
    let decided = deciding
        .decide_fate(&bench.staff(0), id, &Fate::NotPlaced, "they say no")
        .await;
    assert!(matches!(decided, Ok(Decided::Done(_))), "{decided:?}");
    assert_eq!(bench.moved(id, TransferKind::WriteoffReversal).await, Some(COST));
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.due_in(id).await, None, "nobody looks for it any more");
    assert_eq!(bench.outcomes(id).await, ["not_placed"]);

    let again = deciding
        .decide_fate(&bench.staff(0), id, &Fate::NotPlaced, "again")
        .await;
    assert!(again.is_err(), "{again:?}");
    bench.close().await;
}
