//! The clock tells the database's time.

use std::time::Duration;

use persistence::DatabaseClock;
use ports::Clock;

use crate::backend::{Bench, on_every_database};

on_every_database!(
    the_clock_agrees_with_the_database,
    the_clock_goes_on_in_small_steps,
    a_clock_does_not_start_without_its_database,
);

/// How much later than asked for a busy machine may answer.
const PATIENCE: Duration = Duration::from_secs(2);

async fn the_clock_agrees_with_the_database(bench: Bench) {
    let clock = DatabaseClock::start(bench.database.database()).await;
    let clock = clock.expect("the database tells its time");
    let report = bench.backend.health.report().await.expect("it reports");
    let now = clock.now();
    let apart = now.since(report.now).max(report.now.since(now));
    assert!(apart < PATIENCE, "{apart:?}");
}

async fn the_clock_goes_on_in_small_steps(bench: Bench) {
    let clock = DatabaseClock::start(bench.database.database()).await;
    let clock = clock.expect("the database tells its time");
    let (now, monotonic) = (clock.now(), clock.monotonic());
    tokio::time::sleep(Duration::from_millis(30)).await;
    let (passed, measured) = (
        clock.now().since(now),
        clock.monotonic().saturating_sub(monotonic),
    );
    assert!(
        passed >= Duration::from_millis(30) && passed < PATIENCE,
        "{passed:?}"
    );
    let difference = passed.abs_diff(measured);
    assert!(difference < Duration::from_millis(500), "{passed:?} {measured:?}");
}

async fn a_clock_does_not_start_without_its_database(bench: Bench) {
    bench.database.database().close().await;
    assert!(DatabaseClock::start(bench.database.database()).await.is_err());
}
