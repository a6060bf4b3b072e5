//! What migrations do with the rows that an earlier release left.

use std::time::Duration;

use domain::catalog::{CatalogChange, ChangeKind, ServiceType};
use domain::{PageSize, ServiceId};
use persistence::testing::TestDatabase;
use sqlx::{Connection, Executor};

use crate::backend::Bench;

/// One test for each database of a function that takes it as it was before a migration.
macro_rules! on_every_database_before {
    ($($migration:literal: $case:ident),+ $(,)?) => { $(
        mod $case {
            use super::TestDatabase;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite_memory() {
                let database = TestDatabase::sqlite_memory_before($migration).await;
                super::$case(database.expect("SQLite opens in memory")).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let database = TestDatabase::postgres_before($migration).await;
                if let Some(database) = database.expect("PostgreSQL makes a database") {
                    super::$case(database).await;
                }
            }
        }
    )+ };
}

on_every_database_before!(
    "m20261121_000029_order_inputs": types_that_can_be_ordered_are_spelled_as_they_are_compared,
    "m20261122_000034_feed_of_every_type": what_is_sold_and_was_not_told_of_is_told_once,
    "m20261123_000039_proven_wallets": wallets_begin_with_a_checkpoint_at_their_newest_transfer,
);

const STAFF: &str =
    "INSERT INTO users (id, name, email, email_verified, role, banned, created_at, updated_at)
    VALUES ('staff', 'Staff', 'staff@shop.example', TRUE, 'admin', FALSE, 1, 1)";
const PROVIDER: &str =
    "INSERT INTO providers (id, name, api_url, availability, lookup, requests_per_second, exposure_cap,
        created_by, created_at, updated_at)
    VALUES (1, 'Panel', 'https://panel.example/api/v2', 'active', 'none', 5, 0, 'staff', 1, 1)";
const CATEGORY: &str = "INSERT INTO categories (id, name, availability, created_by, created_at, updated_at)
    VALUES (1, 'It''s \"new\"', 'active', 'staff', 1, 1)";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_a_backup_reads_is_waited_for_and_stays_in_use() {
    const READ: &str = "SELECT COUNT(*) FROM providers";
    let database = TestDatabase::postgres_before("m20261123_000037_provider_currency").await;
    let Some(database) = database.expect("PostgreSQL makes a database") else {
        return;
    };
    let mut backup = sqlx::PgConnection::connect(database.url())
        .await
        .expect("it connects");
    let mut customer = sqlx::PgConnection::connect(database.url())
        .await
        .expect("it connects");
    for statement in ["BEGIN", READ] {
        backup.execute(statement).await.expect("it reads");
    }
    let upgraded = {
        let database = database.database().clone();
        tokio::spawn(async move { database.migrate().await })
    };
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let read = tokio::time::timeout(Duration::from_secs(2), customer.execute(READ)).await;
        read.expect("nobody waits for long").expect("it reads");
    }
    assert!(!upgraded.is_finished(), "the backup still reads");
    backup.execute("COMMIT").await.expect("it ends");
    upgraded.await.expect("it does not panic").expect("it migrates");
    assert_eq!(database.database().pending().await, Ok(Vec::new()));
}

async fn execute(database: &TestDatabase, sql: &str) {
    let done = database.execute(sql).await;
    assert_eq!(done, Ok(()), "{sql}");
}

async fn shop(database: &TestDatabase) {
    for sql in [STAFF, PROVIDER, CATEGORY] {
        execute(database, sql).await;
    }
}

/// A service with a rate of 0.9 and a profit of 0.45.
async fn sell(database: &TestDatabase, id: usize, service_type: &str) {
    let sql = format!(
        "INSERT INTO services (id, provider_id, upstream_id, name, service_type, rate, profit, quantity_min, quantity_max,
            dripfeed, refill, cancel, category_id, availability, created_by, created_at, updated_at)
        VALUES ({id}, 1, '{id}', 'Service {id}', '{service_type}', 900000000, 450000000, 10, 500, FALSE, TRUE, FALSE, 1,
            'active', 'staff', 1, 1)"
    );
    execute(database, &sql).await;
}

/// Every spelling that a panel might use, of types that can be ordered and of some that cannot.
fn spellings() -> Vec<String> {
    let orderable = ServiceType::ORDERABLE.into_iter().flat_map(|kind| {
        let word = kind.as_str().to_owned();
        [
            word.to_uppercase(),
            word.to_lowercase(),
            word.replace(' ', "_"),
            word.replace(' ', "-").to_lowercase(),
            word.replace(' ', ""),
            word,
        ]
    });
    let others = [
        "Package 2",
        "Custom Comment",
        "custom_comments_packages",
        "Poll",
        "poll",
        "Mentions Custom List",
    ];
    orderable.chain(others.map(str::to_owned)).collect()
}

