//! The command line explains itself.

use persistence::testing::TestDatabase;

use super::program::{Variables, run};

const COMMANDS: [&[&str]; 25] = [
    &[],
    &["demo"],
    &["serve"],
    &["work"],
    &["migrate"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "head"],
    &["audit", "export"],
    &["doctor"],
    &["figures"],
    &["figures", "rebuild"],
    &["figures", "verify"],
    &["import-users"],
    &["ledger"],
    &["ledger", "verify"],
    &["openapi"],
    &["submission"],
    &["submission", "status"],
    &["submission", "pause"],
    &["submission", "release"],
    &["user"],
    &["user", "create"],
    &["user", "remove-two-factor"],
    &["sandbox-provider"],
];

#[test]
fn every_command_helps_with_an_example_and_explains_its_options() {
    for command in COMMANDS {
        let help = run(&[command, &["--help"]].concat(), &Variables::new()).good();
        let name = ["smm-guru"]
            .iter()
            .chain(command)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        let (_, examples) = help
            .split_once("Example")
            .unwrap_or_else(|| panic!("{name} has no example:\n{help}"));
        assert!(
            examples.contains(&name),
            "the example of {name} is another command's:\n{help}"
        );
    }
}

#[test]
fn the_help_of_the_simulated_panel_lists_its_faults() {
    let help = run(&["sandbox-provider", "--help"], &Variables::new()).good();
    let list = run(&["sandbox-provider", "--fault", "list"], &Variables::new()).good();
    for (fault, description) in sandbox::Fault::all() {
        assert!(
            help.contains(&fault) && help.contains(description),
            "{fault} is not in the help:\n{help}"
        );
        assert!(
            list.contains(&fault) && list.contains(description),
            "{fault} is not in the list:\n{list}"
        );
    }
}

#[test]
fn an_option_that_makes_no_sense_is_an_error_that_says_what_would() {
    for (arguments, expected) in [
        (&["sandbox-provider", "--fault", "slwo"][..], "slwo"),
        (&["sandbox-provider", "--lookup", "magic"], "reference"),
        (&["serve", "--port", "99999"], "99999"),
        (&["user", "create", "--name", "Ann"], "--email"),
        (
            &[
                "user",
                "create",
                "--name",
                "Ann",
                "--email",
                "a@example.com",
                "--password",
                "Password123",
            ],
            "too easy to guess",
        ),
        (&["fly"], "fly"),
    ] {
        let finished = run(arguments, &Variables::new());
        assert!(matches!(finished.status.code(), Some(1 | 2)), "{finished:#?}");
        assert!(finished.stderr.contains(expected), "{finished:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_lets_the_last_administrator_in_who_lost_the_app() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let user = |arguments: &[&str]| {
        let arguments = [&["user"], arguments, &["--data", data]].concat();
        run(&arguments, &Variables::new())
    };
    let email = ["--email", "boss@example.com"];
    user(&[&["create", "--admin", "--name", "Boss"][..], &email].concat()).good();
    let remove = [&["remove-two-factor"][..], &email].concat();
    assert!(user(&remove).bad().contains("is off"));
    let nobody = user(&["remove-two-factor", "--email", "nobody@example.com"]);
    assert!(nobody.bad().contains("no such user"));

    let url = format!("sqlite://{}", folder.path().join("smm-guru.db").display());
    let database = TestDatabase::existing(&url).await.unwrap();
    database
        .execute("UPDATE users SET second_factor = 'app'")
        .await
        .unwrap();
    assert!(user(&remove).good().contains("boss@example.com"));
    for (count, of) in [
        (0, "users WHERE second_factor IS NOT NULL"),
        (
            1,
            "audit_log WHERE action = 'two_factor.remove' AND actor = 'system'",
        ),
    ] {
        assert_eq!(
            database.number(&format!("SELECT COUNT(*) FROM {of}")).await,
            Ok(count),
            "{of}"
        );
    }
}
