//! Signing up with an address that somebody has: as much is done as for one that nobody has, and none of it stays.

use application::identity::{Browser, Password, Remember, SignUp, SignUpCommand, SignUpError};
use domain::text::{Email, Name};

use crate::bench::Bench;

const TABLES: [&str; 9] = [
    "users",
    "accounts",
    "sessions",
    "wallets",
    "ledger_accounts",
    "mails",
    "outbox",
    "audit_log WHERE action IN ('user.sign_up', 'session.open')",
    "audit_log WHERE action = 'session.refuse'",
];

async fn rows(bench: &Bench) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(bench.number(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    rows
}

fn form(email: &str) -> SignUpCommand {
    SignUpCommand {
        name: Name::parse("Somebody").unwrap(),
        email: Email::parse(email).unwrap(),
        password: Password::parse("correct horse battery staple").unwrap(),
        callback: None,
        remember: Remember::Yes,
        browser: Browser::default(),
    }
}

async fn a_taken_address_leaves_nothing_but_a_line_about_it(bench: Bench) {
    let signing_up = SignUp::new(bench.people());
    signing_up.sign_up(form("somebody@example.com")).await.unwrap();
    let mut expected = rows(&bench).await;
    let [.., refusals] = expected.as_mut_slice() else {
        panic!("there are tables");
    };
    *refusals += 1;
    let again = signing_up.sign_up(form("Somebody@Example.com")).await;
    assert_eq!(again.err(), Some(SignUpError::AddressTaken));
    assert_eq!(rows(&bench).await, expected);
    // Others still can.
    signing_up.sign_up(form("another@example.com")).await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn a_taken_address_leaves_nothing_but_a_line_about_it_on_sqlite() {
    a_taken_address_leaves_nothing_but_a_line_about_it(Bench::new().await).await;
}

#[tokio::test]
async fn a_taken_address_leaves_nothing_but_a_line_about_it_on_postgres() {
    if let Some(bench) = Bench::on_postgres().await {
        a_taken_address_leaves_nothing_but_a_line_about_it(bench).await;
    }
}
