//! Commits that succeed and say that nobody knows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::jobs::Verdict;
use application::orders::PlaceOrderError;
use application::providers::PanelsError;
use domain::orders::{OrderState, claim};
use domain::{Money, OrderId};
use ports::{Clock, StoreError};
use testkit::contract::steps;
use tokio::sync::Notify;

use crate::bench::{Bench, PRICE, WEALTH, units};
use crate::panel::{accepted, not_sent, refused};

const SECOND: Duration = Duration::from_secs(1);

/// Submits an order whose claim has an unknown fate, and expects that its fate stays unknown.
async fn loses_its_claim(bench: &Bench, id: OrderId) {
    let outcome = bench.submitting().submit(id).await;
    assert!(
        matches!(outcome, Err(PanelsError::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_claim_that_was_recorded_in_silence_is_taken_back_and_the_order_is_sent_by_the_next_one() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.store.lies_at(1);
    assert_eq!(bench.work().await, 1);
    assert_eq!((bench.panel.sent(), bench.state(id).await), (0, OrderState::Held));
    let proven = ("not_placed".to_owned(), Some("local:not_sent".to_owned()));
    assert_eq!(bench.attempts(id).await, [proven]);

    bench.pass(SECOND * 5);
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.work().await, 1, "no lease is waited for");
    assert_eq!(bench.outcomes(id).await, ["not_placed", "placed"]);
    bench.close().await;
}

#[tokio::test]
async fn a_claim_that_is_taken_back_in_silence_too_is_taken_back_once() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.store.lies_at(1);
    bench.store.lies_at(2);
    loses_its_claim(&bench, id).await;
    assert_eq!(bench.state(id).await, OrderState::Held);
    assert_eq!(bench.outcomes(id).await, ["not_placed"]);
    bench.close().await;
}

#[tokio::test]
async fn a_claim_that_cannot_be_taken_back_is_left_to_the_rescuer() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let store = Arc::clone(&bench.store);
    bench.store.lies_at_while(1, async move {
        store.is_away(true);
        tokio::time::pause();
    });
    loses_its_claim(&bench, id).await;
    tokio::time::resume();
    bench.store.is_away(false);
    assert_eq!(
        (bench.panel.sent(), bench.state(id).await),
        (0, OrderState::Submitting)
    );

    assert_eq!(bench.send(id).await, Verdict::Done, "the claim is somebody's");
    bench.pass(bench.policy.lease + SECOND);
    assert_eq!(bench.rescue().await, 1);
    assert_eq!(
        (bench.panel.sent(), bench.state(id).await),
        (0, OrderState::Unknown)
    );
    bench.close().await;
}

/// A claim that was not recorded has the number of the next one, and that one may be of the same process.
#[tokio::test]
async fn a_lost_claim_does_not_take_back_the_one_that_the_same_process_made_after_it() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let (on_the_wire, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (sent, waits) = (Arc::clone(&on_the_wire), Arc::clone(&go_on));
    bench.panel.meanwhile(move || async move {
        sent.notify_one();
        waits.notified().await;
        accepted("77")
    });
    let (other, second) = (bench.clone(), Arc::new(Mutex::new(None)));
    let kept = Arc::clone(&second);
    bench.store.loses_at_while(1, async move {
        *kept.lock().unwrap() = Some(tokio::spawn(async move { other.send(id).await }));
        on_the_wire.notified().await;
    });
    loses_its_claim(&bench, id).await;
    assert_eq!(
        bench.outcomes(id).await,
        ["intent"],
        "it is not the first one's to take back"
    );

    go_on.notify_one();
    let second = second.lock().unwrap().take().unwrap();
    assert_eq!(second.await.unwrap(), Verdict::Done);
    assert_eq!(
        (bench.panel.sent(), bench.state(id).await),
        (1, OrderState::Submitted)
    );
    assert_eq!(bench.outcomes(id).await, ["placed"]);
    bench.close().await;
}

