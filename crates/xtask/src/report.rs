//! What happened, told at the end where a reader looks first.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
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
    pub fn step(&mut self, name: impl Into<String>, outcome: Outcome, took: Duration) {
        self.steps.push(Step { name: name.into(), outcome, took });
    }

    pub fn skipped(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.step(name, Outcome::Skipped(reason.into()), Duration::ZERO);
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Takes over what a part of the run reported, as one step and its notes.
    pub fn absorb(&mut self, part: Report) {
        for step in part.steps.into_iter().filter(|step| step.outcome != Outcome::Passed) {
            let Step { name, outcome, .. } = step;
            match outcome {
                Outcome::Passed => {}
                Outcome::Failed(reason) => self.note(format!("{name}: FAILED: {reason}")),
                Outcome::Skipped(reason) => self.note(format!("{name}: skipped: {reason}")),
            }
        }
        self.notes.extend(part.notes);
    }

    pub fn failed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }

    pub fn exit_code(&self) -> ExitCode {
        if self.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
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
    use super::*;

    #[test]
    fn a_skipped_step_does_not_fail_the_run_and_is_named() {
        let mut report = Report::default();
        report.skipped("licences", "cargo-deny is not installed");
        assert!(!report.failed());
        assert!(report.to_string().contains("skipped            licences: cargo-deny is not installed"));
    }

    #[test]
    fn one_failed_step_fails_the_run() {
        let mut report = Report::default();
        report.step("format", Outcome::Passed, Duration::from_secs(1));
        report.step("clippy", Outcome::Failed("3 warnings".into()), Duration::from_secs(2));
        assert!(report.failed());
    }

    #[test]
    fn a_part_leaves_only_what_did_not_pass_and_its_notes() {
        let mut part = Report::default();
        part.step("build", Outcome::Passed, Duration::from_secs(1));
        part.skipped("Redis queue", "--no-servers");
        part.note("12 tests run");
        let mut whole = Report::default();
        whole.absorb(part);
        assert_eq!(whole.notes, ["Redis queue: skipped: --no-servers", "12 tests run"]);
    }
}
