//! What a test runner says about its own run.

use std::fmt;

/// A run of thousands of failures is not told twice.
const LINES_KEPT_MAX: usize = 60;

/// The summary of cargo-nextest as it printed it, or the sum of the result lines of `cargo test`.
#[derive(Debug, Default)]
pub struct Tally {
    /// From the summary of cargo-nextest on: the counts, then the tests that did not pass.
    summary: Vec<String>,
    results: Counts,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Takes one line of the runner's output.
    pub fn read(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim();
        if line.starts_with("Summary [") || (!self.summary.is_empty() && self.summary.len() < LINES_KEPT_MAX)
        {
            self.summary.push(line.to_owned());
        } else if let Some(counts) = line.strip_prefix("test result: ").and_then(Counts::parse) {
            self.results.passed += counts.passed;
            self.results.failed += counts.failed;
            self.results.ignored += counts.ignored;
        }
    }
}

impl Counts {
    /// Reads `ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
    fn parse(line: &str) -> Option<Self> {
        let (_, counts) = line.split_once(". ")?;
        let of = |kind: &str| {
            let number = counts.split("; ").find_map(|part| part.strip_suffix(kind))?;
            number.trim().parse().ok()
        };
        Some(Self {
            passed: of("passed")?,
            failed: of("failed")?,
            ignored: of("ignored")?,
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            passed,
            failed,
            ignored,
        } = self.results;
        match self.summary.as_slice() {
            [] => write!(out, "{passed} passed, {failed} failed, {ignored} ignored"),
            lines => out.write_str(&lines.join("\n  ")),
        }
    }
}

/// Drops the colour codes of a terminal: everything from ESC to the letter that ends the code.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut in_code = false;
    for character in line.chars() {
        match (in_code, character) {
            (false, '\u{1b}') => in_code = true,
            (false, _) => plain.push(character),
            (true, _) => in_code = !character.is_ascii_alphabetic(),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> String {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally.to_string()
    }

    #[test]
    fn the_results_of_every_test_binary_add_up() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(tally(output), "5 passed, 1 failed, 1 ignored");
    }

    #[test]
    fn the_summary_of_nextest_is_kept_with_the_failures_below_it() {
        let output = "    PASS [   0.003s] domain money\n\u{1b}[1m     Summary\u{1b}[0m [   0.1s] 2 tests run: 1 passed, 1 failed\n\
            \u{1b}[31m        FAIL\u{1b}[0m [   0.1s] domain refund\n";
        assert_eq!(
            tally(output),
            "Summary [   0.1s] 2 tests run: 1 passed, 1 failed\n  FAIL [   0.1s] domain refund"
        );
    }

    #[test]
    fn a_runner_that_counted_nothing_ran_nothing() {
        assert_eq!(
            tally("error: could not compile `domain`\n"),
            "0 passed, 0 failed, 0 ignored"
        );
    }
}
