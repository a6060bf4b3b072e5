//! How PostgreSQL plans what would be slow otherwise.

use std::time::Duration;

use ports::outbox::Wanted;
use testkit::contract::steps::{placed, rich_shop, submitted};
use testkit::fixtures::{NOW, link};

use crate::backend::Bench;
use crate::books::watched;

/// As after an outage of the provider: the queue was empty when PostgreSQL looked at it last, and now many jobs are due.
const MANY_DUE: &str = "
ALTER TABLE outbox SET (autovacuum_enabled = false);
ANALYZE outbox;
INSERT INTO outbox (topic, subject, due_at) SELECT 'order.submit', n, n / 10 FROM generate_series(1, 20000) AS n";

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_as_many_jobs_as_it_takes_however_many_are_due() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let wanted = Wanted {
        now: NOW,
        lease_until: NOW.plus(Duration::from_secs(30)),
        limit: 100,
        youngest: 25,
        attempts_max: 5,
        begin: true,
    };
    bench
        .database
        .execute(MANY_DUE)
        .await
        .expect("the database works");
    bench.database.statements();
    let claimed = bench.backend.relay.claim_due(&wanted).await;
    assert_eq!(claimed.expect("the database works").len(), 100);
    let statements = bench.database.statements();
    let claim = statements.iter().find(|text| text.contains("UPDATE outbox"));
    let claim = claim.expect("a claim is a statement");

    let now = NOW.micros();
    let (lease_until, begin) = ((now + 1).to_string(), "TRUE".to_owned());
    let values = [
        now.to_string(),
        lease_until,
        "75".to_owned(),
        "5".to_owned(),
        begin,
        "25".to_owned(),
    ];
    let explain = values
        .iter()
        .enumerate()
        .fold(format!("EXPLAIN {claim}"), |text, (index, value)| {
            text.replace(&format!("${}", index + 1), value)
        });
    let plan = bench.database.texts(&explain).await.expect("it is planned");
    let plan = plan.join("\n");
    for walk in [
        "Index Scan using outbox_due",
        "Index Scan Backward using outbox_due",
    ] {
        assert!(plan.contains(walk), "no {walk}:\n{plan}");
    }
    for all in [
        "Bitmap",
        "Seq Scan",
        "Sort Key: outbox_1.due_at",
        "Sort Key: outbox_3.due_at",
    ] {
        assert!(!plan.contains(all), "{all}:\n{plan}");
    }
}

/// As in a shop that has been there for a while: nothing of it moved lately, so that nobody asks for its orders and wallets.
const LONG_HISTORY: &str = "
INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, created_at)
    SELECT debit, debit + 1, 1, kind, 'old:' || n, CASE WHEN debit < 3 THEN 'old' || n % 200 END, n + 1000000, 0
    FROM generate_series($part * 2000 + 1, $part * 2000 + 2000) AS n,
        (VALUES (1, 'hold'), (2, 'post'), (3, 'recognise')) AS steps (debit, kind)";
const LONG_HISTORY_PAID: &str = "
INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, created_at)
    SELECT 7, 1, 1, 'deposit', 'old:' || n, 'old' || n % 200, 0 FROM generate_series(1, 1000) AS n";

/// Writes it in parts, each of them quick enough for a statement also on a busy machine.
async fn write_a_long_history(bench: &Bench) {
    let execute = async |sql: &str| assert_eq!(bench.database.execute(sql).await, Ok(()), "{sql}");
    for foreign in ["transfers_user_id_fkey", "transfers_order_id_fkey"] {
        execute(&format!("ALTER TABLE transfers DROP CONSTRAINT {foreign}")).await;
    }
    execute(LONG_HISTORY_PAID).await;
    for part in 0..20 {
        execute(&LONG_HISTORY.replace("$part", &part.to_string())).await;
    }
    execute("ANALYZE transfers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_of_the_books_reads_what_moved_and_not_the_whole_ledger() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let execute = async |sql: &str| assert_eq!(bench.database.execute(sql).await, Ok(()), "{sql}");
    let newest = async || {
        let newest = bench.database.number("SELECT MAX(id) FROM transfers").await;
        newest.expect("the database works")
    };
    write_a_long_history(&bench).await;
    let old = newest().await;
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    for n in 1..=3 {
        let order = placed(&bench.backend, &shop, n).await.expect("it is placed");
        let sent = submitted(&bench.backend, &order, &format!("p{n}"), NOW).await;
        sent.expect("it is sent");
    }
    // With a checkpoint that is wrong, so that the wallet is also compared with its whole history.
    let (new, now, user) = (newest().await, NOW.micros(), shop.user.id.as_str());
    execute(&format!(
        "INSERT INTO settings (key, value, updated_at) VALUES ('ledger.watermark', '{old} {new} {now}', 0);
        INSERT INTO proven_wallets (user_id, up_to, available, held, proven_at) VALUES ('{user}', {old}, 1, 0, 0)"
    ))
    .await;
    bench.database.statements();
    assert_eq!(watched(&bench).await, [""; 0]);

    let statements = bench.database.statements();
    let of_the_ledger = statements.iter().filter(|text| text.contains("transfers"));
    let mut checkpoints = 0;
    for statement in of_the_ledger {
        let first = if statement.contains("json_array_elements_text") {
            format!("'[\"{user}\"]'")
        } else {
            old.to_string()
        };
        let text = statement
            .replace("$1", &first)
            .replace("$2", &new.to_string())
            .replace("$3", &now.to_string());
        let plan = bench.database.texts(&format!("EXPLAIN {text}")).await;
        let plan = plan.expect("it is planned").join("\n");
        assert!(!plan.contains("Seq Scan on transfers"), "{text}\n{plan}");
        checkpoints += usize::from(plan.contains("Insert on proven_wallets"));
    }
    assert_eq!(checkpoints, 2, "{statements:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_under_way_are_found_by_the_index_of_their_links() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    bench.database.statements();
    let orders = &bench.backend.orders;
    let found = orders.tracked_for_link(shop.provider.id, &link(1), 9).await;
    assert_eq!(found.expect("the database works"), []);
    let statements = bench.database.statements();
    let [statement] = statements.as_slice() else {
        panic!("one statement: {statements:?}");
    };
    let text = statement
        .replace("$1", "'https://example.com/p'")
        .replace("$2", "1")
        .replace("$3", "9");
    let plan = bench.database.texts(&format!("EXPLAIN {text}")).await;
    let plan = plan.expect("it is planned").join("\n");
    assert!(plan.contains("orders_for_link"), "{text}\n{plan}");
}

#[tokio::test]
async fn statements_are_run_and_not_compiled() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let jit = "SELECT setting FROM pg_settings WHERE name = 'jit'";
    let jit = bench.database.texts(jit).await.expect("the database works");
    assert_eq!(jit, ["off"]);
}
