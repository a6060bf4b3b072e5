//! Whoever has the database can change the audit log, and `verify` finds that they did.

use std::sync::Arc;

use application::audit::{AuditReport, SealAudit, VerifyAudit};
use domain::audit::{Finding, Head};
use domain::orders::Actor;
use ports::audit::AuditEntry;
use testkit::fixtures::after;

use crate::backend::{Bench, on_every_database};

on_every_database!(
    the_database_refuses_to_change_what_was_written,
    an_untouched_log_is_sound_and_says_its_head,
    every_kind_of_tampering_is_found,
    a_log_that_was_cut_or_sealed_anew_misses_the_head_that_was_kept,
    a_line_written_by_other_means_is_found,
    a_line_that_vanished_before_it_was_sealed_is_found,
    what_was_sealed_by_two_at_once_is_one_chain,
);

const TABLES: [&str; 2] = ["audit_log", "audit_seals"];

/// Writes lines 1 to `lines`.
async fn write(bench: &Bench, lines: u64) {
    let mut tx = bench.backend.store.begin().await.expect("a transaction begins");
    for second in 0..lines {
        let entry =
            AuditEntry::new(Actor::System, "wallet.credit", "user:7", after(second)).with("amount", second);
        tx.audit().append(&entry).await.expect("the line is written");
    }
    tx.commit().await.expect("the lines are recorded");
}

async fn seal(bench: &Bench) -> usize {
    let seal = SealAudit::new(bench.backend.store.clone(), bench.clock.clone());
    seal.seal().await.expect("it is sealed")
}

async fn verify(bench: &Bench, head: Option<Head>) -> AuditReport {
    let verify = VerifyAudit::new(bench.backend.audit.clone());
    verify.verify(head).await.expect("it is looked at")
}

async fn found(bench: &Bench) -> Vec<Finding> {
    verify(bench, None).await.findings
}

/// What somebody can do who owns the database.
async fn disarm(bench: &Bench) {
    let is_postgres = bench.database.url().starts_with("postgres");
    for table in TABLES {
        let statements = if is_postgres {
            vec![format!("DROP TRIGGER {table}_append_only ON {table}")]
        } else {
            let events = ["updated", "deleted", "replaced"].into_iter();
            events
                .map(|event| format!("DROP TRIGGER {table}_not_{event}"))
                .collect()
        };
        for statement in statements {
            harm(bench, &statement).await;
        }
    }
}

async fn harm(bench: &Bench, sql: &str) {
    let done = bench.database.execute(sql).await;
    assert_eq!(done, Ok(()), "{sql}");
}

