//! On PostgreSQL a program at work needs no role that can change the schema or what was written once and for all.

use domain::orders::Actor;
use persistence::testing::TestDatabase;
use persistence::{DatabaseSignal, SeaQueries, SeaStore};
use ports::Store;
use ports::audit::{AuditEntry, AuditQueries};
use testkit::fixtures::NOW;

use crate::backend::Bench;

/// As docs/OPERATIONS.md says.
const GRANTS: [&str; 5] = [
    "CREATE ROLE $role LOGIN PASSWORD 'x'",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO $role",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO $role",
    "REVOKE UPDATE, DELETE ON audit_log, audit_seals, transfers, order_events FROM $role",
    "REVOKE DELETE ON attempts, orders, wallets FROM $role",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_cannot_change_the_schema_finds_nothing_to_migrate_and_works() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let (scheme, rest) = bench.database.url().split_once("://").expect("an address");
    let (_, place) = rest.rsplit_once('@').expect("a user");
    let (_, name) = place.rsplit_once('/').expect("a database");
    let role = format!("app_of_{}", name.split('?').next().unwrap_or_default());
    for grant in GRANTS {
        let granted = bench.database.execute(&grant.replace("$role", &role)).await;
        assert_eq!(granted, Ok(()), "{grant}");
    }
    let app = TestDatabase::existing(&format!("{scheme}://{role}:x@{place}")).await;
    let app = app.expect("nothing is to be migrated");
    let signal = DatabaseSignal::start(app.database())
        .await
        .expect("the signal starts");
    let store = SeaStore::new(app.database(), std::sync::Arc::new(signal));
    let mut tx = store.begin().await.expect("a transaction begins");
    let entry = AuditEntry::new(Actor::System, "a.b", "c:1", NOW);
    tx.audit().append(&entry).await.expect("the line is written");
    let head = tx.audit().head().await.expect("the head is read");
    let lines = tx.audit().unsealed(9).await.expect("the lines are read");
    let link = head.seal(lines.first().expect("a line"), NOW);
    tx.audit().seal(&[link]).await.expect("it is sealed");
    tx.commit().await.expect("it is recorded");
    let waiting = SeaQueries::new(app.database()).waiting().await;
    assert_eq!(waiting.map(|waiting| waiting.lines), Ok(0));
    for refused in [
        "DELETE FROM audit_log",
        "UPDATE audit_seals SET hash = ''",
        "DELETE FROM transfers",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "CREATE TABLE mine (id BIGINT)",
    ] {
        assert!(app.execute(refused).await.is_err(), "{refused}");
    }
    app.database().close().await;
    for statement in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
        assert_eq!(bench.database.execute(&statement).await, Ok(()), "{statement}");
    }
}
