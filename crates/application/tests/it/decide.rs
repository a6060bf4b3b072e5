//! What only people can decide.

use std::time::Duration;

use application::orders::{DecideOrderError, Decided, Fate};
use domain::orders::{DecisionRefusal, EventKind, Evidence, OrderPolicy, OrderState, ReviewDecision};
use domain::wallets::TransferKind;
use domain::{Money, OrderId, ProviderOrderId};
use ports::StoreError;

use crate::bench::{Bench, Desk, PRICE, WEALTH, units};
use crate::review::review;

pub const SECOND: Duration = Duration::from_secs(1);

pub fn placed_as(id: &str) -> Fate {
    Fate::PlacedAs(ProviderOrderId::new(id))
}

pub async fn decide(desk: &Desk, staff: u32, id: OrderId, fate: &Fate) -> Result<Decided, DecideOrderError> {
    desk.deciding()
        .decide_fate(&desk.staff(staff), id, fate, "a note")
        .await
}

pub fn is_done(decided: &Result<Decided, DecideOrderError>) -> bool {
    matches!(decided, Ok(Decided::Done(_)))
}

pub fn is_refused<T>(outcome: &Result<T, DecideOrderError>, refusal: DecisionRefusal) -> bool {
    matches!(outcome, Err(DecideOrderError::Refused(why)) if *why == refusal)
}

/// A bench where every order is large.
pub async fn strict() -> Bench {
    Bench::with(OrderPolicy {
        second_approver_from: PRICE,
        ..OrderPolicy::default()
    })
    .await
}

pub async fn audited(desk: &Desk) -> Vec<String> {
    desk.database
        .texts("SELECT action FROM audit_log ORDER BY id")
        .await
        .unwrap()
}

#[tokio::test]
async fn one_member_of_staff_decides_about_a_small_order_that_was_placed() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    assert!(is_done(&decide(&bench, 0, id, &placed_as("77")).await));
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    assert_eq!(bench.moved(id, TransferKind::Post).await, Some(PRICE));
    let events = [
        EventKind::Placed,
        EventKind::Claimed,
        EventKind::Unknown,
        EventKind::Decision,
        EventKind::Submitted,
    ];
    assert_eq!(bench.events(id).await, events);
    assert_eq!(audited(&bench).await, ["order.decide"]);
    bench.close().await;
}

#[tokio::test]
async fn not_placed_is_believed_only_after_the_quarantine() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    let allowed_at = bench
        .order(id)
        .await
        .lease_until
        .unwrap()
        .plus(bench.policy.quarantine);
    let early = decide(&bench, 0, id, &Fate::NotPlaced).await;
    assert!(
        is_refused(&early, DecisionRefusal::TooEarly { allowed_at }),
        "{early:?}"
    );
    assert_eq!(audited(&bench).await, Vec::<String>::new());

    bench.pass(allowed_at.since(bench.now()));
    let early = decide(&bench, 0, id, &Fate::NotPlaced).await;
    assert!(
        is_refused(&early, DecisionRefusal::TooEarly { allowed_at }),
        "{early:?}"
    );
    bench.pass(Duration::from_micros(1));
    assert!(is_done(&decide(&bench, 0, id, &Fate::NotPlaced).await));
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn a_large_order_needs_two_people_who_say_the_same() {
    let bench = strict().await;
    let id = bench.unknown(1).await;
    for _ in 0..2 {
        let first = decide(&bench, 0, id, &placed_as("77")).await;
        assert!(matches!(first, Ok(Decided::AwaitsSecond)), "{first:?}");
    }
    assert_eq!(
        bench.state(id).await,
        OrderState::Unknown,
        "the same person twice is one person"
    );

    let other_id = decide(&bench, 1, id, &placed_as("78")).await;
    assert!(matches!(other_id, Ok(Decided::AwaitsSecond)), "{other_id:?}");
    bench.pass(bench.policy.lease + bench.policy.quarantine + SECOND);
    let other_fate = decide(&bench, 2, id, &Fate::NotPlaced).await;
    assert!(matches!(other_fate, Ok(Decided::AwaitsSecond)), "{other_fate:?}");
    assert_eq!(bench.state(id).await, OrderState::Unknown);

    assert!(is_done(&decide(&bench, 1, id, &Fate::NotPlaced).await));
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.number("SELECT COUNT(*) FROM order_decisions").await, 0);
    let first_words = ["order.decide_first"; 4];
    let expected: Vec<_> = first_words.into_iter().chain(["order.decide"]).collect();
    assert_eq!(audited(&bench).await, expected);
    bench.close().await;
}

