//! `cargo xtask test`: every test, against real servers, on a machine that has nothing but Rust.

use std::io::IsTerminal;
use std::num::NonZero;
use std::process::Command;

use anyhow::ensure;

use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers::{self, DATABASE_URL, Durability, REDIS_URL, Servers};
use crate::tally::Tally;

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask test                                  everything; starts PostgreSQL and Redis
  cargo xtask test --fast                           the same, with a PostgreSQL that does not sync
  cargo xtask test --filter 'package(persistence)'  one crate
  cargo xtask test --filter 'test(refund)'          tests by name
  cargo xtask test --no-servers                     without PostgreSQL and Redis; says what is skipped
  TEST_DATABASE_URL=postgres://me@localhost/postgres TEST_REDIS_URL=redis://localhost/ cargo xtask test";

/// Turns a test that would skip itself for want of a server into a failure.
const REQUIRE_SERVERS: &str = "REQUIRE_SERVERS";

/// Tests wait for servers and clocks more than they compute, so a small machine carries more of them than it has cores.
const TEST_THREADS_MIN: usize = 4;

/// What does not run without servers.
const SUITES_ON_SERVERS: [&str; 3] = [
    "PostgreSQL repository contract",
    "Redis queue, cache and rate limit",
    "distributed acceptance",
];

#[derive(clap::Args)]
pub struct Options {
    /// Run only matching tests: a cargo-nextest filter expression, or a part of a name without cargo-nextest
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// Run without PostgreSQL and Redis, skipping the tests that need them
    #[arg(long)]
    no_servers: bool,
    /// Let the throw-away PostgreSQL keep commits in memory
    #[arg(long, conflicts_with = "no_servers")]
    fast: bool,
}

impl Options {
    /// As in the README.
    pub const EVERYTHING: Self = Self {
        filter: None,
        no_servers: false,
        fast: false,
    };
}

/// Builds, starts servers, runs the tests and the documentation's examples.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    let plan = if options.no_servers {
        None
    } else {
        Some(servers::plan()?)
    };
    let mut report = Report::default();
    report.run("build", || {
        process::run(&mut cargo(&["build", "--workspace", "--all-targets"]))
    });
    if report.failed() {
        return Ok(report);
    }
    let durability = if options.fast {
        Durability::Fast
    } else {
        Durability::Synced
    };
    let servers = plan.map(|plan| plan.start(durability)).transpose()?;
    let (name, mut command) = runner(options.filter.as_deref());
    run_tests(&mut report, name, &mut command, servers.as_ref());
    match &options.filter {
        None => {
            let mut command = cargo(&["test", "--workspace", "--doc"]);
            run_tests(
                &mut report,
                "documentation examples",
                &mut command,
                servers.as_ref(),
            );
        }
        Some(_) => report.skipped("documentation examples", "--filter is about tests"),
    }
    match &servers {
        Some(Servers { postgres, redis }) => {
            report.note(format!("PostgreSQL: {}", postgres.origin));
            report.note(format!("Redis: {}", redis.origin));
        }
        None => SUITES_ON_SERVERS
            .iter()
            .for_each(|suite| report.skipped(suite, "--no-servers")),
    }
    Ok(report)
}

/// The test runner that is installed, and what to call its step.
fn runner(filter: Option<&str>) -> (&'static str, Command) {
    if process::has_cargo_command("nextest") {
        let mut command = cargo(&["nextest", "run", "--workspace", "--profile", "ci"]);
        command
            .args(["--test-threads", &threads()])
            .args(filter.into_iter().flat_map(|filter| ["-E", filter]));
        return ("tests (cargo nextest)", command);
    }
    let mut command = cargo(&["test", "--workspace", "--all-targets", "--no-fail-fast"]);
    command.args(filter).args(["--", "--test-threads", &threads()]);
    ("tests (cargo test)", command)
}

/// How many tests run at once.
fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    cores.max(TEST_THREADS_MIN).to_string()
}

/// One step of the report, with what the runner itself counted as a note.
fn run_tests(report: &mut Report, name: &str, command: &mut Command, servers: Option<&Servers>) {
    match servers {
        Some(Servers { postgres, redis }) => {
            command
                .env(DATABASE_URL, &postgres.url)
                .env(REDIS_URL, &redis.url)
                .env(REQUIRE_SERVERS, "1");
        }
        None => [DATABASE_URL, REDIS_URL, REQUIRE_SERVERS]
            .iter()
            .for_each(|name| {
                command.env_remove(name);
            }),
    }
    if std::io::stdout().is_terminal() {
        // The runner writes to us, and we write to the terminal.
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut tally = Tally::default();
    report.run(name, || {
        let status = process::run_watched(command, |line| tally.read(line))?;
        ensure!(status.success(), "{} failed: {status}", process::line(command));
        Ok(())
    });
    report.note(format!("{name}: {tally}"));
}
