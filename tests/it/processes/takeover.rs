//! What a killed worker had in hand is done by another one, and the death is counted.

use std::time::{Duration, Instant};

use domain::orders::OrderState;
use domain::providers::LookupCapability;

use super::installation::{HURRIED, Installation};
use super::panel::PanelProcess;
use super::shop::Shop;
use crate::support::eventually;

/// What operators are promised.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(45);
const JOB: &str = "topic = 'order.reconcile'";

/// A worker is killed in the middle of a look-up, and `skipped` of the time that its job is its own passes at once.
async fn a_look_up_is_taken_over(skipped: Duration) {
    const LINK: &str = "https://instagram.com/p/searched?sandbox=accept-hang";
    let Some(installation) = Installation::distributed(HURRIED, "a killed worker's jobs").await else {
        return;
    };
    let database = installation.database();
    let panel = PanelProcess::start(&["--lookup", "link", "--fault", "orders:slow"]).await;
    let shop = Shop::open(&installation, &panel, LookupCapability::LinkAndTime).await;
    let doomed = installation.work().await;
    shop.place_all(&[LINK.to_owned()]).await;
    let asked = async |times: usize| {
        eventually(
            || format!("the panel is asked for its orders {times} times"),
            async || (panel.requests("orders").await >= times).then_some(()),
        )
        .await;
    };
    asked(1).await;
    let _heir = installation.work().await;
    let job = async |column: &str| {
        let sql = format!("SELECT CAST({column} AS BIGINT) FROM outbox WHERE {JOB}");
        database.number(&sql).await.unwrap()
    };
    assert_eq!((job("begun::INTEGER").await, job("attempts").await), (1, 0));
    assert_eq!(
        panel.requests("orders").await,
        1,
        "the other one has nothing to do with it"
    );
    doomed.kill();
    let killed = Instant::now();
    let passed = i64::try_from(skipped.as_micros()).unwrap();
    let pass = format!(
        "UPDATE outbox SET lease_until = lease_until - {passed}, due_at = due_at - {passed} WHERE {JOB}"
    );
    database.execute(&pass).await.unwrap();

    asked(2).await;
    let took = killed.elapsed() + skipped;
    println!("taken over after {took:?}");
    assert!(took < TAKEN_OVER_WITHIN, "taken over after {took:?}");
    assert_eq!(job("attempts").await, 1, "the death counts");
    let id = database.number("SELECT id FROM orders").await.unwrap();
    shop.becomes(domain::OrderId(id), OrderState::Completed).await;
    assert_eq!((panel.has(LINK).await, panel.asked_for(LINK).await), (1, 1));
    installation.books_are_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_of_a_killed_worker_is_taken_over_within_45_seconds_and_its_death_counts_on_postgres() {
    a_look_up_is_taken_over(Duration::from_secs(34)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it waits for the whole lease; see \"What is run on request\" in docs/TESTING.md"]
async fn the_job_of_a_killed_worker_is_taken_over_within_45_seconds_of_real_time_on_postgres() {
    a_look_up_is_taken_over(Duration::ZERO).await;
}
