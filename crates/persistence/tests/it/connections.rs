//! Connecting, migrating, and what happens when transactions or the database are in the way.

use std::time::Duration;

use domain::wallets::WalletChange;
use domain::{Money, UserId};
use persistence::testing::TestDatabase;
use persistence::{Database, DatabaseSignal, PoolSizes, SeaHealth, SeaStore};
use ports::health::DatabaseHealth;
use ports::wallets::Applied;
use ports::{Store, StoreError};
use testkit::contract::steps::{placed, rich_shop};
use testkit::fixtures::{NOW, user};

use crate::backend::{Bench, on_every_database};

on_every_database!(
    the_database_reports_its_version_migrations_and_time,
    a_closed_database_is_unavailable,
    a_migrated_database_can_be_migrated_again,
    a_database_that_a_later_version_migrated_is_worked_on_as_it_is,
    every_table_with_sealed_secrets_says_which_keys_open_them,
);

const WRITERS_MAX: usize = 4;

async fn the_database_reports_its_version_migrations_and_time(bench: Bench) {
    let health = &bench.backend.health;
    health.ping().await.expect("it answers");
    let first = health.report().await.expect("it reports");
    let name = if bench.database.is_postgres() {
        "postgres 1"
    } else {
        "sqlite 3."
    };
    assert!(first.version.starts_with(name), "{}", first.version);
    assert_eq!(first.pending_migrations, Vec::<String>::new());
    assert!(
        first.now > NOW,
        "the time of the database is not that of the test"
    );
    tokio::time::sleep(Duration::from_millis(20)).await;
    let second = health.report().await.expect("it reports");
    let passed = second.now.since(first.now);
    assert!(
        passed >= Duration::from_millis(10) && passed < Duration::from_secs(60),
        "{passed:?}"
    );
}

async fn a_closed_database_is_unavailable(bench: Bench) {
    bench.database.database().close().await;
    let ping = bench.backend.health.ping().await;
    assert!(matches!(ping, Err(StoreError::Unavailable(_))), "{ping:?}");
    let begun = bench.backend.store.begin().await.map(|_| ());
    assert!(matches!(begun, Err(StoreError::Unavailable(_))), "{begun:?}");
}

async fn a_migrated_database_can_be_migrated_again(bench: Bench) {
    rich_shop(&bench.backend).await.expect("the shop opens");
    bench
        .database
        .database()
        .migrate()
        .await
        .expect("there is nothing to do");
    let users = bench.database.number("SELECT COUNT(*) FROM users").await;
    assert_eq!(users, Ok(2));
}

async fn a_database_that_a_later_version_migrated_is_worked_on_as_it_is(bench: Bench) {
    const LATER: &str = "m29991231_000001_later";
    const EARLIER: &str = "m20261121_000005_outbox";
    let applied = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{LATER}', 1)");
    assert_eq!(bench.database.execute(&applied).await, Ok(()));
    let report = bench.backend.health.report().await.expect("it reports");
    assert_eq!(report.pending_migrations, Vec::<String>::new());
    assert_eq!(report.unknown_migrations, [LATER]);
    let database = bench.database.database();
    assert_eq!(
        database.pending().await.expect("it answers"),
        Vec::<String>::new()
    );
    database.migrate().await.expect("there is nothing to do");
    rich_shop(&bench.backend).await.expect("the shop opens");

    // Nobody can say whether it may be applied after the later one.
    let lacks = format!("DELETE FROM seaql_migrations WHERE version = '{EARLIER}'");
    assert_eq!(bench.database.execute(&lacks).await, Ok(()));
    assert_eq!(database.pending().await.expect("it answers"), [EARLIER]);
    assert!(database.migrate().await.is_err());
}

