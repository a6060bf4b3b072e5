//! The command line explains itself.

use super::program::{Variables, run};

const COMMANDS: [&[&str]; 24] = [
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
