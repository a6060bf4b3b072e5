//! Committed work is heard of, here and on other nodes.

use std::sync::Arc;
use std::time::Duration;

use domain::OrderId;
use persistence::{Database, DatabaseSignal, PoolSizes, SeaStore};
use ports::Store;
use ports::jobs::JobTopic;
use ports::outbox::{NewJob, WorkSignal};
use testkit::fixtures::NOW;
use tokio::time::timeout;

use crate::backend::{Bench, on_every_database};

on_every_database!(
    committed_work_is_heard_of,
    other_commits_are_not,
    work_that_was_rolled_back_is_not,
);

const SOON: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_millis(300);
const JOB: NewJob = NewJob {
    topic: JobTopic::SubmitOrder,
    subject: 7,
    due_at: NOW,
};

/// Lets the news of the start pass by. On PostgreSQL there are some for sure: whoever begins to listen may have missed
/// something.
async fn settle(bench: &Bench, signal: &DatabaseSignal) {
    if bench.database.is_postgres() {
        timeout(SOON, signal.notified()).await.expect("it listens");
    }
    while timeout(A_WHILE, signal.notified()).await.is_ok() {}
}

async fn committed_work_is_heard_of(bench: Bench) {
    settle(&bench, &bench.signal).await;
    let mut tx = bench.backend.store.begin().await.expect("it begins");
    tx.outbox().push(JOB).await.expect("it is pushed");
    tx.commit().await.expect("it commits");
    timeout(SOON, bench.signal.notified())
        .await
        .expect("there is work");
    timeout(A_WHILE, bench.signal.notified())
        .await
        .expect_err("once: a node does not hear its own announcement");
}

async fn other_commits_are_not(bench: Bench) {
    settle(&bench, &bench.signal).await;
    let mut tx = bench.backend.store.begin().await.expect("it begins");
    tx.orders()
        .drop_decision(OrderId(1))
        .await
        .expect("there is none");
    tx.commit().await.expect("it commits");
    timeout(A_WHILE, bench.signal.notified())
        .await
        .expect_err("there is no work");
}

async fn work_that_was_rolled_back_is_not(bench: Bench) {
    settle(&bench, &bench.signal).await;
    let mut tx = bench.backend.store.begin().await.expect("it begins");
    tx.outbox().push(JOB).await.expect("it is pushed");
    drop(tx);
    timeout(A_WHILE, bench.signal.notified())
        .await
        .expect_err("there is no work");
}

/// Another node on the same database.
async fn other_node(bench: &Bench) -> (Database, Arc<DatabaseSignal>) {
    let database = Database::connect(bench.database.url(), PoolSizes::default()).await;
    let database = database.expect("it connects");
    let signal = DatabaseSignal::start(&database).await.expect("the signal starts");
    (database, Arc::new(signal))
}

async fn commit_work(store: &dyn Store, subject: i64) {
    let mut tx = store.begin().await.expect("it begins");
    tx.outbox()
        .push(NewJob { subject, ..JOB })
        .await
        .expect("it is pushed");
    tx.commit().await.expect("it commits");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_nodes_on_postgres_hear_of_committed_work() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let (database, there) = other_node(&bench).await;
    settle(&bench, &there).await;
    settle(&bench, &bench.signal).await;
    commit_work(bench.backend.store.as_ref(), 1).await;
    timeout(SOON, there.notified()).await.expect("it is told");
    timeout(SOON, bench.signal.notified())
        .await
        .expect("it tells itself");
    let store = SeaStore::new(&database, there.clone());
    commit_work(&store, 2).await;
    timeout(SOON, bench.signal.notified())
        .await
        .expect("in both directions");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_in_a_moment_are_told_to_postgres_a_few_times() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let (database, there) = other_node(&bench).await;
    settle(&bench, &there).await;
    for _ in 0..1_000 {
        bench.signal.notify();
    }
    let mut heard = 0;
    while timeout(A_WHILE, there.notified()).await.is_ok() {
        heard += 1;
    }
    assert!((1..=10).contains(&heard), "{heard}");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_postgres_hears_again_after_its_connections_were_cut() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let (database, there) = other_node(&bench).await;
    settle(&bench, &there).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'";
    bench.database.execute(cut).await.expect("the server cuts them");
    settle(&bench, &there).await;
    commit_work(bench.backend.store.as_ref(), 1).await;
    timeout(SOON, there.notified()).await.expect("it listens again");
    database.close().await;
}
