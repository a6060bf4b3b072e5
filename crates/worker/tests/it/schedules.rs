//! Schedules run again and again, side by side.

use std::sync::Arc;
use std::time::Duration;

use application::jobs::Schedule;
use testkit::contract::queue::{Reporter, Work};

use crate::bench::Bench;
use crate::doubles::Doorkeeper;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schedule_runs_from_the_start_and_again_at_its_interval() {
    let mut bench = Bench::new().await;
    let door = Arc::new(Doorkeeper::default());
    bench.limiter = Arc::<Doorkeeper>::clone(&door);
    let (handler, _reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    working.end().await;

    let asked = door.asked();
    for schedule in Schedule::ALL {
        let times = asked
            .get(&format!("schedule:{}", schedule.as_str()))
            .unwrap()
            .times;
        let expected = 1 + usize::try_from(4_500 / schedule.every().as_millis()).unwrap();
        // A busy machine may have delayed some of them.
        assert!(
            (expected.div_ceil(2)..=expected).contains(&times),
            "{schedule:?} ran {times} times"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_run_delays_the_next_one_and_nobody_else() {
    let mut bench = Bench::new().await;
    // Slower than the fastest schedule's interval.
    let door = Arc::new(Doorkeeper::slow(Duration::from_millis(1_300)));
    bench.limiter = Arc::<Doorkeeper>::clone(&door);
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let working = bench.start(handler);
    tokio::time::sleep(Duration::from_millis(3_000)).await;
    bench.commit_job(1).await;
    reports.within(Duration::from_secs(1)).await;
    working.end().await;

    let asked = door.asked();
    assert_eq!(asked.len(), Schedule::ALL.len());
    assert!(asked.values().all(|asked| asked.most_at_once == 1));
}
