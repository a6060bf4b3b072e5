//! What goes wrong with a shared transaction on SQLite goes wrong for all who share it, and is told so.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use domain::identity::User;
use domain::text::Name;
use persistence::{Database, DatabaseSignal, PoolSizes, SeaRelay, SeaStore};
use ports::{Store, StoreError, Tx};
use testkit::fixtures::user;

use crate::backend::Bench;
use crate::group::{a_commit_behind_a_turn, begun, recorded, write};

/// Lets the database grow by a few pages more.
async fn leave_little_room(bench: &Bench) {
    let pages = bench.database.number("SELECT * FROM pragma_page_count").await;
    let pages = pages.expect("it is counted") + 8;
    let limit = format!("PRAGMA max_page_count = {pages}");
    bench.database.execute(&limit).await.expect("it is set");
}

/// Writes more than there is room for. SQLite takes the whole transaction back, not only the statement.
async fn fill(tx: &mut Box<dyn Tx>) {
    let large = User {
        name: Name::from_stored("x".repeat(400_000)),
        ..user(9)
    };
    let full = tx.identity().insert_user(&large).await;
    assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
}

async fn make_room(bench: &Bench) {
    let limit = bench.database.execute("PRAGMA max_page_count = 1000000").await;
    limit.expect("it is set");
}

/// Commits and rollbacks do what they say.
async fn goes_on(bench: &Bench, found: u64) {
    let store = &bench.backend.store;
    for round in 1..=3 {
        let mut dropped = begun(store).await;
        write(&mut dropped, 100).await.expect("it writes");
        drop(dropped);
        let mut tx = begun(store).await;
        write(&mut tx, 200 + i64::try_from(round).expect("it is small"))
            .await
            .expect("it writes");
        tx.commit().await.expect("it commits");
        assert_eq!(recorded(&*bench.backend.relay).await, found + round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_takes_the_group_back_and_everybody_in_it_is_told() {
    let bench = Bench::sqlite_file().await;
    leave_little_room(&bench).await;
    let (commit, mut second) = a_commit_behind_a_turn(&bench.backend.store).await;
    fill(&mut second).await;
    assert_eq!(second.commit().await, Err(StoreError::Poisoned));
    assert_eq!(
        commit.await,
        Err(StoreError::Contended),
        "nothing of it was recorded"
    );
    assert_eq!(recorded(&*bench.backend.relay).await, 0);
    make_room(&bench).await;
    goes_on(&bench, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_in_a_transaction_of_its_own_leaves_no_trace() {
    let bench = Bench::sqlite_file().await;
    leave_little_room(&bench).await;
    let mut alone = begun(&bench.backend.store).await;
    write(&mut alone, 1).await.expect("it writes");
    fill(&mut alone).await;
    drop(alone);
    make_room(&bench).await;
    goes_on(&bench, 0).await;
}

/// Several connections to the same file, with little patience for who does nothing.
async fn impatient(bench: &Bench) -> (Database, Arc<dyn Store>) {
    let sizes = PoolSizes {
        sqlite_idle: Duration::from_secs(1),
        ..PoolSizes::default()
    };
    let database = Database::connect(bench.database.url(), sizes).await;
    let database = database.expect("it connects");
    let signal = DatabaseSignal::start(&database).await.expect("it starts");
    let store = Arc::new(SeaStore::new(&database, Arc::new(signal)));
    (database, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_does_nothing_loses_its_turn_and_others_get_their_answer() {
    let bench = Bench::sqlite_file().await;
    let (database, store) = impatient(&bench).await;
    let (commit, mut hangs) = a_commit_behind_a_turn(&store).await;
    write(&mut hangs, 2).await.expect("it writes");
    assert_eq!(commit.await, Ok(()), "it does not wait for ever");
    assert_eq!(recorded(&SeaRelay::new(&database)).await, 1);
    assert_eq!(
        write(&mut hangs, 3).await,
        Err(StoreError::Contended),
        "it writes nothing outside of a transaction"
    );
    assert_eq!(hangs.commit().await, Err(StoreError::Contended));
    assert_eq!(recorded(&SeaRelay::new(&database)).await, 1);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_hangs_loses_its_turn_and_others_are_told_that_nothing_was_recorded() {
    let bench = Bench::sqlite_file().await;
    let (database, store) = impatient(&bench).await;
    let (commit, mut hangs) = a_commit_behind_a_turn(&store).await;
    for subject in 2.. {
        let mut step = Box::pin(write(&mut hangs, subject));
        match futures::poll!(&mut step) {
            // It was done as soon as it was asked for, so it does not hang: the next one may.
            Poll::Ready(written) => written.expect("it writes"),
            Poll::Pending => {
                assert_eq!(commit.await, Err(StoreError::Contended));
                break;
            }
        }
    }
    assert_eq!(hangs.commit().await, Err(StoreError::Poisoned));
    let mut tx = begun(&store).await;
    write(&mut tx, 3).await.expect("it writes");
    tx.commit().await.expect("it commits");
    assert_eq!(recorded(&SeaRelay::new(&database)).await, 1);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_lets_the_group_end_first() {
    let bench = Bench::sqlite_file().await;
    let (commit, second) = a_commit_behind_a_turn(&bench.backend.store).await;
    let late = bench.backend.store.begin();
    let (closed, late, commit, second) =
        futures::join!(bench.database.database().close(), late, commit, second.commit());
    assert_eq!((closed, commit, second), ((), Ok(()), Ok(())));
    let late = late.map(|_| ());
    assert!(
        matches!(late, Ok(()) | Err(StoreError::Unavailable(_))),
        "it is in the group or too late: {late:?}"
    );
}
