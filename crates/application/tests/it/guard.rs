//! A database that may have forgotten what was sent.

use std::sync::Arc;
use std::time::Duration;

use application::caller::By;
use application::jobs::Verdict;
use application::orders::{CancelOrderError, DecideOrderError, Fate};
use application::submission::ReleaseError;
use domain::orders::{DecisionRefusal, EventKind, OrderState};
use domain::providers::LookupCapability;
use domain::submission::{Memory, PauseCause, ReleaseRefusal};
use domain::{Money, OrderId};
use ports::gateway::ListedOrder;

use crate::bench::{Bench, Desk, WEALTH, units};
use crate::panel::{accepted, lost, not_sent};

const SECOND: Duration = Duration::from_secs(1);
const CLOSED: Verdict = Verdict::Later(Duration::from_secs(20));

async fn release(desk: &Desk) {
    desk.guard.release(&By::Operator, "looked at").await.unwrap();
}

async fn order_of(desk: &Desk, id: OrderId, upstream: &str) -> ListedOrder {
    let order = desk.order(id).await;
    ListedOrder {
        id: domain::ProviderOrderId::new(upstream),
        upstream_service: Some(order.service.upstream_id.clone()),
        link: Some(order.link.as_str().to_owned()),
        quantity: Some(order.quantity),
        created_at: Some(order.created_at.plus(SECOND)),
        reference: Some(order.reference()),
    }
}

#[tokio::test]
async fn after_a_failover_held_orders_are_unknown_and_nothing_is_sent_until_an_operator_says_so() {
    let bench = Bench::new().await;
    let (first, second) = (bench.place(1).await, bench.place(2).await);
    bench.server.becomes("2");
    assert_eq!(bench.send(first).await, CLOSED);
    bench.guard.keep().await.unwrap();
    for id in [first, second] {
        assert_eq!(bench.state(id).await, OrderState::Unknown);
        assert_eq!(bench.events(id).await, [EventKind::Placed, EventKind::Unknown]);
        assert_eq!(bench.outcomes(id).await, ["unknown"]);
    }
    let status = bench.guard.status().await.unwrap();
    let pause = status.submission.pause.unwrap();
    assert_eq!(pause.cause, PauseCause::Database);
    assert!(pause.reason.contains("timeline"), "{}", pause.reason);
    assert_eq!(pause.gap_from, Some(bench.now()));

    let later = bench.place(3).await;
    assert_eq!(bench.send(later).await, CLOSED);
    assert_eq!(bench.state(later).await, OrderState::Held);
    release(&bench).await;
    bench.panel.answers(accepted("77"));
    for id in [first, second, later] {
        assert_eq!(bench.send(id).await, Verdict::Done);
    }
    assert_eq!(bench.panel.sent(), 1);
    assert_eq!(bench.state(later).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_server_that_was_only_started_again_stops_nothing() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.server.restarts();
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.new_guard().keep().await.unwrap();
    assert!(bench.guard.stored().await.unwrap().pause.is_none());
    bench.close().await;
}

#[tokio::test]
async fn an_order_claimed_on_a_database_that_nobody_looked_at_is_not_sent() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let server = Arc::clone(&bench.server);
    bench.store.after(1, async move { server.becomes("2") });
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(
        (bench.panel.sent(), bench.state(id).await),
        (0, OrderState::Unknown)
    );
    bench.guard.keep().await.unwrap();
    assert_eq!(bench.outcomes(id).await, ["unknown"]);
    bench.close().await;
}

#[tokio::test]
async fn a_pause_while_an_order_is_claimed_leaves_it_held() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.store.after(1, async move {
        let paused = other.guard.pause(&By::Operator, "wait", false).await;
        paused.unwrap();
    });
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!((bench.panel.sent(), bench.state(id).await), (0, OrderState::Held));
    bench.guard.keep().await.unwrap();
    assert_eq!(bench.state(id).await, OrderState::Held, "nobody doubts it");
    bench.close().await;
}

