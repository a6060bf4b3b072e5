//! `cargo xtask ci`: everything a change has to pass, cheapest first, each step whatever became of the others.

use anyhow::bail;

use crate::process::{cargo, has_cargo_command, run as run_command};
use crate::report::Report;
use crate::{openapi, signals, test, tidy};

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask ci   before a pull request
  .ci/run          the same, as continuous integration calls it";

const LICENCES: &str = "licences, bans and sources";

/// Runs every step; the report says which failed.
pub fn run() -> anyhow::Result<Report> {
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
    match test::run(&test::Options::EVERYTHING) {
        Ok(tests) => report.absorb(tests),
        Err(error) => report.run("tests", || Err(error)),
    }
    step(&mut report, "golden files", openapi::check)?;
    step(&mut report, "demo", || {
        run_command(&mut cargo(&["run", "--", "demo", "--exit"]))
    })?;
    if has_cargo_command("deny") {
        let deny = ["deny", "check", "licenses", "bans", "sources"];
        step(&mut report, LICENCES, || run_command(&mut cargo(&deny)))?;
    } else {
        report.skipped(LICENCES, "cargo-deny is not installed");
    }
    Ok(report)
}

/// One step, unless somebody wants to stop.
fn step(report: &mut Report, name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    if signals::interrupted() {
        bail!("interrupted");
    }
    report.run(name, step);
    Ok(())
}
