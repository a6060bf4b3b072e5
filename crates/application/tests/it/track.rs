//! Asking a provider about its orders, batch by batch.

use std::time::Duration;

use application::jobs::Verdict;
use application::providers::{CallClass, PanelsError};
use domain::catalog::Availability;
use domain::orders::{EventKind, OrderState};
use domain::providers::UpstreamCount;
use domain::{OrderId, ProviderId};
use ports::gateway::{PanelError, StatusAnswer};

use crate::bench::{Bench, Desk};
use crate::panel::{about, report, says};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Longer than any first polling interval.
const DUE: Duration = Duration::from_secs(70);
/// For so long orders that were taken stay taken.
const BUSY: Duration = Duration::from_secs(40);

/// Whether the order is polled after about this time.
async fn assert_polled_in(desk: &Desk, id: OrderId, about: Duration) {
    let due = desk.due_in(id).await.unwrap();
    assert!(
        due >= about * 9 / 10 && due <= about * 11 / 10,
        "{due:?} instead of {about:?}"
    );
}

#[tokio::test]
async fn one_order_that_cannot_be_recorded_does_not_stop_the_other_ninety_nine() {
    let bench = Bench::new().await;
    let mut orders = Vec::new();
    for n in 0..100 {
        orders.push(bench.submitted(n, &format!("p{n}")).await);
    }
    let poison = format!(
        "CREATE TRIGGER poison BEFORE UPDATE ON orders WHEN NEW.id = {} AND NEW.state = 'completed'
        BEGIN SELECT RAISE(ABORT, 'poison'); END",
        orders[42]
    );
    bench.database.execute(&poison).await.unwrap();
    let names: Vec<String> = (0..100).map(|n| format!("p{n}")).collect();
    let all = || about(names.iter().map(|name| (name.as_str(), says("Completed", 0))));

    bench.pass(DUE);
    bench.panel.reports(all());
    assert_eq!(bench.poll().await, Verdict::Done);
    assert_eq!(
        bench
            .number("SELECT COUNT(*) FROM orders WHERE state = 'completed'")
            .await,
        99
    );
    assert_eq!(bench.state(orders[42]).await, OrderState::Submitted);
    assert_eq!(bench.due_in(orders[42]).await, Some(BUSY));

    bench.database.execute("DROP TRIGGER poison").await.unwrap();
    bench.pass(BUSY);
    bench.panel.reports(all());
    bench.poll().await;
    assert_eq!(bench.panel.asked_about()[1], ["p42"]);
    assert_eq!(bench.state(orders[42]).await, OrderState::Completed);
    bench.close().await;
}