async fn types_that_can_be_ordered_are_spelled_as_they_are_compared(database: TestDatabase) {
    shop(&database).await;
    // A type that could be ordered before was never kept in another spelling.
    let spellings: Vec<String> = spellings()
        .into_iter()
        .filter(|word| word == "Default" || ServiceType::parse(word) != ServiceType::Default)
        .collect();
    for (id, word) in (1..).zip(&spellings) {
        sell(&database, id, word).await;
    }
    database.database().migrate().await.expect("it is migrated");
    let stored = database
        .texts("SELECT service_type FROM services ORDER BY id")
        .await;
    let expected: Vec<String> = spellings
        .iter()
        .map(|word| ServiceType::parse(word).as_str().to_owned())
        .collect();
    assert_eq!(stored, Ok(expected));
    let inputs = database.number("SELECT COUNT(*) FROM order_inputs").await;
    assert_eq!(
        inputs,
        Ok(0),
        "orders that were placed before are link and quantity"
    );
}

/// One is told of already, one was told of under another type, one has a price of its own, two cannot be ordered.
async fn shop_of_every_type(database: &TestDatabase) {
    shop(database).await;
    let types = [
        "Default",
        "Package",
        "Custom Comments",
        "Custom Comments Package",
        "Poll",
        "Package",
    ];
    for (id, word) in (1..).zip(types) {
        sell(database, id, word).await;
    }
    for (id, shown) in [(1, "TRUE"), (3, "FALSE")] {
        let told = format!(
            "INSERT INTO service_faces (service_id, shown, name, category, price, quantity_min, quantity_max, dripfeed,
                refill, cancel)
            VALUES ({id}, {shown}, 'Service {id}', 'It''s \"new\"', 1350000000, 10, 500, FALSE, TRUE, FALSE)"
        );
        execute(database, &told).await;
    }
    for sql in [
        "UPDATE services SET availability = 'disabled' WHERE id = 6",
        "UPDATE services SET fixed_price = 2000000000 WHERE id = 4",
        "INSERT INTO catalog_changes (sequence, service_id, kind, was, became, at) VALUES (1, 1, 'name', '[]', '[]', 1)",
        "UPDATE catalog_feed SET last = 1",
    ] {
        execute(database, sql).await;
    }
}

async fn told_above(bench: &Bench, since: i64) -> Vec<CatalogChange> {
    let told = bench.backend.catalog.changes(since, PageSize::WHOLE).await;
    told.expect("the feed is read")
}

fn numbers(told: &[CatalogChange]) -> Vec<(i64, i64, ChangeKind)> {
    told.iter()
        .map(|it| (it.sequence, it.service.0, it.kind))
        .collect()
}

async fn what_is_sold_and_was_not_told_of_is_told_once(database: TestDatabase) {
    shop_of_every_type(&database).await;
    database.database().migrate().await.expect("it is migrated");
    let bench = Bench::on(database).await;
    let told = told_above(&bench, 1).await;
    let expected = [
        (2, 2, ChangeKind::New),
        (3, 3, ChangeKind::Enabled),
        (4, 4, ChangeKind::New),
    ];
    assert_eq!(numbers(&told), expected);
    let facts = |kind: &str, price: &str, [min, max]: [&str; 2], name: &str| {
        [
            ("name", name),
            ("category", "It's \"new\""),
            ("type", kind),
            ("price", price),
            ("min", min),
            ("max", max),
            ("dripfeed", "false"),
            ("refill", "true"),
            ("cancel", "false"),
        ]
        .map(|(fact, is)| (fact.to_owned(), is.to_owned()))
    };
    let became: Vec<_> = told.iter().map(|it| it.became.clone()).collect();
    let expected = [
        facts("Package", "1.35", ["1", "1"], "Service 2"),
        facts("Custom Comments", "1.35", ["10", "500"], "Service 3"),
        facts("Custom Comments Package", "2", ["1", "1"], "Service 4"),
    ];
    assert_eq!(became, expected);
    let year = i64::from(365 * 24) * 3_600_000_000;
    for line in &told {
        assert!(line.was.is_empty() && line.at.micros() > 50 * year, "{line:?}");
    }

    // Whoever writes them next tells what changes then, and nothing twice.
    let mut tx = bench.backend.store.begin().await.expect("it begins");
    for id in 1..=6 {
        let service = tx.catalog().lock_service(ServiceId(id)).await;
        let mut service = service.expect("it is read").expect("it is there");
        if id == 2 {
            service.profit = None;
        }
        tx.catalog()
            .update_service(&service)
            .await
            .expect("it is written");
    }
    tx.commit().await.expect("it is committed");
    let told = told_above(&bench, 4).await;
    assert_eq!(numbers(&told), [(5, 2, ChangeKind::Price)]);
}

async fn wallets_begin_with_a_checkpoint_at_their_newest_transfer(database: TestDatabase) {
    execute(&database, STAFF).await;
    for (debit, credit, amount, kind, user) in [
        (12, 1, 100, "adjustment", "'staff'"),
        (1, 2, 30, "hold", "'staff'"),
        (6, 5, 7, "cogs", "NULL"),
        (2, 3, 10, "post", "'staff'"),
        (6, 5, 8, "writeoff", "NULL"),
    ] {
        let sql = format!(
            "INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, created_at)
            VALUES ({debit}, {credit}, {amount}, '{kind}', '1', {user}, 1)"
        );
        execute(&database, &sql).await;
    }
    assert_eq!(database.database().migrate().await, Ok(()));
    let rows = "SELECT user_id || ' ' || up_to || ' ' || available || ' ' || held || ' ' || proven_at FROM proven_wallets";
    let rows = database.texts(rows).await.expect("the database works");
    assert_eq!(rows, ["staff 4 70 20 0"]);
}
