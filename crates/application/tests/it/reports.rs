//! What a provider's reports do to an order and its money.

use std::time::Duration;

use domain::orders::{EventKind, OrderState};
use domain::providers::UpstreamCount;
use domain::wallets::TransferKind;
use domain::{Money, OrderId};
use ports::gateway::StatusAnswer;

use crate::bench::{Bench, COST, PIECES, PRICE, WEALTH, units};
use crate::panel::{about, report, says};

/// Longer than any first polling interval, and than taken orders stay taken.
const DUE: Duration = Duration::from_secs(70);

/// An accepted order about which the provider says this.
async fn reported(bench: &Bench, answers: impl IntoIterator<Item = StatusAnswer>) -> OrderId {
    let id = bench.submitted(1, "77").await;
    for answer in answers {
        bench.pass(DUE);
        bench.panel.reports(about([("77", answer)]));
        bench.poll().await;
    }
    id
}

/// What the customer, we and the provider got in the end.
async fn money(bench: &Bench, id: OrderId) -> (Money, Option<Money>, Option<Money>) {
    let spent = units(WEALTH).saturating_sub(bench.wallet().await.0);
    let recognised = bench.moved(id, TransferKind::Recognise).await;
    (
        spent,
        recognised,
        bench.moved(id, TransferKind::ProviderRefund).await,
    )
}

#[tokio::test]
async fn a_delivered_order_is_revenue() {
    let bench = Bench::new().await;
    let id = reported(&bench, [says("In progress", 400), says("Completed", 0)]).await;
    let order = bench.order(id).await;
    assert_eq!(
        (order.state, order.due_at, order.ended_at),
        (OrderState::Completed, None, Some(bench.now()))
    );
    assert_eq!(money(&bench, id).await, (PRICE, Some(PRICE), None));
    let events = [
        EventKind::Placed,
        EventKind::Claimed,
        EventKind::Submitted,
        EventKind::Observed,
        EventKind::Observed,
        EventKind::Completed,
    ];
    assert_eq!(bench.events(id).await, events);
    bench.close().await;
}

#[tokio::test]
async fn what_was_not_delivered_is_refunded_rounded_down() {
    let bench = Bench::new().await;
    let id = reported(&bench, [says("Partial", 333)]).await;
    assert_eq!(bench.state(id).await, OrderState::Partial);
    let (refund, back) = (Money::from_micros(333_000), Money::from_micros(299_700));
    let kept = PRICE.saturating_sub(refund);
    assert_eq!(money(&bench, id).await, (kept, Some(kept), Some(back)));
    bench.close().await;
}

#[tokio::test]
async fn a_canceled_order_is_refunded_in_full_whatever_the_report_says_is_left() {
    let bench = Bench::new().await;
    let id = reported(&bench, [report("Canceled", UpstreamCount::Absent)]).await;
    assert_eq!(bench.state(id).await, OrderState::Canceled);
    assert_eq!(money(&bench, id).await, (Money::ZERO, None, Some(COST)));
    bench.close().await;
}

#[tokio::test]
async fn a_partial_with_nothing_left_is_completed_and_with_everything_left_canceled() {
    for (remains, state) in [(0, OrderState::Completed), (PIECES, OrderState::Canceled)] {
        let bench = Bench::new().await;
        let id = reported(&bench, [says("Partial", remains)]).await;
        assert_eq!(bench.state(id).await, state);
        bench.close().await;
    }
}

#[tokio::test]
async fn a_report_that_makes_no_sense_goes_to_people_and_moves_no_money() {
    let invalid = || UpstreamCount::Invalid("-5".to_owned());
    for senseless in [
        says("Refunded", 0),
        report("Partial", UpstreamCount::Absent),
        report("Partial", invalid()),
        says("Partial", PIECES + 1),
    ] {
        let bench = Bench::new().await;
        let id = reported(&bench, [senseless.clone(), senseless.clone()]).await;
        let order = bench.order(id).await;
        assert_eq!(order.state, OrderState::Submitted, "{senseless:?}");
        assert!(order.review.is_some(), "{senseless:?}");
        let reviews = bench
            .events(id)
            .await
            .iter()
            .filter(|kind| **kind == EventKind::Review)
            .count();
        assert_eq!(reviews, 1, "{senseless:?}");
        assert_eq!(money(&bench, id).await, (PRICE, None, None));
        bench.close().await;
    }
}