#[tokio::test]
async fn a_first_word_about_an_earlier_attempt_counts_no_more() {
    let bench = strict().await;
    let id = bench.unknown(1).await;
    let first = decide(&bench, 0, id, &placed_as("77")).await;
    assert!(matches!(first, Ok(Decided::AwaitsSecond)), "{first:?}");
    let not_sent = Evidence::NotSent {
        proof: "refused".to_owned(),
    };
    let order = bench.order(id).await;
    testkit::contract::steps::resolved(&bench.backend, &order, &not_sent, bench.now())
        .await
        .unwrap();
    assert_eq!(bench.state(id).await, OrderState::Held);
    bench.pass(SECOND * 60);
    bench.panel.answers(crate::panel::lost());
    bench.send(id).await;
    assert_eq!(bench.state(id).await, OrderState::Unknown);

    let about_the_other = decide(&bench, 1, id, &placed_as("77")).await;
    assert!(
        matches!(about_the_other, Ok(Decided::AwaitsSecond)),
        "{about_the_other:?}"
    );
    assert!(is_done(&decide(&bench, 0, id, &placed_as("77")).await));
    bench.close().await;
}

#[tokio::test]
async fn a_micro_unit_below_the_limit_one_person_is_enough() {
    let bench = Bench::with(OrderPolicy {
        second_approver_from: Money::from_micros(PRICE.micros() + 1),
        ..OrderPolicy::default()
    })
    .await;
    let id = bench.unknown(1).await;
    assert!(is_done(&decide(&bench, 0, id, &placed_as("77")).await));
    bench.close().await;
}

#[tokio::test]
async fn a_wallet_that_cannot_give_back_what_was_held_is_no_taken_id() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.lease + bench.policy.quarantine + SECOND);
    let take = |amount: i64| format!("UPDATE wallets SET held = held - {amount}");
    bench.database.execute(&take(PRICE.micros())).await.unwrap();
    let outcome = decide(&bench, 0, id, &Fate::NotPlaced).await;
    assert!(
        matches!(outcome, Err(DecideOrderError::Store(StoreError::Conflict { .. }))),
        "{outcome:?}"
    );
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    bench.database.execute(&take(-PRICE.micros())).await.unwrap();
    assert!(is_done(&decide(&bench, 0, id, &Fate::NotPlaced).await));
    bench.close().await;
}

#[tokio::test]
async fn an_id_that_another_order_has_is_refused_and_nothing_changes() {
    let bench = Bench::new().await;
    bench.submitted(1, "77").await;
    let id = bench.unknown(2).await;
    let before = bench.order(id).await;
    let outcome = decide(&bench, 0, id, &placed_as("77")).await;
    assert!(matches!(outcome, Err(DecideOrderError::IdTaken)), "{outcome:?}");
    assert_eq!(
        (bench.order(id).await, audited(&bench).await),
        (before, Vec::new())
    );
    assert!(is_done(&decide(&bench, 0, id, &placed_as("78")).await));
    bench.close().await;
}

#[tokio::test]
async fn there_is_nothing_to_decide_about_an_order_whose_fate_is_known() {
    let bench = Bench::new().await;
    let (held, submitted) = (bench.place(1).await, bench.submitted(2, "77").await);
    for id in [held, submitted] {
        let outcome = decide(&bench, 0, id, &placed_as("78")).await;
        assert!(
            is_refused(&outcome, DecisionRefusal::NothingToDecide),
            "{outcome:?}"
        );
        let outcome = review(&bench, id, ReviewDecision::Completed).await;
        let refused = matches!(
            outcome,
            Err(DecideOrderError::Refused(DecisionRefusal::NothingToDecide))
        );
        assert!(refused, "{outcome:?}");
    }
    let outcome = decide(&bench, 0, OrderId(404), &placed_as("78")).await;
    assert!(
        matches!(outcome, Err(DecideOrderError::UnknownOrder)),
        "{outcome:?}"
    );
    let outcome = review(&bench, OrderId(404), ReviewDecision::Dismiss).await;
    assert!(
        matches!(outcome, Err(DecideOrderError::UnknownOrder)),
        "{outcome:?}"
    );
    bench.close().await;
}

#[tokio::test]
async fn a_decision_that_meets_another_transaction_is_made_again() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    bench.store.contends_at(1);
    assert!(is_done(&decide(&bench, 0, id, &placed_as("77")).await));
    bench.doubt(id, "77").await;
    bench.store.contends_at(1);
    assert_eq!(
        review(&bench, id, ReviewDecision::Dismiss).await.unwrap(),
        OrderState::Submitted
    );
    bench.close().await;
}
