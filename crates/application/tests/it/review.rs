//! What staff say about orders in review.

use std::time::Duration;

use application::orders::{DecideOrderError, Decided, Fate};
use domain::Money;
use domain::OrderId;
use domain::orders::{DecisionRefusal, OrderState, ReviewDecision};
use domain::wallets::TransferKind;

use crate::bench::{Bench, Desk, PRICE};
use crate::decide::{SECOND, audited, decide, is_done, is_refused, placed_as, strict};
use crate::panel::{about, says};

pub async fn review(
    desk: &Desk,
    id: OrderId,
    decision: ReviewDecision,
) -> Result<OrderState, DecideOrderError> {
    let decided = desk
        .deciding()
        .decide_review(&desk.staff(0), id, decision, "a note")
        .await;
    decided.map(|decided| match decided {
        Decided::Done(order) => order.state,
        Decided::AwaitsSecond => panic!("a second word is missing"),
    })
}

#[tokio::test]
async fn a_review_is_settled_with_a_refund_of_what_was_not_delivered() {
    let bench = Bench::new().await;
    let cases = [
        (ReviewDecision::Completed, OrderState::Completed, None),
        (
            ReviewDecision::Partial { remains: 250 },
            OrderState::Partial,
            Some(250_000),
        ),
        (ReviewDecision::Canceled, OrderState::Canceled, Some(1_000_000)),
    ];
    for (n, (decision, state, refund)) in cases.into_iter().enumerate() {
        let upstream = format!("7{n}");
        let id = bench.submitted(n.try_into().unwrap(), &upstream).await;
        bench.doubt(id, &upstream).await;
        assert_eq!(review(&bench, id, decision).await.unwrap(), state);
        let order = bench.order(id).await;
        assert_eq!((order.review, order.due_at), (None, None));
        assert_eq!(
            bench.moved(id, TransferKind::Refund).await,
            refund.map(Money::from_micros)
        );
    }
    assert_eq!(audited(&bench).await, ["order.review"; 3]);
    bench.close().await;
}

#[tokio::test]
async fn an_order_whose_provider_is_gone_is_flagged_and_settled() {
    let bench = Bench::new().await;
    let (held, id) = (bench.place(1).await, bench.submitted(2, "77").await);
    let flag = |id, staff| {
        let desk = &bench;
        async move {
            desk.deciding()
                .flag(&desk.staff(staff), id, "The panel is gone")
                .await
        }
    };
    let early = flag(held, 0).await;
    assert!(is_refused(&early, DecisionRefusal::NothingToDecide), "{early:?}");
    let flagged = flag(id, 0).await.unwrap();
    assert_eq!(
        flagged.review.as_deref(),
        Some("flagged by staff: The panel is gone")
    );
    let again = flag(id, 1).await;
    assert!(is_refused(&again, DecisionRefusal::NothingToDecide), "{again:?}");
    assert_eq!(
        bench.wallet().await.1,
        PRICE,
        "only the held order's price is held"
    );

    bench.pass(Duration::from_mins(2));
    bench.panel.reports(about([("77", says("In progress", 400))]));
    bench.poll().await;
    let order = bench.order(id).await;
    assert_eq!((order.remains, order.review), (Some(400), flagged.review));

    let partial = ReviewDecision::Partial { remains: 400 };
    assert_eq!(review(&bench, id, partial).await.unwrap(), OrderState::Partial);
    let late = flag(id, 0).await;
    assert!(is_refused(&late, DecisionRefusal::AlreadyEnded), "{late:?}");
    assert_eq!(audited(&bench).await, ["order.flag", "order.review"]);
    assert_eq!(bench.number("SELECT COUNT(*) FROM order_decisions").await, 0);
    bench.close().await;
}

#[tokio::test]
async fn whoever_flagged_a_large_order_does_not_end_it() {
    let bench = strict().await;
    let id = bench.submitted(1, "77").await;
    let settle = |staff, decision| {
        let desk = &bench;
        async move {
            let staff = desk.staff(staff);
            desk.deciding()
                .decide_review(&staff, id, decision, "a note")
                .await
        }
    };
    let flag = async || bench.deciding().flag(&bench.staff(0), id, "Gone").await.unwrap();
    flag().await;
    assert!(
        is_done(&settle(0, ReviewDecision::Dismiss).await),
        "it was a mistake"
    );
    flag().await;
    for decision in [ReviewDecision::Canceled, ReviewDecision::Completed] {
        let alone = settle(0, decision).await;
        assert!(matches!(alone, Ok(Decided::AwaitsSecond)), "{alone:?}");
    }
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    assert_eq!(bench.moved(id, TransferKind::Refund).await, None);
    assert!(is_done(&settle(1, ReviewDecision::Canceled).await));
    assert_eq!(bench.moved(id, TransferKind::Refund).await, Some(PRICE));
    bench.close().await;
}

#[tokio::test]
async fn nobody_decides_about_their_own_order() {
    let bench = Bench::new().await;
    let mut owner = bench.shop.user.clone();
    owner.role = domain::identity::Role::Admin;
    let owner = application::caller::Caller::new(owner).with().unwrap();
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.lease + bench.policy.quarantine + SECOND);
    for fate in [Fate::NotPlaced, placed_as("4711")] {
        let said = bench.deciding().decide_fate(&owner, id, &fate, "a note").await;
        assert!(matches!(said, Err(DecideOrderError::Own)), "{said:?}");
    }
    let id = bench.submitted(2, "77").await;
    bench.doubt(id, "77").await;
    let canceled = ReviewDecision::Canceled;
    let said = bench
        .deciding()
        .decide_review(&owner, id, canceled, "a note")
        .await;
    assert!(matches!(said, Err(DecideOrderError::Own)), "{said:?}");
    let said = bench.deciding().flag(&owner, id, "a note").await;
    assert!(matches!(said, Err(DecideOrderError::Own)), "{said:?}");
    assert_eq!(
        review(&bench, id, canceled).await.unwrap(),
        OrderState::Canceled,
        "somebody else does"
    );
    bench.close().await;
}

#[tokio::test]
async fn a_dismissed_review_lets_the_order_go_on_at_once() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.doubt(id, "77").await;
    assert_eq!(
        review(&bench, id, ReviewDecision::Dismiss).await.unwrap(),
        OrderState::Submitted
    );
    assert_eq!(
        (bench.order(id).await.review, bench.due_in(id).await),
        (None, Some(Duration::ZERO))
    );
    bench.panel.reports(about([("77", says("Completed", 0))]));
    bench.poll().await;
    assert_eq!(bench.state(id).await, OrderState::Completed);
    bench.close().await;
}

#[tokio::test]
async fn a_review_cannot_refund_more_than_was_ordered_or_reopen_what_has_ended() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.doubt(id, "77").await;
    let outcome = review(&bench, id, ReviewDecision::Partial { remains: 1_001 }).await;
    assert!(
        is_refused(&outcome, DecisionRefusal::ImpossibleRefund),
        "{outcome:?}"
    );

    let ended = bench.written_off(2).await;
    assert!(is_done(&decide(&bench, 0, ended, &placed_as("78")).await));
    let outcome = review(&bench, ended, ReviewDecision::Completed).await;
    assert!(is_refused(&outcome, DecisionRefusal::AlreadyEnded), "{outcome:?}");
    assert_eq!(
        review(&bench, ended, ReviewDecision::Dismiss).await.unwrap(),
        OrderState::Voided
    );
    bench.close().await;
}
