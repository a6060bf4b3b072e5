//! What happened, told at the end where a reader looks first.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How a step ended.
#[derive(Debug)]
enum Outcome {
    Passed,
    Failed(String),
    /// Did not run, and why.
    Skipped(String),
}

/// One step: what it was, how it ended, how long it took.
#[derive(Debug)]
struct Step {
    name: String,
    outcome: Outcome,
    took: Duration,
}

/// The steps of a run, then the notes a reader should not have to scroll for.
#[derive(Debug, Default)]
pub struct Report {
    steps: Vec<Step>,
    notes: Vec<String>,
}

impl Report {
    /// Runs a step under its name, and times it.
    pub fn run(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = match step() {
            Ok(()) => Outcome::Passed,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        self.steps.push(Step {
            name: name.to_owned(),
            outcome,
            took: started.elapsed(),
        });
    }

    /// Names a step that does not run.
    pub fn skipped(&mut self, name: &str, reason: &str) {
        let outcome = Outcome::Skipped(reason.to_owned());
        self.steps.push(Step {
            name: name.to_owned(),
            outcome,
            took: Duration::ZERO,
        });
    }

    /// Keeps a line for the end.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Takes over the steps and notes of a part of the run.
    pub fn absorb(&mut self, part: Self) {
        self.steps.extend(part.steps);
        self.notes.extend(part.notes);
    }

    pub fn failed(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }

    pub fn exit_code(&self) -> ExitCode {
        if self.failed() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            writeln!(out, "\n== summary")?;
        }
        for Step { name, outcome, took } in &self.steps {
            let seconds = took.as_secs_f64();
            match outcome {
                Outcome::Passed => writeln!(out, "passed   {seconds:>7.1} s  {name}")?,
                Outcome::Failed(reason) => writeln!(out, "FAILED   {seconds:>7.1} s  {name}: {reason}")?,
                Outcome::Skipped(reason) => writeln!(out, "skipped            {name}: {reason}")?,
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(out, "{note}"))
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_skipped_step_does_not_fail_the_run_and_is_named() {
        let mut report = Report::default();
        report.skipped("licences", "cargo-deny is not installed");
        assert!(!report.failed());
        assert!(
            report
                .to_string()
                .contains("licences: cargo-deny is not installed")
        );
    }

    #[test]
    fn one_failed_step_fails_the_run_and_says_why() {
        let mut report = Report::default();
        report.run("format", || Ok(()));
        report.run("clippy", || bail!("3 warnings"));
        assert!(report.failed());
        assert!(report.to_string().contains("clippy: 3 warnings"));
    }

    #[test]
    fn a_failed_part_fails_the_whole() {
        let mut part = Report::default();
        part.run("tests", || bail!("1 failed"));
        part.note("12 tests run: 11 passed, 1 failed");
        let mut whole = Report::default();
        whole.absorb(part);
        assert!(whole.failed());
        assert!(whole.to_string().ends_with("12 tests run: 11 passed, 1 failed\n"));
    }
}
