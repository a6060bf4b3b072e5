//! How PostgreSQL plans what would be slow otherwise.

use std::time::Duration;

use ports::outbox::Wanted;
use testkit::fixtures::NOW;

use crate::backend::Bench;

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

#[tokio::test]
async fn statements_are_run_and_not_compiled() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let jit = "SELECT setting FROM pg_settings WHERE name = 'jit'";
    let jit = bench.database.texts(jit).await.expect("the database works");
    assert_eq!(jit, ["off"]);
}
