//! From a commit to a handler.

use std::sync::Arc;
use std::time::Duration;

use testkit::contract::queue::{Reporter, Work};

use crate::bench::Bench;
use crate::doubles::{Trouble, TroubledOutbox};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn committed_work_is_done_at_once() {
    let bench = Bench::new().await;
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    for subject in 1..=12 {
        // The relay has gone back to sleep, for two seconds if nobody wakes it.
        tokio::time::sleep(Duration::from_millis(150)).await;
        bench.commit_job(subject).await;
        assert_eq!(reports.within(Duration::from_millis(500)).await.subject, subject);
    }
    working.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_waited_before_the_start_is_done() {
    let bench = Bench::new().await;
    for subject in 1..=250 {
        bench.commit_job(subject).await;
    }
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    reports.each_once(250).await;
    working.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_end_one_after_another_are_fed_together() {
    let mut bench = Bench::new().await;
    let outbox = TroubledOutbox::new(Arc::clone(&bench.outbox), Trouble::Error, 0);
    bench.outbox = Arc::<TroubledOutbox>::clone(&outbox);
    for subject in 1..=200 {
        bench.commit_job(subject).await;
    }
    let (handler, mut reports) =
        Reporter::new(|job| Work::Take(Duration::from_micros(u64::from(job.subject % 4 == 0) * 900)));
    let working = bench.start(handler);
    reports.each_once(200).await;
    working.end().await;
    // There are four of them. Fed one by one they would have needed a claim for each job.
    assert!(outbox.claims() < 100, "{} claims", outbox.claims());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_fails_is_tried_again() {
    assert_survives(Trouble::Error, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_panics_begins_anew() {
    assert_survives(Trouble::Panic, 2).await;
}

async fn assert_survives(trouble: Trouble, times: usize) {
    let mut bench = Bench::new().await;
    let outbox = TroubledOutbox::new(Arc::clone(&bench.outbox), trouble, times);
    bench.outbox = Arc::<TroubledOutbox>::clone(&outbox);
    bench.commit_job(1).await;
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    assert_eq!(reports.within(Duration::from_secs(5)).await.subject, 1);
    assert!(outbox.claims() > times);
    working.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_relay_is_not_hurried_by_news() {
    let mut bench = Bench::new().await;
    let outbox = TroubledOutbox::new(Arc::clone(&bench.outbox), Trouble::Error, usize::MAX);
    bench.outbox = Arc::<TroubledOutbox>::clone(&outbox);
    let (handler, _reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    for subject in 1..=100 {
        bench.commit_job(subject).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Pauses of 100, 200, 400, 800 ms: a handful of attempts in this second, and not one for each commit.
    assert!((2..=6).contains(&outbox.claims()), "{}", outbox.claims());
    working.end().await;
}