#[tokio::test]
async fn more_orders_than_one_question_holds_are_asked_about_in_several() {
    let bench = Bench::new().await;
    for n in 0..101 {
        bench.submitted(n, &format!("p{n}")).await;
    }
    bench.pass(DUE);
    let names: Vec<String> = (0..101).map(|n| format!("p{n}")).collect();
    let all = || about(names.iter().map(|name| (name.as_str(), says("In progress", 700))));
    bench.panel.reports(all());
    bench.panel.reports(all());
    assert_eq!(bench.poll().await, Verdict::Done);
    let sizes: Vec<usize> = bench.panel.asked_about().iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 1]);
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_is_missing_from_the_answer_stays_as_it_is_and_is_asked_about_again() {
    let bench = Bench::new().await;
    let (there, missing) = (bench.submitted(1, "77").await, bench.submitted(2, "78").await);
    let before = bench.order(missing).await;
    bench.pass(DUE);
    bench.panel.reports(about([("77", says("In progress", 700))]));
    bench.poll().await;
    assert_eq!(bench.state(there).await, OrderState::InProgress);
    let after = bench.order(missing).await;
    assert_eq!(
        (after.revision, after.updated_at),
        (before.revision, before.updated_at)
    );
    assert_eq!(bench.events(missing).await.last(), Some(&EventKind::Submitted));
    assert_polled_in(&bench, missing, MINUTE).await;
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_does_not_know_an_order_sends_it_to_people_however_many_were_asked_about() {
    let bench = Bench::new().await;
    let refusal = || "Incorrect order ID".to_owned();
    let (one, two) = (bench.submitted(1, "77").await, bench.submitted(2, "78").await);
    bench.pass(DUE);
    let answers = [
        ("77", StatusAnswer::Refused(refusal())),
        ("78", says("Completed", 0)),
    ];
    bench.panel.reports(about(answers));
    bench.poll().await;
    assert_eq!(
        (bench.state(one).await, bench.state(two).await),
        (OrderState::Submitted, OrderState::Completed)
    );
    assert!(
        bench
            .order(one)
            .await
            .review
            .unwrap()
            .contains("Incorrect order ID")
    );

    let alone = bench.submitted(3, "79").await;
    bench.hide(one).await;
    bench.pass(DUE);
    bench.panel.reports(Err(PanelError::Refused(refusal())));
    bench.poll().await;
    assert_eq!(bench.panel.asked_about().last().unwrap(), &["79"]);
    assert!(
        bench
            .order(alone)
            .await
            .review
            .unwrap()
            .contains("Incorrect order ID")
    );
    assert_eq!(bench.events(alone).await.last(), Some(&EventKind::Review));

    let events = bench.events(alone).await.len();
    bench.pass(DUE);
    bench.panel.reports(Err(PanelError::Refused(refusal())));
    bench.poll().await;
    assert_eq!(
        bench.events(alone).await.len(),
        events,
        "the same word again is no news"
    );
    bench.close().await;
}

#[tokio::test]
async fn a_refusal_that_is_not_about_one_order_says_nothing_about_any() {
    let bench = Bench::new().await;
    let one = bench.submitted(1, "77").await;
    bench.pass(DUE);
    for text in ["Invalid API key", "Too many requests", "Internal error"] {
        bench.panel.reports(Err(PanelError::Refused(text.to_owned())));
        bench.poll().await;
        assert_eq!(bench.order(one).await.review, None, "{text}");
        assert_eq!(bench.due_in(one).await, Some(BUSY), "the next try is paced");
        bench.pass(BUSY);
    }
    let two = bench.submitted(2, "78").await;
    bench.pass(DUE);
    bench
        .panel
        .reports(Err(PanelError::RefusedForNow("Incorrect order ID".to_owned())));
    bench.poll().await;
    for id in [one, two] {
        assert_eq!(bench.order(id).await.review, None);
    }
    bench.close().await;
}

#[tokio::test]
async fn the_same_report_again_writes_nothing_and_only_moves_the_next_poll() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.pass(DUE);
    bench.panel.reports(about([("77", says("In progress", 700))]));
    bench.poll().await;
    let (before, events) = (bench.order(id).await, bench.events(id).await);
    for _ in 0..3 {
        bench.pass(DUE);
        bench.panel.reports(about([("77", says("In progress", 700))]));
        bench.poll().await;
        assert_polled_in(&bench, id, MINUTE).await;
    }
    let after = bench.order(id).await;
    assert_eq!(
        (after.revision, bench.events(id).await),
        (before.revision, events)
    );
    bench.close().await;
}

#[tokio::test]
async fn the_older_an_order_is_the_more_seldom_it_is_asked_about() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    let mut age = Duration::ZERO;
    let steps = [
        (MINUTE * 10 - SECOND, MINUTE),
        (MINUTE * 10, MINUTE * 3),
        (HOUR - SECOND, MINUTE * 3),
        (HOUR, MINUTE * 10),
        (HOUR * 6 - SECOND, MINUTE * 10),
        (HOUR * 6, MINUTE * 30),
        (HOUR * 24, HOUR * 2),
        (HOUR * 24 * 7 - SECOND, HOUR * 2),
        (HOUR * 24 * 7, HOUR * 8),
    ];
    for (then, interval) in steps {
        bench.pass(then - age);
        age = then;
        bench.make_due(id).await;
        bench
            .panel
            .reports(about([("77", report("Pending", UpstreamCount::Absent))]));
        bench.poll().await;
        assert_polled_in(&bench, id, interval).await;
    }
    bench.close().await;
}