async fn every_table_with_sealed_secrets_says_which_keys_open_them(bench: Bench) {
    let health = &bench.backend.health;
    assert_eq!(health.sealed_rows().await.expect("it answers"), []);
    rich_shop(&bench.backend).await.expect("the shop opens");
    for statement in [
        "UPDATE providers SET key_version = 3",
        "INSERT INTO two_factors (user_id, key_version, nonce, ciphertext, created_at)
            VALUES ('$ann', 4, '\\x00', '\\x00', 1)",
        "INSERT INTO api_keys (id, user_id, name, scopes, networks, requests_per_minute, enabled, words, orders_by_get,
            created_at, updated_at) VALUES ('k', '$ann', 'k', '', '', 60, TRUE, 'english', FALSE, 1, 1)",
        "INSERT INTO api_key_secrets (public_id, key_id, place, digest, key_version, nonce, ciphertext, created_at, ends_at)
            VALUES ('p0', 'k', 0, 'd', 2, '\\x00', '\\x00', 1, 9), ('p1', 'k', 1, 'd', 5, '\\x00', '\\x00', 1, NULL)",
        "INSERT INTO withdrawals (user_id, reference, amount, destination, state, created_at, updated_at,
            destination_key_version, destination_nonce, destination_sealed)
            VALUES ('$ann', 'w1', 1, '*', 'pending', 1, 1, 6, '\\x00', '\\x00'),
                ('$ann', 'w2', 1, '*', 'pending', 1, 1, NULL, NULL, NULL),
                ('$ann', 'w3', 1, '*', 'paid', 1, 1, 2, '\\x00', '\\x00')",
        "INSERT INTO mails (kind, cause, recipient, state, key_version, nonce, ciphertext, created_at, updated_at)
            VALUES ('welcome', 'c1', 'a@example.com', 'waiting', 7, '\\x00', '\\x00', 1, 1),
                ('welcome', 'c3', 'a@example.com', 'waiting', 7, '\\x00', '\\x00', 1, 1),
                ('welcome', 'c2', 'a@example.com', 'delivered', NULL, NULL, NULL, 1, 1)",
    ] {
        let written = bench.database.execute(&statement.replace("$ann", user(1).id.as_str())).await;
        assert_eq!(written, Ok(()), "{statement}");
    }
    let sealed = health.sealed_rows().await.expect("it answers");
    let sealed: Vec<_> = sealed
        .iter()
        .map(|it| (it.table.as_str(), it.key_version, it.rows))
        .collect();
    let expected = [
        ("api_key_secrets", 5, 1),
        ("mails", 7, 2),
        ("providers", 3, 1),
        ("two_factors", 4, 1),
        ("withdrawals", 6, 1),
    ];
    assert_eq!(sealed, expected);
}

