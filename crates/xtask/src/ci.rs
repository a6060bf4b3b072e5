//! `cargo xtask ci`: everything a change has to pass, cheapest first, each step whatever became of the others.

use anyhow::bail;

use crate::process::{cargo, has_cargo_command, run as run_command};
use crate::report::Report;
use crate::{openapi, signals, test, tidy};

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask ci           before a pull request
  cargo xtask ci --quick   before a commit: everything but the tests and the demo
  .ci/run                  all of it, as continuous integration calls it";

const LICENCES: &str = "licences, bans and sources";

#[derive(clap::Args)]
pub struct Options {
    /// Leave out the tests and the demo
    #[arg(long)]
    quick: bool,
}

/// Runs every step; the report says which failed.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    let mut report = Report::default();
    step(&mut report, "repository", tidy::check)?;
    step(&mut report, "format", || {
        run_command(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    step(&mut report, "clippy", || {
        run_command(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step(&mut report, "golden files", openapi::check)?;
    if options.quick {
        report.skipped("tests and demo", "--quick");
    } else {
        test_and_try(&mut report)?;
    }
    if has_cargo_command("deny") {
        let deny = ["deny", "check", "licenses", "bans", "sources"];
        step(&mut report, LICENCES, || run_command(&mut cargo(&deny)))?;
    } else {
        report.skipped(LICENCES, "cargo-deny is not installed");
    }
    Ok(report)
}

fn test_and_try(report: &mut Report) -> anyhow::Result<()> {
    match test::run(&test::Options::EVERYTHING) {
        Ok(tests) => report.absorb(tests),
        Err(error) => report.run("tests", || Err(error)),
    }
    step(report, "demo", || {
        run_command(&mut cargo(&["run", "--", "demo", "--exit"]))
    })?;
    Ok(())
}

/// One step, unless somebody wants to stop.
fn step(report: &mut Report, name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    if signals::interrupted() {
        bail!("interrupted");
    }
    report.run(name, step);
    Ok(())
}
