//! Finding out what became of an order whose answer was lost.

use std::time::Duration;

use application::jobs::Verdict;
use application::providers::PanelsError;
use domain::orders::{EventKind, Hold, OrderState};
use domain::providers::LookupCapability;
use domain::wallets::TransferKind;
use domain::{Money, OrderId, ProviderOrderId, Timestamp};
use ports::gateway::{ListedOrder, PanelError};

use crate::bench::{Bench, Desk, PRICE, WEALTH, units};

const SECOND: Duration = Duration::from_secs(1);

/// A row that shows the order, under this id.
async fn row_of(desk: &Desk, id: OrderId, upstream: &str) -> ListedOrder {
    let order = desk.order(id).await;
    ListedOrder {
        id: ProviderOrderId::new(upstream),
        upstream_service: Some(order.service.upstream_id.clone()),
        link: Some(order.link.as_str().to_owned()),
        quantity: Some(order.quantity),
        created_at: Some(order.created_at.plus(SECOND)),
        reference: Some(order.reference()),
    }
}

/// A row of somebody else's order, made then.
fn strange_row(created_at: Timestamp) -> ListedOrder {
    ListedOrder {
        id: ProviderOrderId::new("1"),
        upstream_service: Some("9".to_owned()),
        link: Some("https://example.com/other".to_owned()),
        quantity: Some(5),
        created_at: Some(created_at),
        reference: Some("another".to_owned()),
    }
}

/// How long after the answer was lost a list proves absence.
fn proof_time(desk: &Desk) -> Duration {
    desk.policy.lease + desk.policy.quarantine
}

#[tokio::test]
async fn an_order_is_found_by_its_reference_and_goes_on_as_if_nothing_had_happened() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    bench.pass(SECOND * 5);
    let row = row_of(&bench, id, "77").await;
    bench.panel.lists(Ok(vec![row]));
    assert_eq!(bench.reconcile(id).await, Verdict::Done);

    let order = bench.order(id).await;
    assert_eq!((order.state, order.hold), (OrderState::Submitted, Hold::Posted));
    assert_eq!(order.provider_order_id, Some(ProviderOrderId::new("77")));
    assert_eq!(bench.outcomes(id).await, ["placed"]);
    assert_eq!(bench.panel.references(), [Some(order.reference())]);
    assert_eq!(bench.moved(id, TransferKind::Post).await, Some(PRICE));
    assert_eq!(
        bench.reconcile(id).await,
        Verdict::Done,
        "nothing is left to find"
    );
    bench.close().await;
}

#[tokio::test]
async fn an_order_is_found_by_link_and_time_among_others_of_ours() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    // The same customer ordered the same twice; the first one was accepted.
    let earlier = bench.submitted(1, "76").await;
    bench.pass(SECOND * 16);
    let id = bench.unknown(1).await;
    let rows = vec![
        row_of(&bench, earlier, "76").await,
        row_of(&bench, id, "77").await,
    ];
    bench.panel.lists(Ok(rows));
    bench.reconcile(id).await;
    let order = bench.order(id).await;
    assert_eq!(order.provider_order_id, Some(ProviderOrderId::new("77")));
    assert_eq!(bench.panel.references(), [None]);
    bench.close().await;
}

#[tokio::test]
async fn absence_proves_nothing_while_a_request_may_still_be_on_its_way() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    bench.pass(proof_time(&bench));
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    assert_eq!(bench.events(id).await.last(), Some(&EventKind::LookedUp));

    bench.pass(Duration::from_micros(1));
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    let absent = ("not_placed".to_owned(), Some("lookup:absent".to_owned()));
    assert_eq!(bench.attempts(id).await, [absent]);
    bench.close().await;
}

#[tokio::test]
async fn an_answer_that_lay_around_is_as_old_as_its_question() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    let (other, long) = (bench.clone(), proof_time(&bench) + SECOND);
    bench.panel.while_listing(move || async move {
        other.pass(long);
        Ok(Vec::new())
    });
    bench.reconcile(id).await;
    assert_eq!(
        bench.state(id).await,
        OrderState::Unknown,
        "the request was still under way when the provider was asked"
    );
    bench.panel.lists(Ok(Vec::new()));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    bench.close().await;
}

