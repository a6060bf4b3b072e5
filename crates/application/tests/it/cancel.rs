//! Canceling, in every state.

use std::time::Duration;

use application::caller::Caller;
use application::jobs::Verdict;
use application::orders::CancelOrderError;
use domain::orders::{CancelRefusal, EventKind, Order, OrderState};
use domain::providers::LookupCapability;
use domain::{Money, OrderId};
use ports::Store;
use ports::gateway::PanelError;
use testkit::fixtures::user;

use crate::bench::{Bench, Desk, WEALTH, units};
use crate::panel::{about, accepted, lost, not_sent, says};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DUE: Duration = Duration::from_secs(70);

async fn cancel(desk: &Desk, id: OrderId) -> Result<Order, CancelOrderError> {
    desk.canceling().cancel(&desk.customer(), id).await
}

fn is_refused(outcome: &Result<Order, CancelOrderError>, refusal: CancelRefusal) -> bool {
    matches!(outcome, Err(CancelOrderError::Refused(why)) if *why == refusal)
}

/// The service's orders cannot be canceled from now on.
async fn sell_without_cancel(desk: &Desk) {
    let mut tx = desk.store.begin().await.unwrap();
    let mut service = tx
        .catalog()
        .lock_service(desk.shop.service.id)
        .await
        .unwrap()
        .unwrap();
    service.cancel = false;
    tx.catalog().update_service(&service).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_order_that_was_not_sent_is_given_back_at_once_and_never_sent() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    assert_eq!(cancel(&bench, id).await.unwrap().state, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.work().await, 1);
    assert_eq!((bench.panel.sent(), bench.jobs().await), (0, Vec::new()));
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_is_canceled_before_the_worker_takes_it_is_not_sent() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.store.before_next(async move {
        cancel(&other, id).await.unwrap();
    });
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(
        (bench.panel.sent(), bench.state(id).await),
        (0, OrderState::Voided)
    );
    bench.close().await;
}

#[tokio::test]
async fn a_wish_while_the_order_is_being_sent_reaches_the_provider_once_it_accepted() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        assert_eq!(cancel(&other, id).await.unwrap().state, OrderState::Submitting);
        accepted("77")
    });
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.jobs().await, [format!("order.cancel {id} due")]);
    bench.panel.cancels(Ok(()));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
    assert_eq!(
        bench.due_in(id).await,
        Some(SECOND * 5),
        "its status is asked for soon"
    );

    bench.pass(SECOND * 5);
    bench.panel.reports(about([("77", says("Canceled", 1_000))]));
    bench.poll().await;
    assert_eq!(bench.state(id).await, OrderState::Canceled);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn a_wish_while_the_order_is_being_sent_ends_it_if_it_was_not_sent() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        cancel(&other, id).await.unwrap();
        not_sent()
    });
    bench.work().await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(
        (bench.jobs().await, bench.wallet().await),
        (Vec::new(), (units(WEALTH), Money::ZERO))
    );
    bench.close().await;
}

#[tokio::test]
async fn a_wish_never_gives_back_an_order_of_unknown_fate() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    assert_eq!(cancel(&bench, id).await.unwrap().state, OrderState::Unknown);
    assert_eq!(bench.wallet().await.1, units(1));

    bench.pass(bench.policy.lease + bench.policy.quarantine + SECOND);
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    bench.close().await;
}

#[tokio::test]
async fn a_wish_about_an_unknown_order_reaches_the_provider_once_it_is_found() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    cancel(&bench, id).await.unwrap();
    let fate = application::orders::Fate::PlacedAs(domain::ProviderOrderId::new("77"));
    bench
        .deciding()
        .decide_fate(&bench.staff(0), id, &fate, "")
        .await
        .unwrap();
    assert!(bench.jobs().await.contains(&format!("order.cancel {id} due")));
    bench.close().await;
}

#[tokio::test]
async fn a_wish_that_the_service_cannot_fulfil_is_dropped_when_the_order_is_accepted() {
    let bench = Bench::new().await;
    sell_without_cancel(&bench).await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        cancel(&other, id).await.unwrap();
        accepted("77")
    });
    bench.work().await;
    assert_eq!(
        (bench.state(id).await, bench.jobs().await),
        (OrderState::Submitted, Vec::new())
    );
    let outcome = cancel(&bench, id).await;
    assert!(is_refused(&outcome, CancelRefusal::NotCancelable), "{outcome:?}");
    bench.close().await;
}

#[tokio::test]
async fn the_provider_is_asked_once_in_ten_minutes() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    cancel(&bench, id).await.unwrap();
    bench.pass(Duration::from_mins(10) - Duration::from_micros(1));
    let outcome = cancel(&bench, id).await;
    assert!(is_refused(&outcome, CancelRefusal::AskedRecently), "{outcome:?}");
    bench.pass(Duration::from_micros(1));
    assert_eq!(cancel(&bench, id).await.unwrap().state, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_has_ended_cannot_be_canceled() {
    let bench = Bench::new().await;
    let voided = bench.place(1).await;
    cancel(&bench, voided).await.unwrap();
    let completed = bench.submitted(2, "77").await;
    bench.pass(DUE);
    bench.panel.reports(about([("77", says("Completed", 0))]));
    bench.poll().await;
    for id in [voided, completed] {
        let outcome = cancel(&bench, id).await;
        assert!(is_refused(&outcome, CancelRefusal::AlreadyEnded), "{outcome:?}");
    }
    bench.close().await;
}

#[tokio::test]
async fn nobody_cancels_an_order_of_somebody_else() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let stranger = Caller::new(user(2));
    for wanted in [id, OrderId(404)] {
        let outcome = bench.canceling().cancel(&stranger, wanted).await;
        assert!(
            matches!(outcome, Err(CancelOrderError::UnknownOrder)),
            "{outcome:?}"
        );
    }
    assert_eq!(bench.state(id).await, OrderState::Held);
    bench.close().await;
}

