//! A batch that is refused as a whole is asked about in parts, so that one order does not keep the others from being tracked.

use std::sync::Arc;
use std::time::Duration;

use application::jobs::Verdict;
use domain::OrderId;
use domain::orders::OrderState;

use crate::bench::Bench;
use crate::panel::says;

const SECOND: Duration = Duration::from_secs(1);
/// Longer than any first polling interval.
const DUE: Duration = Duration::from_secs(70);
/// For so long orders that were taken stay taken.
const BUSY: Duration = Duration::from_secs(40);
/// Requests that follow one that was refused: about parts of it, and about some orders alone.
const AGAIN_MAX: usize = 40 + 3;

async fn open(bench: &Bench, count: u32) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for n in 0..count {
        orders.push(bench.submitted(n, &format!("p{n}")).await);
    }
    orders
}

const STARTED: &str = "SELECT COUNT(*) FROM orders WHERE state = 'in_progress'";

#[tokio::test]
async fn an_order_that_the_provider_does_not_know_keeps_no_other_from_being_tracked() {
    let bench = Bench::new().await;
    let orders = open(&bench, 20).await;
    bench.panel.says_of_all(says("In progress", 700), |ids| {
        ids.iter().any(|id| id.as_str() == "p7")
    });
    bench.pass(DUE);
    assert_eq!(bench.poll().await, Verdict::Done);
    assert_eq!(bench.number(STARTED).await, 19);
    let unknown = bench.order(orders[7]).await;
    assert_eq!(unknown.state, OrderState::Submitted);
    assert!(unknown.review.unwrap().contains("Incorrect order ID"));
    assert!(bench.due_in(orders[7]).await.is_some(), "it is asked about again");
    let asked = bench.panel.asked_about();
    assert!(asked.len() <= 1 + 2 * 5, "it is looked for by halves: {asked:?}");
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_answers_about_one_order_only_is_asked_about_each() {
    let bench = Bench::new().await;
    open(&bench, 6).await;
    bench
        .panel
        .says_of_all(says("In progress", 700), |ids| ids.len() > 1);
    bench.pass(DUE);
    assert_eq!(bench.poll().await, Verdict::Done);
    assert_eq!(bench.number(STARTED).await, 6);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_is_not_flooded_with_parts_and_every_order_is_reached_in_the_end() {
    let bench = Bench::new().await;
    open(&bench, 60).await;
    bench
        .panel
        .says_of_all(says("In progress", 700), |ids| ids.len() > 1);
    bench.pass(DUE);
    bench.poll().await;
    let asked = bench.panel.asked_about();
    assert_eq!(asked[0].len(), 60);
    assert_eq!(asked.len(), 1 + AGAIN_MAX);
    let first = bench.number(STARTED).await;
    assert!((10..60).contains(&first), "{first}");
    for _ in 0..50 {
        bench.pass(Duration::from_mins(4));
        bench.poll().await;
        if bench.number(STARTED).await == 60 {
            break;
        }
    }
    assert_eq!(bench.number(STARTED).await, 60);
    let reviewed = "SELECT COUNT(*) FROM orders WHERE review IS NOT NULL";
    assert_eq!(bench.number(reviewed).await, 0);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_refuses_every_question_sends_no_order_to_people() {
    let bench = Bench::new().await;
    let orders = open(&bench, 10).await;
    bench.panel.says_of_all(says("In progress", 700), |_| true);
    bench.pass(DUE);
    bench.poll().await;
    for id in &orders {
        assert_eq!(bench.order(*id).await.review, None);
        assert_eq!(bench.due_in(*id).await, Some(BUSY), "as after a failed request");
    }
    let asked = bench.panel.asked_about();
    assert!(asked.len() <= 6, "two orders are enough to tell: {asked:?}");
    bench.close().await;
}

#[tokio::test]
async fn parts_do_not_go_beyond_the_rate_limit() {
    let bench = Bench::new().await;
    let orders = open(&bench, 2).await;
    let limiter = Arc::clone(&bench.limiter);
    bench.panel.says_of_all(says("In progress", 700), move |ids| {
        limiter.deny(SECOND * 2);
        ids.len() > 1
    });
    bench.pass(DUE);
    let verdict = bench.poll().await;
    assert!(
        matches!(verdict, Verdict::Later(pause) if pause >= SECOND * 2),
        "{verdict:?}"
    );
    assert_eq!(bench.panel.asked_about().len(), 1);
    for id in &orders {
        assert_eq!(bench.due_in(*id).await, Some(BUSY), "as after a failed request");
    }
    bench.close().await;
}

#[tokio::test]
async fn a_job_whose_time_is_over_asks_about_no_more_parts() {
    let bench = Bench::new().await;
    open(&bench, 4).await;
    let clock = Arc::clone(&bench.clock);
    bench.panel.says_of_all(says("In progress", 700), move |ids| {
        clock.advance(SECOND * 7);
        ids.len() > 1
    });
    bench.pass(DUE);
    assert_eq!(bench.poll().await, Verdict::Later(Duration::ZERO));
    assert_eq!(bench.panel.asked_about().len(), 3, "the batch, a half, one order");
    assert_eq!(bench.number(STARTED).await, 1);
    bench.close().await;
}