#[tokio::test]
async fn a_list_that_reaches_back_proves_absence_and_a_short_one_does_not() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    let sent_at = bench.now();
    bench.pass(proof_time(&bench) + SECOND);
    bench.panel.lists(Ok(vec![strange_row(sent_at.plus(SECOND))]));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Unknown);

    let old = ListedOrder {
        id: ProviderOrderId::new("0"),
        ..strange_row(sent_at.minus(Duration::from_hours(25)))
    };
    bench
        .panel
        .lists(Ok(vec![strange_row(sent_at.plus(SECOND)), old]));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Voided);
    bench.close().await;
}

#[tokio::test]
async fn look_ups_that_tell_nothing_come_further_and_further_apart() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    for seconds in [5, 30, 120, 300, 600, 1_800, 3_600, 3_600] {
        assert_eq!(bench.due_in(id).await, Some(SECOND * seconds));
        bench.pass(SECOND * seconds);
        bench.panel.lists(Err(PanelError::Unreadable("HTML".to_owned())));
        bench.reconcile(id).await;
        assert_eq!(bench.state(id).await, OrderState::Unknown);
    }
    assert_eq!(
        (bench.order(id).await.lookups, bench.wallet().await.1),
        (8, PRICE)
    );
    bench.close().await;
}

#[tokio::test]
async fn two_orders_that_fit_are_for_people() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.unknown(1).await;
    bench.pass(proof_time(&bench) + SECOND);
    let rows = vec![row_of(&bench, id, "77").await, row_of(&bench, id, "78").await];
    bench.panel.lists(Ok(rows));
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    bench.close().await;
}

#[tokio::test]
async fn an_order_whose_found_id_is_taken_meanwhile_waits_instead_of_failing_for_ever() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    let row = row_of(&bench, id, "77").await;
    let taker = bench.place(2).await;
    // Between the look at our own orders and the recording another order gets the id.
    let other = bench.clone();
    bench.panel.answers(crate::panel::accepted("77"));
    bench.panel.lists(Ok(vec![row]));
    bench.store.before_next(async move {
        other.send(taker).await;
    });
    assert_eq!(bench.reconcile(id).await, Verdict::Done);
    let order = bench.order(id).await;
    assert_eq!((order.state, order.lookups), (OrderState::Unknown, 1));
    assert_eq!(bench.due_in(id).await, Some(SECOND * 30));
    assert_eq!(bench.state(taker).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_late_answer_that_overtakes_the_look_up_wins_and_nothing_is_booked_twice() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    let row = row_of(&bench, id, "77").await;
    let other = bench.clone();
    bench.panel.while_listing(move || async move {
        let evidence = testkit::contract::steps::accepted("77");
        let order = other.order(id).await;
        testkit::contract::steps::resolved(&other.backend, &order, &evidence, other.now())
            .await
            .unwrap();
        Ok(vec![row])
    });
    bench.reconcile(id).await;
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
async fn what_is_not_unknown_is_not_looked_up() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let (held, known) = (bench.place(1).await, bench.submitted(2, "77").await);
    for id in [held, known, OrderId(404)] {
        assert_eq!(bench.reconcile(id).await, Verdict::Done);
    }
    assert_eq!(bench.panel.references(), []);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_must_be_left_alone_is_asked_later() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    bench.limiter.deny(SECOND * 3);
    assert_eq!(bench.reconcile(id).await, Verdict::Later(SECOND * 3));
    bench.limiter.grant();
    for _ in 0..5 {
        bench
            .panel
            .lists(Err(PanelError::Unreachable("refused".to_owned())));
        assert_eq!(bench.reconcile(id).await, Verdict::Done);
    }
    assert_eq!(bench.reconcile(id).await, Verdict::Later(SECOND * 10));
    bench.submitted(2, "77").await;
    bench.close().await;
}

#[tokio::test]
async fn without_the_providers_key_nobody_looks() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    bench.sealer.lose_the_keys();
    let outcome = bench.reconciling().reconcile(id).await;
    assert!(matches!(outcome, Err(PanelsError::Key(_))), "{outcome:?}");
    bench.close().await;
}