async fn the_database_refuses_to_change_what_was_written(bench: Bench) {
    write(&bench, 2).await;
    seal(&bench).await;
    for statement in [
        "UPDATE audit_log SET details = '[]'",
        "UPDATE audit_log SET id = 99 WHERE id = 1",
        "DELETE FROM audit_log WHERE id = 1",
        "UPDATE audit_seals SET hash = 'x'",
        "DELETE FROM audit_seals",
    ] {
        let refused = bench.database.execute(statement).await;
        assert!(refused.is_err(), "{statement}");
    }
    let by_the_way = if bench.database.url().starts_with("postgres") {
        TABLES.map(|table| format!("TRUNCATE {table}"))
    } else {
        let line = "(id, actor, action, target, details, at) VALUES (1, 'x', 'x', 'x', '[]', 0)";
        let link = "(sequence, line, hash, sealed_at) VALUES (1, 1, 'x', 0)";
        [
            format!("INSERT OR REPLACE INTO audit_log {line}"),
            format!("INSERT OR REPLACE INTO audit_seals {link}"),
        ]
    };
    for statement in by_the_way {
        let refused = bench.database.execute(&statement).await;
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(found(&bench).await, []);
    assert_eq!(
        bench.database.number("SELECT count(*) FROM audit_log").await,
        Ok(2)
    );
}

async fn an_untouched_log_is_sound_and_says_its_head(bench: Bench) {
    assert_eq!(verify(&bench, None).await.head, Head::nothing());
    write(&bench, 700).await;
    assert_eq!(seal(&bench).await, 700);
    assert_eq!(seal(&bench).await, 0);
    let first = verify(&bench, None).await;
    assert_eq!((first.head.sequence, first.waiting.lines), (700, 0));
    write(&bench, 5).await;
    assert_eq!(verify(&bench, None).await.waiting.lines, 5);
    assert_eq!(seal(&bench).await, 5);
    let later = verify(&bench, Some(first.head)).await;
    assert_eq!((later.head.sequence, later.findings), (705, Vec::new()));
}

async fn every_kind_of_tampering_is_found(bench: Bench) {
    write(&bench, 9).await;
    seal(&bench).await;
    disarm(&bench).await;
    assert_eq!(found(&bench).await, []);
    let changed = |line| vec![Finding::Changed { line }];
    // Each column of a line and of a link, the harm and what undoes it.
    let columns = [
        ("audit_log", "actor", "'x'"),
        ("audit_log", "actor_user", "'x'"),
        ("audit_log", "action", "'wallet.status'"),
        ("audit_log", "target", "'user:8'"),
        ("audit_log", "details", "'[]'"),
        ("audit_log", "at", "at + 1"),
        ("audit_log", "address", "'192.0.2.1'"),
        ("audit_log", "request", "''"),
        ("audit_seals", "sealed_at", "sealed_at + 1"),
    ];
    for (table, column, value) in columns {
        let key = if table == "audit_log" { "id" } else { "line" };
        harm(
            &bench,
            &format!("CREATE TABLE kept AS SELECT {column} AS it FROM {table} WHERE {key} = 4"),
        )
        .await;
        harm(
            &bench,
            &format!("UPDATE {table} SET {column} = {value} WHERE {key} = 4"),
        )
        .await;
        assert_eq!(found(&bench).await, changed(4), "{table}.{column}");
        harm(
            &bench,
            &format!("UPDATE {table} SET {column} = (SELECT it FROM kept) WHERE {key} = 4"),
        )
        .await;
        harm(&bench, "DROP TABLE kept").await;
        assert_eq!(found(&bench).await, [], "{table}.{column} is as it was");
    }
    // Two lines change places.
    for (from, to) in [(4, 99), (5, 4), (99, 5)] {
        harm(
            &bench,
            &format!("UPDATE audit_log SET id = {to} WHERE id = {from}"),
        )
        .await;
    }
    let both = vec![Finding::Changed { line: 4 }, Finding::Changed { line: 5 }];
    assert_eq!(found(&bench).await, both);
    for (from, to) in [(4, 99), (5, 4), (99, 5)] {
        harm(
            &bench,
            &format!("UPDATE audit_log SET id = {to} WHERE id = {from}"),
        )
        .await;
    }
    // A hash that was made up does not lead to the next one.
    harm(
        &bench,
        "UPDATE audit_seals SET hash = 'zz' || substr(hash, 3) WHERE line = 6",
    )
    .await;
    let both = vec![Finding::Changed { line: 6 }, Finding::Changed { line: 7 }];
    assert_eq!(found(&bench).await, both);
    harm(&bench, "DELETE FROM audit_log WHERE id = 2").await;
    assert!(found(&bench).await.contains(&Finding::LineMissing { line: 2 }));
    harm(&bench, "DELETE FROM audit_seals WHERE sequence = 3").await;
    let all = found(&bench).await;
    assert!(all.contains(&Finding::LinkMissing { sequence: 3 }), "{all:?}");
    assert!(all.contains(&Finding::Inserted { line: 3 }), "{all:?}");
}

async fn a_log_that_was_cut_or_sealed_anew_misses_the_head_that_was_kept(bench: Bench) {
    write(&bench, 6).await;
    seal(&bench).await;
    let kept = verify(&bench, None).await.head;
    disarm(&bench).await;
    // The last lines go without a trace.
    for statement in [
        "DELETE FROM audit_log WHERE id > 4",
        "DELETE FROM audit_seals WHERE line > 4",
    ] {
        harm(&bench, statement).await;
    }
    assert_eq!(found(&bench).await, [], "nobody can tell without a head");
    let cut = verify(&bench, Some(kept.clone())).await.findings;
    assert_eq!(cut, [Finding::Truncated { head: 6, end: 4 }]);

    // A line is changed and everything is sealed again.
    harm(&bench, "UPDATE audit_log SET target = 'user:8' WHERE id = 2").await;
    harm(&bench, "DELETE FROM audit_seals").await;
    harm(&bench, "INSERT INTO audit_unsealed SELECT id FROM audit_log").await;
    write(&bench, 4).await;
    seal(&bench).await;
    assert_eq!(found(&bench).await, []);
    let anew = verify(&bench, Some(kept)).await.findings;
    assert_eq!(anew, [Finding::OtherChain { head: 6 }]);
}

async fn a_line_written_by_other_means_is_found(bench: Bench) {
    write(&bench, 3).await;
    seal(&bench).await;
    let insert = "INSERT INTO audit_log (id, actor, action, target, details, at)
        VALUES (77, 'staff', 'wallet.credit', 'user:7', '[]', 0)";
    harm(&bench, insert).await;
    assert_eq!(found(&bench).await, [Finding::Inserted { line: 77 }]);
    // Also if it is then sealed with the others.
    harm(&bench, "INSERT INTO audit_unsealed VALUES (77)").await;
    seal(&bench).await;
    assert_eq!(found(&bench).await, [Finding::Backdated { line: 77 }]);
    // A line that is sealed already and is handed over again stops nobody.
    harm(&bench, "INSERT INTO audit_unsealed VALUES (1)").await;
    let insert = "INSERT INTO audit_log (id, actor, action, target, details, at)
        SELECT 78, actor, action, target, details, at FROM audit_log WHERE id = 3";
    harm(&bench, insert).await;
    harm(&bench, "INSERT INTO audit_unsealed VALUES (78)").await;
    assert_eq!(seal(&bench).await, 1);
}

async fn a_line_that_vanished_before_it_was_sealed_is_found(bench: Bench) {
    write(&bench, 3).await;
    disarm(&bench).await;
    harm(&bench, "DELETE FROM audit_log WHERE id = 2").await;
    assert_eq!(seal(&bench).await, 2);
    assert_eq!(found(&bench).await, [Finding::Lost { line: 2 }]);
}

async fn what_was_sealed_by_two_at_once_is_one_chain(bench: Bench) {
    let bench = Arc::new(bench);
    for _ in 0..4 {
        write(&bench, 40).await;
        let sealing = (0..4).map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { seal(&bench).await })
        });
        for sealed in sealing.collect::<Vec<_>>() {
            sealed.await.expect("it ends");
        }
    }
    seal(&bench).await;
    let report = verify(&bench, None).await;
    assert_eq!((report.head.sequence, report.findings), (160, Vec::new()));
}
