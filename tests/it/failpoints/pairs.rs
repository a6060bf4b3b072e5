//! Two deaths in a row: the second one may come while the first is being recovered from.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures::FutureExt;
use futures::future::join_all;

use super::rows::{CRASHES, RECOVERY, Row};
use super::world::{Database, World};

/// The environment variable with the pairs to try, `C4+canceling,C9+asked`, instead of all.
const ONLY: &str = "FAIL_POINTS";
/// How many pairs an ordinary test run tries on each database.
const FEW: usize = 5;
/// Worlds at the same time when all pairs are tried.
const WORLDS: usize = 3;
/// Pairs that one world survives; then it makes room for a fresh one.
const PAIRS_A_WORLD: usize = 60;

type Pair = (&'static Row, &'static Row);

/// Every two crashes, and every crash followed by a death on the way back.
fn all() -> Vec<Pair> {
    let crashes = CRASHES.iter().enumerate();
    crashes
        .flat_map(|(n, first)| {
            CRASHES
                .iter()
                .skip(n)
                .chain(&RECOVERY)
                .map(move |second| (first, second))
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "which pairs is told by the test runner")]
fn asked_for() -> Vec<Pair> {
    let Ok(only) = std::env::var(ONLY) else {
        return all();
    };
    let pair = |pair: &str| {
        let (first, second) = pair.split_once('+').unwrap();
        (Row::named(first), Row::named(second))
    };
    only.split(',').map(pair).collect()
}

/// A few of them, spread evenly; which ones follows from a seed.
fn some(seed: usize) -> Vec<Pair> {
    let pairs = all();
    let step = pairs.len() / FEW;
    pairs
        .into_iter()
        .skip(seed % step)
        .step_by(step)
        .take(FEW)
        .collect()
}

async fn few_are_survived(database: Database, seed: usize) {
    let Some(mut world) = World::open(database).await else {
        return;
    };
    for (first, second) in some(seed) {
        world.survives(&[first, second]).await;
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_and_the_next_one_that_dies_too_are_survived_on_sqlite() {
    few_are_survived(Database::Sqlite, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_and_the_next_one_that_dies_too_are_survived_on_postgres() {
    few_are_survived(Database::Postgres, 40).await;
}

/// Takes pairs until none is left, in one world after the other.
async fn take(database: Database, pairs: &[Pair], next: &AtomicUsize, failed: &Mutex<Vec<String>>) {
    loop {
        let Some(mut world) = World::open(database).await else {
            return;
        };
        for _ in 0..PAIRS_A_WORLD {
            let n = next.fetch_add(1, Ordering::SeqCst);
            let Some((first, second)) = pairs.get(n) else {
                return world.close().await;
            };
            let rows = [*first, *second];
            let tried = AssertUnwindSafe(world.survives(&rows)).catch_unwind();
            if tried.await.is_err() {
                println!(
                    "\n{} then {} on {database:?} is not survived",
                    first.code, second.code
                );
                failed
                    .lock()
                    .unwrap()
                    .push(format!("{}+{}", first.code, second.code));
                // A world in which something went wrong is not to be trusted.
                break;
            }
            if n % 10 == 9 {
                println!("{database:?}: {} of {} pairs", n + 1, pairs.len());
            }
        }
    }
}

async fn all_are_survived(database: Database) {
    let (pairs, next, failed) = (asked_for(), AtomicUsize::new(0), Mutex::default());
    let begun = Instant::now();
    join_all((0..WORLDS).map(|_| take(database, &pairs, &next, &failed))).await;
    println!("{database:?}: {} pairs in {:?}", pairs.len(), begun.elapsed());
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "not survived: {failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "many minutes; `cargo xtask failpoints --pairs` runs it"]
async fn every_pair_is_survived_on_sqlite() {
    all_are_survived(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "many minutes; `cargo xtask failpoints --pairs` runs it"]
async fn every_pair_is_survived_on_postgres() {
    all_are_survived(Database::Postgres).await;
}
