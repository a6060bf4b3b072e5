//! `cargo xtask test`: every test, against real servers, on a machine that has nothing but Rust.

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers::{self, DATABASE_URL, Durability, REDIS_URL, Servers};

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

/// What does not run without servers.
const SUITES_ON_SERVERS: [&str; 3] =
    ["PostgreSQL repository contract", "Redis queue, cache and rate limit", "distributed acceptance"];

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
    pub const EVERYTHING: Self = Self { filter: None, no_servers: false, fast: false };
}

/// Builds, starts servers, runs the tests and the documentation's examples.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    let plan = if options.no_servers { None } else { Some(servers::plan()?) };
    let mut report = Report::default();
    report.run("build", || process::run(&mut cargo(&["build", "--workspace", "--all-targets"])));
    if report.failed() {
        return Ok(report);
    }
    let durability = if options.fast { Durability::Fast } else { Durability::Synced };
    let servers = plan.map(|plan| plan.start(durability)).transpose()?;
    let mut tallies = Vec::new();
    report.run("tests", || {
        let (mut command, mut tally) = runner(options.filter.as_deref());
        counted(&mut command, servers.as_ref(), &mut tally).inspect(|()| ()).map(|()| tallies.push(tally))
    });
    Ok(report)
}
