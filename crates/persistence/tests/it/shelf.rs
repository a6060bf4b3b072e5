//! Connections to PostgreSQL between two statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use persistence::testing::TestDatabase;
use persistence::{Database, DatabaseSignal, PoolSizes, SeaHealth, SeaStore};
use ports::health::DatabaseHealth;
use ports::{Store, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::backend::Bench;

/// What the front of a message says: the end of what the server is asked for at once, which it answers.
const SYNC: u8 = b'S';

/// Statements and transactions, half of which are not waited for to the end.
async fn busy(store: Arc<SeaStore>, health: Arc<SeaHealth>, number: u64) {
    for turn in 0..30 {
        let patience = Duration::from_micros((number * 31 + turn * 17) % 900);
        let pinging = async { health.ping().await.expect("a statement finds a connection") };
        let writing = async {
            let tx = store.begin().await.expect("a transaction finds a connection");
            if turn % 3 > 0 {
                tx.commit().await.expect("nothing is in its way");
            }
        };
        // Whether it was in time does not matter.
        match (number + turn) % 4 {
            0 => drop(timeout(patience, pinging).await),
            1 => drop(timeout(patience, writing).await),
            2 => pinging.await,
            _ => writing.await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_and_transactions_share_few_connections_and_nobody_waits_for_ever() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    for connections in 1..=3 {
        let sizes = PoolSizes {
            postgres: connections,
            wait: Duration::from_secs(5),
            ..PoolSizes::default()
        };
        let database = Database::connect(bench.database.url(), sizes).await;
        let database = database.expect("it connects");
        let signal = DatabaseSignal::start(&database).await.expect("it listens");
        let store = Arc::new(SeaStore::new(&database, Arc::new(signal)));
        let health = Arc::new(SeaHealth::new(&database));
        let mut everybody = JoinSet::new();
        for number in 0..24 {
            everybody.spawn(busy(store.clone(), health.clone(), number));
        }
        while let Some(done) = everybody.join_next().await {
            done.expect("nobody waited for nothing");
        }
        health.ping().await.expect("a connection is on the shelf");
        let mut all = Vec::new();
        for _ in 0..connections {
            all.push(store.begin().await.expect("nobody keeps a connection"));
        }
        drop(all);
        database.close().await;
        let ping = health.ping().await;
        assert!(matches!(ping, Err(StoreError::Unavailable(_))), "{ping:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_waited_for_is_not_taken_for_anothers() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let database = &bench.database;
    for number in 0..60 {
        let abandoned = format!(
            "SELECT -1::bigint FROM pg_sleep({})",
            f64::from(number) / 10_000.0
        );
        let asked = timeout(Duration::from_millis(3), database.number(&abandoned)).await;
        assert!(matches!(asked, Err(_) | Ok(Ok(-1))), "{asked:?}");
        let answered = database.number(&format!("SELECT {number}::bigint")).await;
        assert_eq!(answered, Ok(i64::from(number)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_server_has_closed_all_connections_one_statement_fails_at_most() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let database = &bench.database;
    let together = (0..3).map(|_| database.number("SELECT 1::bigint FROM pg_sleep(0.05)"));
    for answer in futures::future::join_all(together).await {
        assert_eq!(answer, Ok(1));
    }
    let other = TestDatabase::existing(database.url()).await.expect("it connects");
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(other.number(end).await.expect("it may") >= 3);
    let mut failed = 0;
    for _ in 0..10 {
        match database.number("SELECT 7::bigint").await {
            Ok(answer) => assert_eq!(answer, 7),
            Err(StoreError::Unavailable(_)) => failed += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(failed <= 1, "{failed} of 10 failed");
}

/// Asks for one statement after another, so many at a time, until `all` of them were asked for; how many of those were its own.
async fn asking(health: Arc<SeaHealth>, at_a_time: usize, all: Arc<AtomicUsize>) -> usize {
    const ALL: usize = 4_000;
    let mut everybody = JoinSet::new();
    for _ in 0..at_a_time {
        let (health, all) = (health.clone(), all.clone());
        everybody.spawn(async move {
            let mut own = 0;
            while all.fetch_add(1, Ordering::SeqCst) < ALL {
                health.ping().await.expect("it answers");
                own += 1;
            }
            own
        });
    }
    everybody.join_all().await.into_iter().sum()
}

fn alone<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(future)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_mostly_stays_in_its_runtime_and_others_get_their_turn() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let sizes = PoolSizes {
        postgres: 1,
        ..PoolSizes::default()
    };
    let database = Database::connect(bench.database.url(), sizes).await;
    let health = Arc::new(SeaHealth::new(&database.expect("it connects")));
    let all = Arc::new(AtomicUsize::new(0));
    let few = asking(health.clone(), 2, all.clone());
    let many = asking(health.clone(), 8, all);
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // The one connection was opened here; the next one is opened there.
    assert!(bench.database.number(end).await.expect("it may") >= 1);
    let at_home = tokio::task::spawn_blocking(|| {
        alone(async move {
            while health.ping().await.is_err() {}
            let elsewhere = tokio::task::spawn_blocking(|| alone(many));
            let own = few.await;
            (own, elsewhere.await.expect("it ends"))
        })
    });
    let (own, others) = at_home.await.expect("it ends");
    // First come, first served would give a fifth to those at home.
    assert!(own * 2 > others, "{own} at home and {others} elsewhere");
    assert!(others * 2 > own, "{own} at home and {others} elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_used_elsewhere_all_the_time_moves_there_once() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let latest = "SELECT CAST(MAX(EXTRACT(EPOCH FROM backend_start)) * 1000000 AS bigint)
        FROM pg_stat_activity WHERE datname = current_database()";
    let sizes = PoolSizes {
        postgres: 1,
        ..PoolSizes::default()
    };
    let database = Database::connect(bench.database.url(), sizes).await;
    let health = Arc::new(SeaHealth::new(&database.expect("it connects")));
    health.ping().await.expect("it answers");
    let (ask, mut asked) = tokio::sync::mpsc::channel(1);
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(|| {
        alone(async move {
            while let Some(times) = asked.recv().await {
                for _ in 0..times {
                    health.ping().await.expect("it answers");
                }
                tell.send(()).await.expect("somebody listens");
            }
        });
    });
    // This side, too, opens a second connection where it asks.
    for _ in 0..3 {
        bench.database.number(latest).await.expect("it may be asked");
    }
    let mut opened = Vec::new();
    for times in [900, 200, 2_000] {
        opened.push(bench.database.number(latest).await.expect("it may be asked"));
        ask.send(times).await.expect("somebody listens");
        told.recv().await.expect("somebody tells");
    }
    opened.push(bench.database.number(latest).await.expect("it may be asked"));
    let changed: Vec<bool> = opened.windows(2).map(|pair| pair[0] != pair[1]).collect();
    assert_eq!(changed, [false, true, false]);
}

/// Passes everything on, and counts what the server is asked for.
async fn counting(server: String, asked: Arc<AtomicUsize>, listener: TcpListener) {
    while let Ok((client, _)) = listener.accept().await {
        let up = TcpStream::connect(&server).await.expect("the server is there");
        let (mut from_server, mut to_server) = up.into_split();
        let (mut from_client, mut to_client) = client.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let asked = asked.clone();
        tokio::spawn(async move {
            // The first message has no letter in front.
            let mut letters = 0;
            loop {
                let letter = match letters {
                    0 => None,
                    _ => Some(from_client.read_u8().await?),
                };
                let length = from_client.read_u32().await?;
                let mut rest = vec![0; usize::try_from(length).expect("it is small") - 4];
                from_client.read_exact(&mut rest).await?;
                letters += 1;
                if letter == Some(SYNC) {
                    asked.fetch_add(1, Ordering::SeqCst);
                }
                let mut message = Vec::from_iter(letter);
                message.extend(length.to_be_bytes());
                message.extend(rest);
                to_server.write_all(&message).await?;
            }
            #[expect(unreachable_code, reason = "it says how the task can fail")]
            std::io::Result::Ok(())
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_one_question_to_the_server() {
    const STATEMENTS: usize = 20;
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let whole = bench.database.url();
    let (_, place) = whole.split_once('@').expect("an address has a user");
    let (server, _) = place.split_once('/').expect("an address has a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let here = listener.local_addr().expect("it listens").to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    tokio::spawn(counting(server.to_owned(), asked.clone(), listener));
    let url = whole
        .replace(server, &here)
        .replace("sslmode=prefer", "sslmode=disable");
    let database = Database::connect(&url, PoolSizes::default()).await;
    let health = SeaHealth::new(&database.expect("it connects"));
    // The first has a connection of nobody knows where, the next opens one here, and statements are prepared once for each.
    for _ in 0..3 {
        health.ping().await.expect("it answers");
    }
    let before = asked.load(Ordering::SeqCst);
    for _ in 0..STATEMENTS {
        health.ping().await.expect("it answers");
    }
    assert_eq!(asked.load(Ordering::SeqCst) - before, STATEMENTS);
}
