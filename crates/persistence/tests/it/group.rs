//! Transactions on SQLite share a flush to the disk, and nobody is told before it.

use std::pin::Pin;
use std::sync::Arc;

use futures::poll;
use persistence::{Database, DatabaseSignal, PoolSizes, SeaRelay, SeaStore};
use ports::jobs::JobTopic;
use ports::outbox::{NewJob, OutboxRelay, Wanted};
use ports::{Store, StoreError, Tx};
use testkit::fixtures::NOW;

use crate::backend::Bench;

const SALTS: std::ops::Range<usize> = 16..24;
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const PAGE: usize = 4096;

pub type Commit = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

pub async fn begun(store: &Arc<dyn Store>) -> Box<dyn Tx> {
    store.begin().await.expect("it begins")
}

fn job(subject: i64) -> NewJob {
    NewJob {
        topic: JobTopic::SubmitOrder,
        subject,
        due_at: NOW,
    }
}

/// Leaves a job behind.
pub async fn write(tx: &mut Box<dyn Tx>, subject: i64) -> Result<(), StoreError> {
    tx.outbox().push(job(subject)).await.map(|_| ())
}

/// How many jobs another connection sees.
pub async fn recorded(relay: &dyn OutboxRelay) -> u64 {
    relay.backlog(NOW).await.expect("it is counted").waiting
}

/// A first transaction that has written and committed but was told nothing, because a second one has its turn.
pub async fn a_commit_behind_a_turn(store: &Arc<dyn Store>) -> (Commit, Box<dyn Tx>) {
    let mut first = begun(store).await;
    let mut turn = store.begin();
    assert!(poll!(&mut turn).is_pending(), "there is one turn");
    write(&mut first, 1).await.expect("it writes");
    let mut commit: Commit = Box::pin(async move { first.commit().await });
    assert!(poll!(&mut commit).is_pending(), "nothing is durable yet");
    let second = turn.await.expect("the turn was handed on");
    (commit, second)
}

/// What a crash in this moment would leave behind.
async fn after_a_crash(bench: &Bench) -> u64 {
    let folder = tempfile::tempdir().expect("there is room");
    let path = bench.database.url().trim_start_matches("sqlite://").to_owned();
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().expect("it is text");
    for suffix in ["", "-wal"] {
        std::fs::copy(format!("{path}{suffix}"), format!("{copy}{suffix}")).expect("it is copied");
    }
    let found = Database::connect(&format!("sqlite://{copy}"), PoolSizes::default()).await;
    let found = found.expect("it opens");
    let jobs = recorded(&SeaRelay::new(&found)).await;
    found.close().await;
    jobs
}