#[tokio::test]
async fn not_sent_proves_nothing_on_another_database_and_placed_does() {
    let bench = Bench::new().await;
    let (failed, placed) = (bench.place(1).await, bench.place(2).await);
    let server = Arc::clone(&bench.server);
    bench.panel.meanwhile(move || async move {
        server.becomes("2");
        not_sent()
    });
    assert_eq!(bench.send(failed).await, Verdict::Done);
    assert_eq!(
        bench.state(failed).await,
        OrderState::Submitting,
        "the claim is all that is known"
    );
    bench.guard.keep().await.unwrap();
    assert_eq!(bench.state(failed).await, OrderState::Unknown);
    assert_eq!(bench.state(placed).await, OrderState::Unknown);

    let third = bench.place(3).await;
    release(&bench).await;
    let server = Arc::clone(&bench.server);
    bench.panel.meanwhile(move || async move {
        server.becomes("3");
        accepted("77")
    });
    assert_eq!(bench.send(third).await, Verdict::Done);
    assert_eq!(bench.state(third).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_doubted_order_is_found_though_it_was_sent_long_before_the_doubt() {
    let bench = Bench::finding(LookupCapability::LinkAndTime).await;
    let id = bench.place(1).await;
    bench.pass(SECOND * 3_600);
    bench.server.becomes("2");
    bench.guard.keep().await.unwrap();
    bench.pass(SECOND * 5);
    let row = order_of(&bench, id, "77").await;
    bench.panel.lists(Ok(vec![row]));
    assert_eq!(bench.reconcile(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn absence_of_a_doubted_order_counts_when_no_lost_request_can_be_under_way() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let held = bench.place(1).await;
    // An old unknown order may have been sent again in the part of history that is lost.
    let old = bench.unknown(2).await;
    bench.pass(SECOND * 3_600);
    bench.server.becomes("2");
    bench.guard.keep().await.unwrap();
    let proof = bench.policy.lease + bench.policy.quarantine;
    for (wait, state) in [(proof, OrderState::Unknown), (SECOND, OrderState::Voided)] {
        bench.pass(wait);
        for id in [held, old] {
            bench.panel.lists(Ok(Vec::new()));
            bench.reconcile(id).await;
            assert_eq!(bench.state(id).await, state);
        }
    }
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn a_customer_cannot_take_back_a_held_order_before_it_is_marked() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.server.becomes("2");
    let refused = bench.canceling().cancel(&bench.customer(), id).await;
    assert!(matches!(refused, Err(CancelOrderError::InDoubt)), "{refused:?}");
    assert_eq!(bench.state(id).await, OrderState::Held);
    bench.guard.keep().await.unwrap();
    let noted = bench.canceling().cancel(&bench.customer(), id).await.unwrap();
    assert_eq!(
        (noted.state, noted.cancel_requested_at),
        (OrderState::Unknown, Some(bench.now()))
    );
    bench.close().await;
}

#[tokio::test]
async fn staff_cannot_say_not_placed_before_the_orders_in_doubt_are_marked() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    bench.pass(bench.policy.lease + bench.policy.quarantine + SECOND);
    bench.server.becomes("2");
    let staff = bench.staff(0);
    let say = |fate| {
        let (deciding, staff) = (bench.deciding(), &staff);
        async move { deciding.decide_fate(staff, id, &fate, "looked").await }
    };
    let early = say(Fate::NotPlaced).await;
    assert!(matches!(early, Err(DecideOrderError::InDoubt)), "{early:?}");
    bench.guard.keep().await.unwrap();
    let marked = say(Fate::NotPlaced).await;
    assert!(
        matches!(
            marked,
            Err(DecideOrderError::Refused(DecisionRefusal::TooEarly { .. }))
        ),
        "{marked:?}"
    );
    bench.server.becomes("3");
    let found = say(Fate::PlacedAs(domain::ProviderOrderId::new("77"))).await;
    assert!(found.is_ok(), "{found:?}");
    bench.close().await;
}

#[tokio::test]
async fn a_copy_of_the_same_server_is_noticed_by_its_age() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let known = bench.memory.get().unwrap();
    let ahead = Memory {
        epoch: known.epoch + 1,
        ..known
    };
    bench.memory.set(Some(ahead));
    let node = bench.new_guard();
    node.keep().await.unwrap();
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    let submission = node.stored().await.unwrap();
    assert!(submission.pause.is_some() && submission.doubted_up_to.is_none());
    assert_eq!(
        bench.memory.get().map(|memory| memory.epoch),
        Some(submission.epoch)
    );
    bench.close().await;
}

#[tokio::test]
async fn the_epoch_grows_while_orders_are_sent_and_rests_otherwise() {
    let bench = Bench::new().await;
    let epoch = async || bench.guard.stored().await.unwrap().epoch;
    bench.guard.keep().await.unwrap();
    let started = epoch().await;
    bench.guard.keep().await.unwrap();
    assert_eq!(epoch().await, started);
    bench.submitted(1, "77").await;
    bench.guard.keep().await.unwrap();
    assert_eq!(epoch().await, started + 1);
    assert_eq!(bench.memory.get().map(|memory| memory.epoch), Some(started + 1));
    bench.close().await;
}

#[tokio::test]
async fn nodes_that_notice_at_once_pause_once() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let nodes = [bench.new_guard(), bench.new_guard()];
    for node in &nodes {
        node.keep().await.unwrap();
    }
    bench.server.becomes("2");
    let (one, two) = futures::join!(nodes[0].keep(), nodes[1].keep());
    one.unwrap();
    two.unwrap();
    let doubts = "SELECT COUNT(*) FROM audit_log WHERE action = 'submission.doubt'";
    assert_eq!(bench.number(doubts).await, 1);
    assert_eq!(bench.outcomes(id).await, ["unknown"]);
    release(&bench).await;
    for node in &nodes {
        node.keep().await.unwrap();
        assert!(node.gate().is_open());
    }
    bench.close().await;
}

#[tokio::test]
async fn a_node_that_dies_before_it_has_marked_the_orders_leaves_that_to_the_next_one() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.server.becomes("2");
    bench.guard.look().await.unwrap();
    assert_eq!(bench.state(id).await, OrderState::Held);
    let early = bench.guard.release(&By::Operator, "in a hurry").await;
    assert_eq!(early, Err(ReleaseError::Refused(ReleaseRefusal::StillMarking)));

    let next = bench.new_guard();
    assert!(!next.knows().await.unwrap());
    next.keep().await.unwrap();
    assert!(next.knows().await.unwrap() && !next.gate().is_open());
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    next.keep().await.unwrap();
    assert_eq!(bench.outcomes(id).await, ["unknown"], "once");
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_marked_keeps_submission_paused_and_the_others_are_marked() {
    let bench = Bench::new().await;
    let (first, second) = (bench.place(1).await, bench.place(2).await);
    bench.server.becomes("2");
    bench.guard.look().await.unwrap();
    bench.store.lies_at(1);
    bench.guard.keep().await.unwrap();
    assert_eq!(bench.state(second).await, OrderState::Unknown);
    assert!(!bench.guard.gate().is_known(), "one is not known to be marked");
    bench.guard.keep().await.unwrap();
    assert!(bench.guard.gate().is_known());
    assert_eq!(bench.outcomes(first).await, ["unknown"]);
    bench.close().await;
}

#[tokio::test]
async fn an_operator_pauses_and_says_that_the_database_was_restored() {
    let bench = Bench::new().await;
    let (held, sending) = (bench.place(1).await, bench.place(2).await);
    bench.guard.pause(&By::Operator, "moving", false).await.unwrap();
    assert_eq!(bench.send(held).await, CLOSED);
    bench.guard.keep().await.unwrap();
    assert_eq!(bench.state(held).await, OrderState::Held);
    assert!(
        bench.guard.pause(&By::Operator, " ", false).await.is_err(),
        "without a reason"
    );

    bench.server.becomes("2");
    bench.guard.keep().await.unwrap();
    assert_eq!(
        bench.state(held).await,
        OrderState::Held,
        "it was moved while nothing was sent"
    );

    bench.guard.pause(&By::Operator, "restored", true).await.unwrap();
    bench.guard.keep().await.unwrap();
    for id in [held, sending] {
        assert_eq!(bench.state(id).await, OrderState::Unknown);
    }
    release(&bench).await;
    let again = bench.guard.release(&By::Operator, "again").await;
    assert_eq!(again, Err(ReleaseError::Refused(ReleaseRefusal::NotPaused)));
    let lines = "SELECT COUNT(*) FROM audit_log WHERE target = 'submission:orders'";
    assert_eq!(bench.number(lines).await, 3);
    bench.close().await;
}

#[tokio::test]
async fn a_lost_answer_from_before_the_doubt_stays_one_attempt() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(lost());
    bench.send(id).await;
    bench.server.becomes("2");
    bench.guard.keep().await.unwrap();
    bench.guard.keep().await.unwrap();
    assert_eq!(bench.outcomes(id).await, ["unknown"]);
    bench.close().await;
}
