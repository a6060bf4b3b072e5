//! Orders about which there is no news are asked about together, and are not written.

use std::time::Duration;

use application::jobs::Verdict;
use domain::OrderId;
use domain::orders::OrderState;
use domain::providers::UpstreamCount;
use ports::gateway::{PanelError, StatusAnswer};

use crate::bench::{Bench, Desk};
use crate::panel::{Statuses, about, report, says};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// Longer than any first polling interval.
const DUE: Duration = Duration::from_secs(70);
/// For so long orders that were taken stay taken.
const BUSY: Duration = Duration::from_secs(40);
/// From now on no order can be written.
const FREEZE: &str =
    "CREATE TRIGGER frozen BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'written'); END";
const THAW: &str = "DROP TRIGGER frozen";

/// An answer that says nothing new about any of these.
fn nothing_new(upstream: &[&str]) -> Statuses {
    about(
        upstream
            .iter()
            .map(|id| (*id, report("Pending", UpstreamCount::Absent))),
    )
}

/// Orders that are in one group, under the provider's ids `p0`, `p1`, …
async fn grouped<const N: usize>(bench: &Bench) -> [OrderId; N] {
    let mut orders = Vec::new();
    for n in 0..u32::try_from(N).unwrap() {
        orders.push(bench.submitted(n, &format!("p{n}")).await);
    }
    let names: Vec<String> = (0..N).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // The first word about each is news.
    for _ in 0..2 {
        bench.pass(DUE);
        bench.panel.reports(nothing_new(&names));
        assert_eq!(bench.poll().await, Verdict::Done);
    }
    assert_eq!(groups(bench).await, [i64::try_from(N).unwrap()]);
    orders.try_into().unwrap()
}

/// How many orders there are in each group.
async fn groups(desk: &Desk) -> Vec<i64> {
    let sql = "SELECT CAST((SELECT COUNT(*) FROM orders WHERE poll_group = poll_groups.id) AS TEXT)
        FROM poll_groups ORDER BY id";
    let counts = desk.database.texts(sql).await.unwrap();
    counts.iter().map(|count| count.parse().unwrap()).collect()
}

fn last_asked(desk: &Desk) -> Vec<String> {
    let mut asked = desk.panel.asked_about().pop().unwrap();
    asked.sort();
    asked
}