/// How many commits the journal holds: frames that say how large the database is afterwards.
#[expect(clippy::indexing_slicing, reason = "a journal of another form fails the test")]
fn flushes(bench: &Bench) -> usize {
    let path = bench.database.url().trim_start_matches("sqlite://").to_owned();
    let journal = std::fs::read(format!("{path}-wal")).expect("there is a journal");
    let salts = &journal[SALTS];
    let frames = journal[WAL_HEADER..].chunks_exact(FRAME_HEADER + PAGE);
    frames
        .filter(|frame| frame[8..16] == *salts && frame[4..8] != [0; 4])
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_before_the_commit_that_all_share() {
    let bench = Bench::sqlite_file().await;
    let store = &bench.backend.store;
    let (mut commit, mut second) = a_commit_behind_a_turn(store).await;
    write(&mut second, 2).await.expect("it writes");
    assert!(poll!(&mut commit).is_pending());
    assert_eq!(recorded(&*bench.backend.relay).await, 0);
    assert_eq!(after_a_crash(&bench).await, 0, "nobody was told");
    second.commit().await.expect("it commits");
    assert_eq!(recorded(&*bench.backend.relay).await, 2);
    assert_eq!(after_a_crash(&bench).await, 2, "one was told, so both are there");
    assert_eq!(commit.await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_durable_when_the_reader_has_committed() {
    let bench = Bench::sqlite_file().await;
    let store = &bench.backend.store;
    let (_writer, mut reader) = a_commit_behind_a_turn(store).await;
    let seen = reader.outbox().ensure(job(1), NOW).await.expect("it looks");
    assert_eq!(
        seen,
        ports::outbox::Pushed::AlreadyWaiting,
        "it reads what is on its way"
    );
    let mut third = store.begin();
    assert!(poll!(&mut third).is_pending());
    let mut read = Box::pin(reader.commit());
    assert!(poll!(&mut read).is_pending());
    let third = third.await.expect("its turn comes");
    assert!(
        poll!(&mut read).is_pending(),
        "what it read is not durable, so it is not told"
    );
    drop(third);
    assert_eq!(read.await, Ok(()));
    assert_eq!(recorded(&*bench.backend.relay).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_while_another_writes_shares_a_flush() {
    let bench = Bench::sqlite_file().await;
    let store = &bench.backend.store;
    let (first, holder) = a_commit_behind_a_turn(store).await;
    let before = flushes(&bench);
    let mut turns: Vec<_> = (2..=16).map(|subject| Box::pin(one(store, subject))).collect();
    for turn in &mut turns {
        assert!(poll!(turn).is_pending());
    }
    let wanted = Wanted {
        now: NOW,
        lease_until: NOW,
        limit: 100,
        youngest: 0,
        attempts_max: 5,
        begin: false,
    };
    let mut claimed = Box::pin(bench.backend.relay.claim_due(&wanted));
    assert!(
        poll!(&mut claimed).is_pending(),
        "single statements take turns, too"
    );
    drop(holder);
    let (told, first, claimed) = futures::join!(futures::future::try_join_all(turns), first, claimed);
    told.expect("all are recorded");
    first.expect("it is recorded");
    assert!(claimed.expect("it is claimed").len() <= 16);
    assert_eq!(recorded(&*bench.backend.relay).await, 16);
    let flushes = flushes(&bench) - before;
    assert!((1..=8).contains(&flushes), "{flushes} flushes of 16 transactions");
}

async fn one(store: &Arc<dyn Store>, subject: i64) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    write(&mut tx, subject).await?;
    tx.commit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_waits_for_is_made_all_the_same() {
    let bench = Bench::sqlite_file().await;
    let (commit, mut second) = a_commit_behind_a_turn(&bench.backend.store).await;
    drop(commit);
    write(&mut second, 2).await.expect("it writes");
    second.commit().await.expect("it commits");
    assert_eq!(recorded(&*bench.backend.relay).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_turn_and_goes_costs_nobody_else_theirs() {
    let bench = Bench::sqlite_file().await;
    let store = &bench.backend.store;
    let holder = begun(store).await;
    for _ in 0..5 {
        let mut gone = store.begin();
        assert!(poll!(&mut gone).is_pending());
    }
    let mut last = store.begin();
    assert!(poll!(&mut last).is_pending());
    let last = async { last.await?.commit().await };
    assert_eq!(futures::join!(holder.commit(), last), (Ok(()), Ok(())));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_gets_its_turn_while_a_server_is_busy() {
    const WRITERS: i64 = 64;
    const COMMANDS: i64 = 20;
    let bench = Bench::sqlite_file().await;
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let servers: Vec<_> = (0..WRITERS)
        .map(|server| {
            let (store, over) = (bench.backend.store.clone(), over.clone());
            tokio::spawn(async move {
                let mut written = 0;
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    written += 1;
                    one(&store, server + WRITERS * written).await?;
                }
                Ok::<i64, StoreError>(written)
            })
        })
        .collect();
    let database = Database::connect(bench.database.url(), PoolSizes::default()).await;
    let database = database.expect("it connects");
    let signal = DatabaseSignal::start(&database).await.expect("it starts");
    let command: Arc<dyn Store> = Arc::new(SeaStore::new(&database, Arc::new(signal)));
    for subject in 1..=COMMANDS {
        one(&command, -subject).await.expect("it waits less than it may");
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut written = COMMANDS;
    for server in servers {
        written += server.await.expect("no panic").expect("no error");
    }
    database.close().await;
    assert_eq!(i64::try_from(recorded(&*bench.backend.relay).await), Ok(written));
}