#[tokio::test]
async fn an_order_is_asked_about_when_it_will_be_finished_within_half_and_double_the_interval() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    // (remains, next poll): nothing to compare with, on time, crawling, nearly done.
    let steps = [(900, 60), (450, 60), (440, 120), (10, 30)];
    for (remains, seconds) in steps {
        bench.pass(MINUTE);
        bench.make_due(id).await;
        bench.panel.reports(about([("77", says("In progress", remains))]));
        bench.poll().await;
        assert_polled_in(&bench, id, SECOND * seconds).await;
    }
    bench.close().await;
}

#[tokio::test]
async fn while_a_circuit_is_half_open_polls_are_half_as_often() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.pass(DUE);
    bench.panels.trip(bench.shop.provider.id, CallClass::Read);
    assert_eq!(bench.poll().await, Verdict::Later(SECOND * 10));
    bench.pass(SECOND * 30);
    bench.panel.reports(about([("77", says("In progress", 700))]));
    bench.poll().await;
    assert_polled_in(&bench, id, MINUTE * 2).await;
    assert_eq!(bench.panels.open_circuits(), [], "the probe has closed it");
    bench.close().await;
}

#[tokio::test]
async fn leave_to_ask_that_was_not_needed_is_given_back() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.panels.trip(bench.shop.provider.id, CallClass::Read);
    bench.pass(SECOND * 30);
    assert_eq!(bench.poll().await, Verdict::Done, "nothing is due");
    bench.make_due(id).await;
    bench.panel.reports(about([("77", says("Completed", 0))]));
    assert_eq!(bench.poll().await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Completed);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_costs_nothing_but_time() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    let before = bench.order(id).await;
    bench.pass(DUE);
    for nth in 1..=5 {
        bench
            .panel
            .reports(Err(PanelError::Unreachable("refused".to_owned())));
        let left_alone = Verdict::Later(SECOND * 10);
        assert_eq!(
            bench.poll().await,
            if nth < 5 { Verdict::Done } else { left_alone }
        );
        assert_eq!(bench.due_in(id).await, Some(BUSY));
        bench.pass(BUSY);
    }
    bench
        .panel
        .reports(Err(PanelError::Unreachable("refused".to_owned())));
    for why in ["the probe failed", "it is left alone for a minute"] {
        assert_eq!(bench.poll().await, Verdict::Later(SECOND * 10), "{why}");
        bench.pass(SECOND * 29);
    }
    let after = bench.order(id).await;
    assert_eq!(
        (after.revision, after.state, after.review),
        (before.revision, before.state, None)
    );
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_asks_for_long_leaves_the_rest_to_the_next_one() {
    let bench = Bench::new().await;
    bench.submitted(1, "77").await;
    bench.pass(DUE);
    let other = bench.clone();
    bench.panel.while_asked(move || async move {
        other.pass(SECOND * 15);
        about([("77", says("In progress", 700))])
    });
    assert_eq!(bench.poll().await, Verdict::Later(Duration::ZERO));
    assert_eq!(bench.poll().await, Verdict::Done);
    bench.close().await;
}

#[tokio::test]
async fn orders_of_a_removed_provider_are_tracked_to_their_end() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.make_provider(Availability::Archived).await;
    bench.pass(DUE);
    bench.panel.reports(about([("77", says("Completed", 0))]));
    bench.poll().await;
    assert_eq!(bench.state(id).await, OrderState::Completed);
    bench.close().await;
}

#[tokio::test]
async fn orders_wait_for_the_rate_limit_without_being_taken() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.pass(DUE);
    let due_at = bench.order(id).await.due_at;
    bench.limiter.deny(SECOND * 2);
    assert_eq!(bench.poll().await, Verdict::Later(SECOND * 2));
    assert_eq!(bench.order(id).await.due_at, due_at);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_is_not_there_cannot_be_asked() {
    let bench = Bench::new().await;
    let outcome = bench.tracking().poll(ProviderId(404)).await;
    assert!(
        matches!(outcome, Err(PanelsError::UnknownProvider)),
        "{outcome:?}"
    );
    bench.close().await;
}