#[tokio::test]
async fn an_end_that_makes_sense_ends_a_review() {
    let bench = Bench::new().await;
    let id = reported(&bench, [says("Refunded", 0), says("Completed", 0)]).await;
    let order = bench.order(id).await;
    assert_eq!((order.state, order.review), (OrderState::Completed, None));
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_is_in_progress_does_not_step_back() {
    let bench = Bench::new().await;
    let id = reported(&bench, [says("In progress", 700), says("Pending", 700)]).await;
    assert_eq!(bench.state(id).await, OrderState::InProgress);
    bench.close().await;
}

#[tokio::test]
async fn the_counter_before_the_delivery_is_kept() {
    let bench = Bench::new().await;
    let mut later = says("In progress", 600);
    if let StatusAnswer::Reported(report) = &mut later {
        report.start_count = UpstreamCount::Known(400);
    }
    let id = reported(&bench, [says("In progress", 900), later]).await;
    let order = bench.order(id).await;
    assert_eq!((order.start_count, order.remains), (Some(12), Some(600)));
    bench.close().await;
}

#[tokio::test]
async fn a_report_that_was_asked_for_before_the_last_one_is_ignored() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.pass(DUE);
    let other = bench.clone();
    bench.panel.while_asked(move || async move {
        // While this answer is on its way, another worker asks and hears something newer.
        other.pass(DUE);
        other.panel.reports(about([("77", says("In progress", 300))]));
        other.poll().await;
        about([("77", says("Canceled", 900))])
    });
    bench.poll().await;
    let order = bench.order(id).await;
    assert_eq!((order.state, order.remains), (OrderState::InProgress, Some(300)));
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::Ignored));
    assert_eq!(money(&bench, id).await, (PRICE, None, None));
    bench.close().await;
}

/// Two workers ask one after the other; `first` ends the order before `second`, which was asked for later, arrives.
async fn ended_and_then(first: StatusAnswer, second: StatusAnswer) -> (Bench, OrderId) {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    let (let_first, first_may) = tokio::sync::oneshot::channel::<()>();
    let (let_second, second_may) = tokio::sync::oneshot::channel::<()>();
    for (may, answer) in [(first_may, first), (second_may, second)] {
        bench.panel.while_asked(move || async move {
            may.await.unwrap();
            about([("77", answer)])
        });
    }
    let story = async {
        while bench.panel.asked_about().is_empty() {
            tokio::task::yield_now().await;
        }
        bench.pass(DUE);
        let meanwhile = async {
            while bench.panel.asked_about().len() < 2 {
                tokio::task::yield_now().await;
            }
            let_first.send(()).unwrap();
            while !bench.state(id).await.is_terminal() {
                tokio::task::yield_now().await;
            }
            let_second.send(()).unwrap();
        };
        futures::join!(bench.poll(), meanwhile);
    };
    bench.pass(DUE);
    futures::join!(bench.poll(), story);
    (bench, id)
}

#[tokio::test]
async fn a_larger_partial_after_a_partial_goes_to_people_and_moves_no_money() {
    let (bench, id) = ended_and_then(says("Partial", 300), says("Partial", 500)).await;
    let order = bench.order(id).await;
    assert_eq!(
        (order.state, order.refunded),
        (OrderState::Partial, Money::from_micros(300_000))
    );
    assert!(order.review.is_some());
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::Review));
    bench.close().await;
}

#[tokio::test]
async fn an_ended_order_stays_as_it_ended() {
    for (first, second) in [
        (says("Partial", 300), says("Completed", 0)),
        (says("Completed", 0), says("Canceled", 0)),
        (says("Canceled", 0), says("Completed", 0)),
    ] {
        let (bench, id) = ended_and_then(first.clone(), second).await;
        let order = bench.order(id).await;
        assert!(order.review.is_some(), "after {first:?}");
        assert_eq!((order.due_at, order.deferred()), (None, Money::ZERO));
        bench.close().await;
    }
}

#[tokio::test]
async fn the_same_end_twice_is_no_news() {
    for end in [says("Partial", 300), says("Completed", 0), says("Canceled", 0)] {
        let (bench, id) = ended_and_then(end.clone(), end.clone()).await;
        let order = bench.order(id).await;
        assert_eq!((order.review, order.due_at), (None, None), "{end:?}");
        bench.close().await;
    }
}

#[tokio::test]
async fn progress_that_arrives_after_the_end_is_no_news() {
    let (bench, id) = ended_and_then(says("Completed", 0), says("In progress", 10)).await;
    let order = bench.order(id).await;
    assert_eq!(
        (order.state, order.review, order.remains),
        (OrderState::Completed, None, Some(0))
    );
    bench.close().await;
}