#[tokio::test]
async fn a_proof_that_nothing_was_sent_says_nothing_about_the_next_attempt() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(not_sent());
    let other = bench.clone();
    // The first worker's word is recorded, but it does not learn that; meanwhile another one takes the order.
    bench.store.lies_at_while(2, async move {
        other.pass(SECOND * 5);
        let order = other.order(id).await;
        assert_eq!(order.state, OrderState::Held);
        let now = other.clock.now();
        steps::amend(&other.backend, id, |order, _| {
            claim(order, "other", &other.policy, now)
        })
        .await
        .unwrap();
    });
    bench.send(id).await;
    assert_eq!(
        bench.state(id).await,
        OrderState::Submitting,
        "the second attempt is under way"
    );
    assert_eq!(bench.outcomes(id).await, ["not_placed", "intent"]);
    bench.close().await;
}

#[tokio::test]
async fn a_refusal_says_nothing_about_the_next_attempt_and_is_booked_once() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(refused("Incorrect link"));
    bench.store.lies_at(2);
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn an_acceptance_of_which_nobody_knows_whether_it_was_recorded_is_recorded_once() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(accepted("77"));
    bench.store.lies_at(2);
    assert_eq!(bench.send(id).await, Verdict::Done);
    let order = bench.order(id).await;
    assert_eq!((order.state, order.revision), (OrderState::Submitted, 2));
    assert_eq!(
        bench.wallet().await,
        (units(WEALTH).saturating_sub(PRICE), Money::ZERO)
    );
    bench.close().await;
}

#[tokio::test]
async fn an_answer_waits_for_the_database_to_come_back() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let store = Arc::clone(&bench.store);
    bench.panel.meanwhile(move || async move {
        store.is_away(true);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            store.is_away(false);
        });
        accepted("77")
    });
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn an_answer_that_could_never_be_recorded_leaves_the_order_to_the_rescuer() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let store = Arc::clone(&bench.store);
    bench.panel.meanwhile(move || async move {
        store.is_away(true);
        // From here on only pauses are waited for, and nobody waits for them in earnest.
        tokio::time::pause();
        accepted("77")
    });
    let outcome = bench.submitting().submit(id).await;
    tokio::time::resume();
    bench.store.is_away(false);
    assert!(
        matches!(outcome, Err(PanelsError::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
    assert_eq!(bench.state(id).await, OrderState::Submitting);

    bench.pass(bench.policy.lease + SECOND);
    assert_eq!(
        (bench.rescue().await, bench.state(id).await),
        (1, OrderState::Unknown)
    );
    assert_eq!(bench.panel.sent(), 1);
    bench.close().await;
}

#[tokio::test]
async fn a_placement_of_unknown_fate_is_found_again_by_its_key() {
    let bench = Bench::new().await;
    bench.store.lies_at(1);
    let outcome = bench.try_place(bench.wish(1, Some("key"))).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
    let again = bench.try_place(bench.wish(1, Some("key"))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(bench.wallet().await.1, PRICE, "it was paid for once");
    bench.close().await;
}

#[tokio::test]
async fn a_placement_that_somebody_was_in_the_way_of_is_made_again() {
    let bench = Bench::new().await;
    for nth in 1..=5 {
        bench.store.contends_at(nth);
    }
    let placed = bench.try_place(bench.wish(1, None)).await.unwrap();
    assert!(!placed.replayed);
    assert_eq!(bench.number("SELECT COUNT(*) FROM orders").await, 1);
    bench.close().await;
}

#[tokio::test]
async fn a_placement_that_is_always_in_the_way_ends_and_leaves_nothing() {
    let bench = Bench::new().await;
    for nth in 1..=6 {
        bench.store.contends_at(nth);
    }
    let outcome = bench.try_place(bench.wish(1, None)).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::Store(StoreError::Contended))),
        "{outcome:?}"
    );
    assert_eq!(bench.number("SELECT COUNT(*) FROM orders").await, 0);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}
