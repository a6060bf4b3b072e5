//! What a line of the audit log holds. No port reads it.

use domain::orders::Actor;
use persistence::testing::TestDatabase;
use testkit::contract::audit::entry;
use testkit::fixtures::{NOW, user_id};

use crate::backend::{Bench, on_every_database};

on_every_database!(
    a_line_holds_who_did_what_to_what_and_when,
    a_line_goes_with_its_transaction,
);

async fn column(database: &TestDatabase, name: &str) -> Vec<String> {
    let sql = format!("SELECT coalesce({name}, '-') FROM audit_log ORDER BY id");
    database.texts(&sql).await.expect("the log can be read")
}

async fn a_line_holds_who_did_what_to_what_and_when(bench: Bench) {
    let mut tx = bench.backend.store.begin().await.expect("a transaction begins");
    for actor in [Actor::System, Actor::Staff(user_id(1))] {
        let line = entry(actor);
        tx.audit().append(&line).await.expect("the line is written");
    }
    tx.commit().await.expect("the lines are recorded");
    let database = &bench.database;
    assert_eq!(column(database, "actor").await, ["system", "staff"]);
    assert_eq!(column(database, "actor_user").await, ["-", user_id(1).as_str()]);
    assert_eq!(
        column(database, "action").await,
        ["provider.update", "provider.update"]
    );
    assert_eq!(column(database, "target").await, ["provider:7", "provider:7"]);
    let details = concat!(
        r#"[["name","O'Hara \"& Sons\"\n"#,
        "\u{1f98a}",
        r#""],["availability","disabled"]]"#
    );
    assert_eq!(column(database, "details").await, [details, details]);
    let at = database.number("SELECT min(at) FROM audit_log").await;
    assert_eq!(at, Ok(NOW.micros()));
}

async fn a_line_goes_with_its_transaction(bench: Bench) {
    let mut tx = bench.backend.store.begin().await.expect("a transaction begins");
    tx.audit()
        .append(&entry(Actor::System))
        .await
        .expect("the line is written");
    drop(tx);
    let lines = bench.database.number("SELECT count(*) FROM audit_log").await;
    assert_eq!(lines, Ok(0));
}