/// Connections of several processes to one new database.
async fn migrate_at_once(url: &str) {
    let mut databases = Vec::new();
    for _ in 0..WRITERS_MAX {
        let database = Database::connect(url, PoolSizes::default()).await;
        databases.push(database.expect("it connects"));
    }
    let first = databases.first().expect("there are some");
    let pending = first.pending().await.expect("it answers");
    assert!(pending.len() >= 6, "{pending:?}");
    let unprepared = SeaHealth::new(first).report().await.expect("it reports");
    assert_eq!(unprepared.pending_migrations, pending);
    let migrations = databases.iter().map(Database::migrate);
    futures::future::try_join_all(migrations)
        .await
        .expect("they wait for each other");
    assert_eq!(first.pending().await.expect("it answers"), Vec::<String>::new());
    for database in databases {
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_migrate_a_file_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("there is room");
    let url = format!("sqlite://{}", folder.path().join("new.db").display());
    migrate_at_once(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_migrate_postgres_at_once_wait_for_each_other() {
    let Some(database) = TestDatabase::postgres()
        .await
        .expect("PostgreSQL makes a database")
    else {
        return;
    };
    let emptied = database
        .execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
        .await;
    emptied.expect("it can be emptied");
    migrate_at_once(database.url()).await;
}

/// Debits from several processes, each with its own connections. How many went through.
async fn debit_from_everywhere(url: &str, ann: &UserId) -> i64 {
    let processes = (0..WRITERS_MAX).map(|_| {
        let (url, ann) = (url.to_owned(), ann.clone());
        tokio::spawn(async move {
            let database = Database::connect(&url, PoolSizes::default()).await?;
            let signal = DatabaseSignal::start(&database).await?;
            let store = SeaStore::new(&database, std::sync::Arc::new(signal));
            let mut debited = 0;
            for _ in 0..25 {
                let mut tx = store.begin().await?;
                let change = WalletChange::Debit(ann.clone(), Money::MICRO);
                if let Applied::Done { .. } = tx.wallets().apply(&change, NOW).await? {
                    debited += 1;
                }
                tx.commit().await?;
            }
            database.close().await;
            Ok::<i64, StoreError>(debited)
        })
    });
    let mut debited = 0;
    for process in processes.collect::<Vec<_>>() {
        debited += process.await.expect("no task panics").expect("no database error");
    }
    debited
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_file_and_never_overdraw() {
    let bench = Bench::sqlite_file().await;
    let ann = user(1);
    let mut tx = bench.backend.store.begin().await.expect("it begins");
    tx.identity().insert_user(&ann).await.expect("the user is new");
    tx.wallets()
        .create(&ann.id, NOW)
        .await
        .expect("the wallet is new");
    let credit = WalletChange::Credit(ann.id.clone(), Money::from_micros(60));
    tx.wallets().apply(&credit, NOW).await.expect("money comes in");
    tx.commit().await.expect("it commits");
    assert_eq!(debit_from_everywhere(bench.database.url(), &ann.id).await, 60);
    let left = bench.backend.wallets.wallet(&ann.id).await.expect("it is read");
    assert_eq!(left.map(|wallet| wallet.available), Some(Money::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_keeps_what_was_committed_and_is_durable() {
    let bench = Bench::sqlite_file().await;
    let pragma = |name: &str| format!("SELECT * FROM pragma_{name}");
    let journal = bench.database.texts(&pragma("journal_mode")).await;
    assert_eq!(journal, Ok(vec!["wal".to_owned()]));
    let full = 2;
    assert_eq!(bench.database.number(&pragma("synchronous")).await, Ok(full));
    assert_eq!(bench.database.number(&pragma("foreign_keys")).await, Ok(1));
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let order = placed(&bench.backend, &shop, 1).await.expect("it is placed");
    bench.database.database().close().await;
    let again = Database::connect(bench.database.url(), PoolSizes::default()).await;
    let again = again.expect("it opens again");
    let queries = persistence::SeaQueries::new(&again);
    let found = ports::orders::OrderQueries::find(&queries, order.id)
        .await
        .expect("it is read");
    assert_eq!(found.map(|view| view.order), Some(order));
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_too_long_for_a_row_on_postgres_is_contention() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let order = placed(&bench.backend, &shop, 1).await.expect("it is placed");
    let mut holder = bench.backend.store.begin().await.expect("it begins");
    holder.orders().lock(order.id).await.expect("it is locked");
    let mut waiter = bench.backend.store.begin().await.expect("it begins");
    assert_eq!(waiter.orders().lock(order.id).await, Err(StoreError::Contended));
    assert_eq!(waiter.commit().await, Err(StoreError::Poisoned));
    holder.commit().await.expect("it commits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_on_postgres_is_contention_for_one_and_success_for_the_other() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let one = placed(&bench.backend, &shop, 1).await.expect("it is placed").id;
    let two = placed(&bench.backend, &shop, 2).await.expect("it is placed").id;
    let store = &bench.backend.store;
    let both = tokio::sync::Barrier::new(2);
    let lock = async |first, second| {
        let mut tx = store.begin().await?;
        tx.orders().lock(first).await?;
        both.wait().await;
        tx.orders().lock(second).await?;
        tx.commit().await
    };
    let (left, right) = futures::join!(lock(one, two), lock(two, one));
    let outcomes = [left, right];
    assert!(outcomes.contains(&Ok(())), "{outcomes:?}");
    assert!(outcomes.contains(&Err(StoreError::Contended)), "{outcomes:?}");
}

/// Takes every connection for writing and asks for one more.
async fn one_too_many(url: &str) {
    const WAIT: Duration = Duration::from_millis(200);
    let sizes = PoolSizes {
        postgres: 2,
        wait: WAIT,
        ..PoolSizes::default()
    };
    let database = Database::connect(url, sizes).await.expect("it connects");
    let signal = DatabaseSignal::start(&database).await.expect("it listens");
    let store = SeaStore::new(&database, std::sync::Arc::new(signal));
    let connections = if url.starts_with("postgres") { 2 } else { 1 };
    let mut taken = Vec::new();
    for _ in 0..connections {
        taken.push(store.begin().await.expect("there is a free connection"));
    }
    let asked = std::time::Instant::now();
    let refused = store.begin().await.map(|_| ());
    let waited = asked.elapsed();
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(waited >= WAIT && waited < WAIT * 20, "{waited:?}");
    drop(taken);
    store.begin().await.expect("there is a free connection again");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_no_free_connection_waits_as_long_as_was_configured_and_is_told() {
    let file = Bench::sqlite_file().await;
    one_too_many(file.database.url()).await;
    if let Some(bench) = Bench::postgres().await {
        one_too_many(bench.database.url()).await;
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_reached_does_not_show_its_password() {
    let secret = "hunter2";
    for url in [
        format!("postgres://smm:{secret}@127.0.0.1:1/smm"),
        format!("postgres://smm:{secret}@[not an address/smm"),
        format!("mysql://smm:{secret}@127.0.0.1/smm"),
        secret.to_owned(),
    ] {
        match Database::connect(&url, PoolSizes::default()).await {
            Err(StoreError::Unavailable(text)) => assert!(!text.contains(secret), "{text}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("nobody is there"),
        }
    }
}

/// Customers go away and shutdowns come: a request may be dropped wherever it waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_begin_that_is_abandoned_half_way_leaves_no_transaction_open_on_postgres() {
    const OPEN: &str = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let Some(witness) = TestDatabase::postgres()
        .await
        .expect("PostgreSQL makes a database")
    else {
        return;
    };
    let one = PoolSizes {
        postgres: 1,
        ..PoolSizes::default()
    };
    let database = Database::connect(witness.url(), one).await.expect("it connects");
    let signal = DatabaseSignal::start(&database).await.expect("it listens");
    let store = SeaStore::new(&database, std::sync::Arc::new(signal));
    for looks in 1..=5 {
        let mut beginning = store.begin();
        for _ in 0..looks {
            if futures::poll!(&mut beginning).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(beginning);
        let closed = async {
            // What was under way when it was dropped arrives first.
            tokio::time::sleep(Duration::from_millis(100)).await;
            while witness.number(OPEN).await != Ok(0) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
        closed.unwrap_or_else(|_| panic!("abandoned after {looks} looks, a transaction stays open"));
    }
}
