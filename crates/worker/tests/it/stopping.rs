//! Everything ends, in order and in time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::jobs::{JobConsumer, Stop};
use testkit::contract::queue::{Reporter, Work};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::bench::Bench;
use crate::doubles::{IdleConsumer, Trouble, TroubledOutbox};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_stops_at_once() {
    let bench = Bench::new().await;
    let (handler, _reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let told = Instant::now();
    working.end().await;
    assert!(told.elapsed() < Duration::from_secs(1), "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_jobs_finish_and_no_other_begins() {
    let bench = Bench::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let (handler, mut reports) = Reporter::gated(Arc::clone(&gate));
    let working = bench.start(Arc::<Reporter>::clone(&handler));
    for subject in 1..=6 {
        bench.commit_job(subject).await;
    }
    // As many as it does at once.
    reports.each_once(4).await;
    working.stop.cancel();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!working.task.is_finished(), "four jobs still run");
    gate.add_permits(6);
    working.end().await;
    assert_eq!(handler.ended(), 4);
    reports.nothing_more().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_consumer_is_told_to_stop_when_nothing_can_be_handed_over_any_more() {
    let mut bench = Bench::new().await;
    let outbox = TroubledOutbox::new(Arc::clone(&bench.outbox), Trouble::Slow, usize::MAX);
    bench.outbox = Arc::<TroubledOutbox>::clone(&outbox);
    let consumer = Arc::new(IdleConsumer {
        outbox: Arc::clone(&outbox),
        ends_after: Duration::ZERO,
        claiming_when_stopped: Mutex::default(),
    });
    let (handler, _reports) = Reporter::new(|_| Work::Nothing);
    // Somebody takes jobs; otherwise none would be claimed.
    let jobs = Arc::clone(&bench.jobs);
    let (idle, forever) = (Arc::<Reporter>::clone(&handler), Stop::new());
    let taking = tokio::spawn(async move { jobs.consume(idle, 4, forever).await });
    let working = bench.start_with(Arc::<IdleConsumer>::clone(&consumer), handler);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        outbox.claiming(),
        1,
        "the relay is at it when everything is told to stop"
    );
    working.end().await;
    assert_eq!(*consumer.claiming_when_stopped.lock().unwrap(), Some(0));
    taking.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_hangs_does_not_keep_the_consumer_from_stopping() {
    let mut bench = Bench::new().await;
    bench.outbox = TroubledOutbox::new(Arc::clone(&bench.outbox), Trouble::Hang, usize::MAX);
    let (handler, _reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let told = Instant::now();
    working.end().await;
    assert!(told.elapsed() < Duration::from_secs(4), "{:?}", told.elapsed());
}

#[tokio::test]
async fn jobs_that_do_not_end_are_waited_for_no_longer_than_the_limit() {
    let bench = Bench::new().await;
    let outbox = TroubledOutbox::new(Arc::clone(&bench.outbox), Trouble::Error, 0);
    let consumer = Arc::new(IdleConsumer {
        outbox,
        ends_after: Duration::from_secs(3_600),
        claiming_when_stopped: Mutex::default(),
    });
    let (handler, _reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start_with(consumer, handler);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // From here on time passes only when everybody waits for it.
    tokio::time::pause();
    let told = Instant::now();
    working.end().await;
    let limits = worker::STOP_MAX..worker::STOP_MAX + Duration::from_secs(1);
    assert!(limits.contains(&told.elapsed()), "{:?}", told.elapsed());
}
