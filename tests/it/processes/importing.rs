//! Users of the old application, taken over by the command.

use super::program::{Variables, run};
use crate::import_users::source::Old;

#[tokio::test]
async fn the_command_says_whom_it_took_over_and_fails_if_somebody_was_left_behind() {
    let old = Old::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let nothing = Variables::new();
    let command = ["import-users", "--data", data, "--from", old.address()];

    let dry = run(&[&command[..], &["--dry-run"]].concat(), &nothing).bad();
    assert!(
        dry.contains("there is no database"),
        "a dry run creates nothing: {dry}"
    );
    run(&["migrate", "--data", data], &nothing).good();
    let said = run(&[&command[..], &["--dry-run", "--balances"]].concat(), &nothing);
    assert_eq!(said.status.code(), Some(1), "{said:#?}");
    assert!(
        said.stdout.contains("12 users (dry run: nothing was recorded)"),
        "{said:#?}"
    );
    let done = run(&[&command[..], &["--balances"]].concat(), &nothing);
    assert_eq!(done.status.code(), Some(1), "{done:#?}");
    for line in [
        "skipped  h-no-address: the address must be an e-mail address",
        "note     g-taken-over: the password is left behind",
        "seen           12 users",
        "taken over     9 users with 5 passwords, 2 accounts elsewhere and 0 sessions",
        "already there  0 users",
        "skipped        3 users",
        "credited       1334.05 USD to 3 wallets",
    ] {
        assert!(done.stdout.contains(line), "{line}: {done:#?}");
    }
    let again = run(&[&command[..], &["--balances"]].concat(), &nothing);
    assert!(again.stdout.contains("already there  9 users"), "{again:#?}");
    assert!(
        again.stdout.contains("credited       0 USD to 0 wallets"),
        "{again:#?}"
    );
    run(&["ledger", "verify", "--data", data], &nothing).good();
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_it_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let file = folder.path().join("dump.json");
    for (content, expected) in [
        ("{", "dump.json"),
        ("{}", "called user"),
        (r#"{"user": 1}"#, "array of rows"),
    ] {
        std::fs::write(&file, content).unwrap();
        let command = ["import-users", "--data", data, "--from", file.to_str().unwrap()];
        let said = run(&command, &Variables::new()).bad();
        assert!(said.contains(expected), "{said}");
    }
    for from in ["postgres://ann:secret@127.0.0.1:1/old", "/nowhere/old.db"] {
        let said = run(
            &["import-users", "--data", data, "--from", from],
            &Variables::new(),
        )
        .bad();
        assert!(!said.contains("secret"), "{said}");
    }
}
