//! A process dies at every point at which the order protocol could be interrupted, at one and at two in a row, and a
//! next one finishes. See "Fail points" in `docs/TESTING.md`.

mod child;
mod documented;
pub mod doubles;
mod life;
mod pairs;
mod process;
mod proof;
mod rows;
mod world;

use rows::{CRASHES, RECOVERY, Row};
use world::{Database, World};

/// One world survives one row after the other.
async fn one_at_a_time(database: Database, rows: impl Iterator<Item = &'static Row>) {
    let Some(mut world) = World::open(database).await else {
        return;
    };
    for row in rows {
        world.survives(&[row]).await;
    }
    world.close().await;
}

/// Splits the rows, so that they are survived in several worlds at the same time.
fn every_other(from: usize) -> impl Iterator<Item = &'static Row> {
    CRASHES.iter().chain(&RECOVERY).skip(from).step_by(2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_at_a_point_is_survived_on_sqlite() {
    one_at_a_time(Database::Sqlite, every_other(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_at_another_point_is_survived_on_sqlite() {
    one_at_a_time(Database::Sqlite, every_other(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_at_a_point_is_survived_on_postgres() {
    one_at_a_time(Database::Postgres, every_other(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_at_another_point_is_survived_on_postgres() {
    one_at_a_time(Database::Postgres, every_other(1)).await;
}