#[tokio::test]
async fn a_cancellation_that_meets_another_transaction_is_made_again() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.store.contends_at(1);
    assert_eq!(cancel(&bench, id).await.unwrap().state, OrderState::Voided);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_will_not_cancel_goes_on_delivering() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    cancel(&bench, id).await.unwrap();
    bench
        .panel
        .cancels(Err(PanelError::Refused("Not possible".to_owned())));
    assert_eq!(bench.canceling_upstream().ask(id).await.unwrap(), Verdict::Done);
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
    let noted = "SELECT COUNT(*) FROM order_events WHERE details LIKE '%Not possible%'";
    assert_eq!(bench.number(noted).await, 1);

    bench.pass(DUE);
    bench.panel.reports(about([("77", says("Completed", 0))]));
    bench.poll().await;
    assert_eq!(bench.state(id).await, OrderState::Completed);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_did_not_hear_the_wish_is_told_again() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.work().await;
    cancel(&bench, id).await.unwrap();
    for error in [
        PanelError::Unreachable("no route".to_owned()),
        PanelError::Broken("timeout".to_owned()),
    ] {
        bench.panel.cancels(Err(error));
        assert_eq!(bench.work().await, 1);
        assert_eq!(bench.jobs().await, [format!("order.cancel {id} in 60")]);
        assert_ne!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
        bench.pass(SECOND * 60);
    }
    bench.panel.cancels(Ok(()));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
    assert_eq!(bench.jobs().await, Vec::<String>::new());
    bench.close().await;
}

#[tokio::test]
async fn a_wish_that_a_provider_in_trouble_did_not_take_is_told_again() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.work().await;
    cancel(&bench, id).await.unwrap();
    for error in [
        PanelError::Unreadable("HTTP 502, not JSON: <html>".to_owned()),
        PanelError::RefusedForNow("Slow down".to_owned()),
        PanelError::Refused("Too many requests".to_owned()),
    ] {
        bench.panel.cancels(Err(error));
        assert_eq!(bench.work().await, 1);
        assert_eq!(bench.jobs().await, [format!("order.cancel {id} in 60")]);
        assert_ne!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
        bench.pass(SECOND * 60);
    }
    bench.panel.cancels(Ok(()));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_never_takes_a_wish_is_left_alone_after_some_hours() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    cancel(&bench, id).await.unwrap();
    bench.pass(HOUR * 10);
    let fate = application::orders::Fate::PlacedAs(domain::ProviderOrderId::new("77"));
    bench
        .deciding()
        .decide_fate(&bench.staff(0), id, &fate, "")
        .await
        .unwrap();

    let busy = || Err(PanelError::RefusedForNow("Slow down".to_owned()));
    let (mut asked, mut waited) = (0, Duration::ZERO);
    while waited < HOUR * 6 {
        bench.panel.cancels(busy());
        let verdict = bench.canceling_upstream().ask(id).await.unwrap();
        let Verdict::Later(pause) = verdict else {
            panic!("after {waited:?}: {verdict:?}");
        };
        assert!(pause >= SECOND * 60, "{pause:?}");
        (asked, waited) = (asked + 1, waited + pause);
        bench.pass(pause);
    }
    assert!(asked < 40, "ever more seldom: {asked}");
    bench.panel.cancels(busy());
    assert_eq!(bench.canceling_upstream().ask(id).await.unwrap(), Verdict::Done);
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::CancelSent));
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_ends_while_the_provider_is_asked_stays_as_it_ended() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    cancel(&bench, id).await.unwrap();
    bench.pass(DUE);
    let other = bench.clone();
    bench.panel.cancels(Ok(()));
    bench.panel.reports(about([("77", says("Completed", 0))]));
    bench.store.before_next(async move {
        other.poll().await;
    });
    bench.canceling_upstream().ask(id).await.unwrap();
    let order = bench.order(id).await;
    assert_eq!((order.state, order.due_at), (OrderState::Completed, None));
    bench.close().await;
}

#[tokio::test]
async fn only_a_tracked_order_is_canceled_at_its_provider_and_only_when_it_may_be_called() {
    let bench = Bench::new().await;
    let held = bench.place(1).await;
    let lost_one = bench.place(2).await;
    bench.panel.answers(lost());
    bench.send(lost_one).await;
    let ended = bench.submitted(4, "76").await;
    bench.pass(DUE);
    bench.panel.reports(about([("76", says("Completed", 0))]));
    bench.poll().await;
    for id in [held, lost_one, ended, OrderId(404)] {
        assert_eq!(bench.canceling_upstream().ask(id).await.unwrap(), Verdict::Done);
    }
    let id = bench.submitted(3, "77").await;
    cancel(&bench, id).await.unwrap();
    bench.limiter.deny(SECOND);
    assert_eq!(
        bench.canceling_upstream().ask(id).await.unwrap(),
        Verdict::Later(SECOND)
    );
    bench.close().await;
}