#[tokio::test]
async fn orders_without_news_are_asked_about_again_and_again_and_not_one_of_them_is_written() {
    let bench = Bench::new().await;
    let [one, two, three] = grouped(&bench).await;
    bench.database.execute(FREEZE).await.unwrap();
    for _ in 0..3 {
        bench.pass(DUE);
        bench.panel.reports(nothing_new(&["p0", "p1", "p2"]));
        assert_eq!(bench.poll().await, Verdict::Done);
        let due = bench.due_in(one).await.unwrap();
        assert!((SECOND * 54..=SECOND * 66).contains(&due), "{due:?}");
        assert_eq!(
            (bench.due_in(two).await, bench.due_in(three).await),
            (Some(due), Some(due))
        );
    }
    bench.database.execute(THAW).await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn news_about_one_order_of_a_group_are_recorded_and_the_others_are_not_touched() {
    let bench = Bench::new().await;
    let [done, moving, quiet, missing] = grouped(&bench).await;
    let before = (bench.order(quiet).await, bench.order(missing).await);
    bench.pass(DUE);
    let stranger = || StatusAnswer::Refused("Incorrect order ID".to_owned());
    bench.panel.reports(about([
        ("p0", says("Completed", 0)),
        ("p1", says("In progress", 700)),
        ("p2", report("Pending", UpstreamCount::Absent)),
        ("nobody asked", says("Canceled", 1_000)),
        ("p33", stranger()),
        ("", says("Completed", 0)),
    ]));
    bench.poll().await;
    assert_eq!(bench.state(done).await, OrderState::Completed);
    assert_eq!(bench.state(moving).await, OrderState::InProgress);
    assert_eq!(groups(&bench).await, [2], "news take an order out of its group");
    for (order, before) in [(quiet, before.0), (missing, before.1)] {
        let after = bench.order(order).await;
        assert_eq!(
            (after.revision, after.updated_at),
            (before.revision, before.updated_at)
        );
    }

    bench.pass(DUE);
    bench.panel.reports(about([
        ("p1", says("In progress", 700)),
        ("p2", stranger()),
        ("p3", report("Pending", UpstreamCount::Absent)),
    ]));
    bench.poll().await;
    assert_eq!(last_asked(&bench), ["p1", "p2", "p3"]);
    assert!(
        bench.order(quiet).await.review.is_some(),
        "the provider does not know it"
    );
    assert_eq!(groups(&bench).await, [2], "what was news once joins the others");
    bench.close().await;
}

#[tokio::test]
async fn orders_of_different_ages_share_a_request_and_not_a_group() {
    let bench = Bench::new().await;
    let [old, _] = grouped(&bench).await;
    bench.pass(MINUTE * 10);
    let young = bench.submitted(10, "young").await;
    for _ in 0..2 {
        bench.pass(MINUTE * 4);
        bench.panel.reports(nothing_new(&["p0", "p1", "young"]));
        bench.poll().await;
        assert_eq!(last_asked(&bench), ["p0", "p1", "young"]);
    }
    assert_eq!(groups(&bench).await, [2, 1]);
    let due = (
        bench.due_in(young).await.unwrap(),
        bench.due_in(old).await.unwrap(),
    );
    assert!(due.0 <= SECOND * 66 && due.1 >= SECOND * 162, "{due:?}");
    bench.close().await;
}

#[tokio::test]
async fn small_groups_that_are_asked_about_together_become_one() {
    let bench = Bench::new().await;
    let mut orders = Vec::new();
    for n in 0..3 {
        let id = bench.submitted(n, &format!("p{n}")).await;
        for _ in 0..2 {
            bench.make_due(id).await;
            bench.panel.reports(nothing_new(&["p0", "p1", "p2"]));
            bench.poll().await;
        }
        orders.push(id);
        bench
            .database
            .execute("UPDATE poll_groups SET due_at = due_at + 60000000")
            .await
            .unwrap();
    }
    assert_eq!(groups(&bench).await, [1, 1, 1]);
    bench.pass(MINUTE * 5);
    bench.panel.reports(nothing_new(&["p0", "p1", "p2"]));
    bench.poll().await;
    assert_eq!(groups(&bench).await, [3]);
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_is_to_be_canceled_is_asked_about_at_once_and_alone() {
    let bench = Bench::new().await;
    let [wanted, other] = grouped(&bench).await;
    bench.canceling().cancel(&bench.customer(), wanted).await.unwrap();
    bench.panel.cancels(Ok(()));
    assert_eq!(
        bench.canceling_upstream().ask(wanted).await.unwrap(),
        Verdict::Done
    );
    assert_eq!(bench.due_in(wanted).await, Some(SECOND * 5));
    bench.pass(SECOND * 4);
    assert_eq!(bench.poll().await, Verdict::Done, "not yet");
    bench.pass(SECOND);
    bench.panel.reports(about([("p0", says("Canceled", 1_000))]));
    bench.poll().await;
    assert_eq!(last_asked(&bench), ["p0"], "it did not wait for a full request");
    assert_eq!(
        (bench.state(wanted).await, bench.state(other).await),
        (OrderState::Canceled, OrderState::Submitted)
    );
    bench.close().await;
}

#[tokio::test]
async fn a_request_that_is_not_full_waits_for_its_turn() {
    let bench = Bench::new().await;
    let [_, _] = grouped(&bench).await;
    let new = bench.submitted(9, "new").await;
    bench.make_due(new).await;
    bench.panel.reports(nothing_new(&["new"]));
    bench.poll().await;
    let later = bench.submitted(10, "later").await;
    bench
        .database
        .execute(&format!("UPDATE orders SET due_at = 0 WHERE id = {later}"))
        .await
        .unwrap();
    bench.pass(SECOND * 54);
    assert_eq!(bench.poll().await, Verdict::Done, "it waits");
    bench.pass(SECOND);
    bench.panel.reports(nothing_new(&["p0", "p1", "new", "later"]));
    bench.poll().await;
    assert!(last_asked(&bench).contains(&"later".to_owned()));
    bench.close().await;
}

#[tokio::test]
async fn the_groups_of_a_worker_that_dies_are_asked_about_again_after_forty_seconds() {
    let bench = Bench::new().await;
    let [one, two] = grouped(&bench).await;
    bench.pass(DUE);
    bench.panel.while_asked(std::future::pending);
    let desk = bench.clone();
    let dying = tokio::spawn(async move { desk.poll().await });
    while bench.panel.asked_about().len() < 3 {
        tokio::task::yield_now().await;
    }
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(bench.poll().await, Verdict::Done, "they are taken");
    bench.pass(BUSY);
    bench.panel.reports(nothing_new(&["p0", "p1"]));
    bench.poll().await;
    assert_eq!(last_asked(&bench), ["p0", "p1"]);
    assert_eq!(bench.due_in(one).await, bench.due_in(two).await);
    bench.close().await;
}

#[tokio::test]
async fn a_request_that_failed_leaves_the_group_taken_for_a_while() {
    let bench = Bench::new().await;
    let [one, two] = grouped(&bench).await;
    bench.pass(DUE);
    bench.panel.reports(Err(PanelError::Broken("timeout".to_owned())));
    bench.poll().await;
    assert_eq!(
        (bench.due_in(one).await, bench.due_in(two).await),
        (Some(BUSY), Some(BUSY))
    );
    assert_eq!(groups(&bench).await, [2]);
    bench.pass(BUSY);
    bench.panel.reports(nothing_new(&["p0", "p1"]));
    bench.poll().await;
    assert_eq!(last_asked(&bench), ["p0", "p1"]);
    bench.close().await;
}

#[tokio::test]
async fn an_order_of_a_group_that_cannot_be_recorded_comes_again_by_itself() {
    let bench = Bench::new().await;
    let [poisoned, _, _] = grouped(&bench).await;
    let poison = format!(
        "CREATE TRIGGER poison BEFORE UPDATE ON orders WHEN NEW.id = {poisoned} AND NEW.state = 'completed'
        BEGIN SELECT RAISE(ABORT, 'poison'); END"
    );
    bench.database.execute(&poison).await.unwrap();
    bench.pass(DUE);
    let answers = || about([("p0", says("Completed", 0)), ("p1", says("Completed", 0))]);
    bench.panel.reports(answers());
    bench.poll().await;
    assert_eq!(bench.state(poisoned).await, OrderState::Submitted);
    assert_eq!(bench.due_in(poisoned).await, Some(BUSY));
    assert_eq!(groups(&bench).await, [1]);
    bench.database.execute("DROP TRIGGER poison").await.unwrap();
    bench.pass(DUE);
    bench.panel.reports(answers());
    bench.poll().await;
    assert_eq!(bench.state(poisoned).await, OrderState::Completed);
    bench.close().await;
}
