//! `cargo xtask coverage`: how many lines of the core the tests run, with cargo-llvm-cov.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::llvm;
use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers::{self, DATABASE_URL, Durability, REDIS_URL};

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask coverage                     domain and application, by their own tests and over HTTP
  cargo xtask coverage --filter 'all()'    by every test
  cargo xtask coverage --html              a page for each source file, in target/llvm-cov/html

Needs cargo-llvm-cov (`cargo install cargo-llvm-cov --locked`), cargo-nextest, and LLVM's tools.";

/// The crates in which every rule and every use case lives.
const CORE: [&str; 2] = ["domain", "application"];
/// Lines that the tests must run, of each of these crates.
const PERCENT_MIN: f64 = 90.0;
/// The tests whose subject is the core. Those of whole processes are left out: a process that is killed writes no counters.
const TESTS_OF_THE_CORE: &str =
    "package(domain) | package(application) | package(testkit) | (package(acceptance) - test(processes))";
/// Lines of a file that are listed as not run, from so many on.
const UNSEEN_SHOWN_FROM: u64 = 10;
const SUMMARY: &str = "target/llvm-cov/summary.json";

#[derive(clap::Args)]
pub struct Options {
    /// Which tests run: a cargo-nextest filter expression
    #[arg(long, value_name = "EXPR", default_value = TESTS_OF_THE_CORE)]
    filter: String,
    /// Also write a page for each source file
    #[arg(long)]
    html: bool,
}

/// Runs the tests with counters in the code and judges what they counted.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(
        process::has_cargo_command("llvm-cov"),
        "cargo-llvm-cov is missing: cargo install cargo-llvm-cov --locked"
    );
    let tools = llvm::tools()?;
    let llvm_cov = |arguments: &[&str]| {
        let mut command = cargo(&["llvm-cov"]);
        command
            .args(arguments)
            .env("LLVM_COV", &tools.cov)
            .env("LLVM_PROFDATA", &tools.profdata);
        command
    };
    let servers = servers::plan()?.start(Durability::Fast)?;
    let mut report = Report::default();
    report.run("tests with counters", || {
        // A test of the whole product runs the program, which must have counters too.
        let mut tests = llvm_cov(&["nextest", "--workspace", "--no-report", "--no-fail-fast"]);
        tests
            .args(["-E", &options.filter])
            .env(DATABASE_URL, &servers.postgres.url)
            .env(REDIS_URL, &servers.redis.url);
        process::run(&mut tests)
    });
    report.run("lines of the core", || {
        summarize(&mut llvm_cov(&["report", "--json", "--summary-only"]))?;
        judge(&read(Path::new(SUMMARY))?)
    });
    if options.html {
        report.run("pages", || process::run(&mut llvm_cov(&["report", "--html"])));
    }
    Ok(report)
}

fn summarize(command: &mut Command) -> anyhow::Result<()> {
    if let Some(folder) = Path::new(SUMMARY).parent() {
        fs::create_dir_all(folder)?;
    }
    process::run(command.args(["--output-path", SUMMARY]))
}

#[derive(Deserialize)]
struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

/// Lines with code, and how many of them ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
struct Lines {
    count: u64,
    covered: u64,
}

impl Lines {
    fn percent(self) -> f64 {
        let number = |lines: u64| f64::from(u32::try_from(lines).unwrap_or(u32::MAX));
        number(self.covered) * 100.0 / number(self.count.max(1))
    }

    const fn unseen(self) -> u64 {
        self.count.saturating_sub(self.covered)
    }
}

/// The lines of each file of the core.
fn read(summary: &Path) -> anyhow::Result<BTreeMap<String, Lines>> {
    let text = fs::read_to_string(summary).context("cargo-llvm-cov wrote no summary")?;
    of_the_core(&text)
}

fn of_the_core(summary: &str) -> anyhow::Result<BTreeMap<String, Lines>> {
    let export: Export = serde_json::from_str(summary).context("the summary cannot be read")?;
    let files = export.data.into_iter().flat_map(|data| data.files);
    let named = files.filter_map(|file| Some((core_file(&file.filename)?, file.summary.lines)));
    Ok(named.collect())
}

/// `domain/src/money.rs`, if the file is one of the core.
fn core_file(path: &str) -> Option<String> {
    CORE.iter().find_map(|name| {
        let (_, file) = path.split_once(&format!("/crates/{name}/src/"))?;
        Some(format!("{name}/src/{file}"))
    })
}

fn judge(files: &BTreeMap<String, Lines>) -> anyhow::Result<()> {
    for (file, lines) in files
        .iter()
        .filter(|(_, lines)| lines.unseen() >= UNSEEN_SHOWN_FROM)
    {
        println!(
            "{:>6.1} %  {:>4} lines not run  {file}",
            lines.percent(),
            lines.unseen()
        );
    }
    let mut low = Vec::new();
    for name in CORE {
        let whole = whole(files, name);
        ensure!(whole.count > 0, "no line of {name} was counted");
        let percent = whole.percent();
        println!("{percent:>6.1} %  of {} lines  {name}", whole.count);
        if percent < PERCENT_MIN {
            low.push(format!("{name} {percent:.1} %"));
        }
    }
    ensure!(
        low.is_empty(),
        "below {PERCENT_MIN} % of lines: {}",
        low.join(", ")
    );
    Ok(())
}

fn whole(files: &BTreeMap<String, Lines>, name: &str) -> Lines {
    let prefix = format!("{name}/");
    let own = files.iter().filter(|(file, _)| file.starts_with(&prefix));
    own.fold(Lines::default(), |sum, (_, lines)| Lines {
        count: sum.count + lines.count,
        covered: sum.covered + lines.covered,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(files: &[(&str, u64, u64)]) -> String {
        let files: Vec<String> = files
            .iter()
            .map(|(name, count, covered)| {
                format!(r#"{{"filename":"/x/crates/{name}","summary":{{"lines":{{"count":{count},"covered":{covered}}}}}}}"#)
            })
            .collect();
        format!(r#"{{"data":[{{"files":[{}]}}]}}"#, files.join(","))
    }

    #[test]
    fn only_files_of_the_core_count() {
        let text = summary(&[("domain/src/money.rs", 10, 9), ("api/src/lib.rs", 10, 0)]);
        let files = of_the_core(&text).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["domain/src/money.rs"]);
        assert_eq!(
            whole(&files, "domain"),
            Lines {
                count: 10,
                covered: 9
            }
        );
    }

    #[test]
    fn one_crate_below_the_limit_fails_and_is_named() {
        let text = summary(&[("domain/src/a.rs", 100, 95), ("application/src/b.rs", 100, 89)]);
        let error = judge(&of_the_core(&text).unwrap()).unwrap_err().to_string();
        assert_eq!(error, "below 90 % of lines: application 89.0 %");
        let text = summary(&[("domain/src/a.rs", 100, 95), ("application/src/b.rs", 100, 90)]);
        judge(&of_the_core(&text).unwrap()).unwrap();
    }

    #[test]
    fn a_core_that_was_not_counted_does_not_pass() {
        let text = summary(&[("domain/src/a.rs", 100, 100)]);
        assert!(judge(&of_the_core(&text).unwrap()).is_err());
    }
}
