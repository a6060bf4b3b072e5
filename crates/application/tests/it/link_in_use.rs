//! A provider refuses an order because it has another one for the same link. That one tells whether to believe it.

use std::time::Duration;

use application::jobs::Verdict;
use domain::OrderId;
use domain::orders::{EventKind, OrderState};
use domain::providers::LookupCapability;
use ports::gateway::{PanelError, StatusAnswer};

use crate::bench::{Bench, units};
use crate::panel::{about, refused, says};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than the same order again is taken for an accident.
const LATER: Duration = Duration::from_secs(16);
const IN_USE: &str = "You have active order with this link. Please wait until order being completed.";

/// The `n`th order, refused so, when it is looked up first.
async fn refused_order(bench: &Bench, n: u32) -> OrderId {
    let id = bench.place(n).await;
    bench.panel.answers(refused(IN_USE));
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    bench.pass(SECOND * 5);
    id
}

/// The same order twice: the first one was accepted as `p1`, the second one refused.
async fn twice(bench: &Bench) -> (OrderId, OrderId) {
    let first = bench.submitted(1, "p1").await;
    bench.pass(LATER);
    (first, refused_order(bench, 1).await)
}

#[tokio::test]
async fn an_order_is_given_back_that_was_refused_for_one_that_is_still_under_way() {
    for status in ["Pending", "In progress"] {
        let bench = Bench::new().await;
        let (first, second) = twice(&bench).await;
        bench.panel.reports(about([("p1", says(status, 400))]));
        assert_eq!(bench.reconcile(second).await, Verdict::Done);

        assert_eq!(bench.state(second).await, OrderState::Voided);
        assert_eq!(
            bench.attempts(second).await,
            [("not_placed".to_owned(), Some(format!("refused:{IN_USE}")))]
        );
        let events = bench.events(second).await;
        let told = [EventKind::LookedUp, EventKind::Refused, EventKind::Voided];
        assert!(events.ends_with(&told), "{events:?}");
        assert_eq!(bench.state(first).await, OrderState::Submitted);
        assert_eq!(bench.wallet().await, (units(199), units(0)));
        assert_eq!(bench.panel.sent(), 2, "nothing is sent again");
        assert_eq!(
            bench.reconcile(second).await,
            Verdict::Done,
            "nothing is left to ask"
        );
        bench.close().await;
    }
}

#[tokio::test]
async fn it_is_given_back_once_also_after_it_was_written_off() {
    let bench = Bench::new().await;
    let (_, second) = twice(&bench).await;
    bench.limiter.deny(SECOND);
    bench.pass(bench.policy.write_off_after);
    assert_eq!(bench.reconcile(second).await, Verdict::Done);
    assert_eq!(bench.state(second).await, OrderState::Voided);
    let written_off = bench.wallet().await;
    bench.limiter.grant();
    bench.panel.reports(about([("p1", says("In progress", 400))]));
    assert_eq!(bench.reconcile(second).await, Verdict::Done);
    assert_eq!(bench.outcomes(second).await, ["not_placed"]);
    assert_eq!(bench.wallet().await, written_off);
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_has_ended_or_says_nothing_of_use_proves_nothing() {
    for answer in [
        says("Completed", 0),
        says("Canceled", 1_000),
        says("Partial", 10),
        says("Refunded", 0),
        StatusAnswer::Refused("Incorrect order ID".to_owned()),
    ] {
        let bench = Bench::new().await;
        let (_, second) = twice(&bench).await;
        bench.panel.reports(about([("p1", answer.clone())]));
        assert_eq!(bench.reconcile(second).await, Verdict::Done);
        assert_eq!(bench.state(second).await, OrderState::Unknown, "{answer:?}");
        assert_eq!(bench.wallet().await, (units(198), units(1)));
        bench.close().await;
    }
    let bench = Bench::new().await;
    let (_, second) = twice(&bench).await;
    let unknown = PanelError::Refused("Incorrect order ID".to_owned());
    bench.panel.reports(Err(unknown));
    assert_eq!(bench.reconcile(second).await, Verdict::Done);
    assert_eq!(bench.state(second).await, OrderState::Unknown);
    bench.close().await;
}

/// The panel of these tests fails whoever asks it about something that nobody wrote down.
#[tokio::test]
async fn an_order_that_was_not_there_before_or_is_for_something_else_is_not_asked_about() {
    // Another link.
    let bench = Bench::new().await;
    bench.submitted(1, "p1").await;
    let other = refused_order(&bench, 2).await;
    assert_eq!(bench.reconcile(other).await, Verdict::Done);
    assert_eq!(bench.state(other).await, OrderState::Unknown);

    // Accepted after this one was sent, so that this one may be the order that the provider spoke of.
    bench.pass(LATER);
    let early = bench.place(3).await;
    bench.pass(LATER);
    let late = refused_order(&bench, 3).await;
    bench.panel.answers(crate::panel::accepted("p3"));
    bench.send(early).await;
    assert_eq!(bench.state(early).await, OrderState::Submitted);
    assert_eq!(bench.reconcile(late).await, Verdict::Done);
    assert_eq!(bench.state(late).await, OrderState::Unknown);
    assert!(bench.panel.asked_about().is_empty());
    bench.close().await;
}

#[tokio::test]
async fn another_reason_for_not_knowing_asks_about_no_other_order() {
    let bench = Bench::new().await;
    bench.submitted(1, "p1").await;
    bench.pass(LATER);
    let lost = bench.unknown(1).await;
    bench.pass(SECOND * 5);
    assert_eq!(bench.reconcile(lost).await, Verdict::Done);
    assert_eq!(bench.state(lost).await, OrderState::Unknown);
    assert!(bench.panel.asked_about().is_empty());
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_again() {
    let bench = Bench::new().await;
    let (_, second) = twice(&bench).await;
    bench.panel.reports(Err(PanelError::Broken("reset".to_owned())));
    assert_eq!(bench.reconcile(second).await, Verdict::Done);
    assert_eq!(bench.state(second).await, OrderState::Unknown);
    assert_eq!(bench.due_in(second).await, Some(SECOND * 30));

    bench.limiter.deny(SECOND * 7);
    assert_eq!(bench.reconcile(second).await, Verdict::Later(SECOND * 7));
    bench.limiter.grant();
    bench.panel.reports(about([("p1", says("In progress", 400))]));
    assert_eq!(bench.reconcile(second).await, Verdict::Done);
    assert_eq!(bench.state(second).await, OrderState::Voided);
    bench.close().await;
}

#[tokio::test]
async fn where_orders_can_be_looked_up_that_is_done_if_the_other_order_settles_nothing() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let (_, second) = twice(&bench).await;
    bench.panel.reports(Err(PanelError::Broken("reset".to_owned())));
    bench.panel.lists(Ok(Vec::new()));
    assert_eq!(bench.reconcile(second).await, Verdict::Done);
    assert_eq!(bench.panel.references().len(), 1);
    assert_eq!(bench.state(second).await, OrderState::Unknown);
    bench.close().await;
}
