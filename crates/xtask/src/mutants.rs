//! `cargo xtask mutants`: breaks the money rules one by one and sees whether a test notices, with cargo-mutants.

use anyhow::ensure;

use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers::{self, DATABASE_URL, Durability, REDIS_URL};

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask mutants                   the rules: money, wallets, the ledger, refunds, the order's moves
  cargo xtask mutants --database        how the database does them: wallet changes, the ledger and its check
  cargo xtask mutants --list            what would be broken

Needs cargo-mutants (`cargo install cargo-mutants --locked`) and cargo-nextest. It works on a copy of the sources; what it
found is in target/mutants.out.";

const OUTPUT: &str = "target";
/// A mutant that loops for ever counts as noticed.
const TIME_MAX_SECONDS: &str = "300";
const RULES: Subject = Subject {
    package: "domain",
    files: &[
        "crates/domain/src/money.rs",
        "crates/domain/src/wallets/*.rs",
        "crates/domain/src/orders/*.rs",
    ],
};
const DATABASE: Subject = Subject {
    package: "persistence",
    files: &[
        "crates/persistence/src/wallets/*.rs",
        "crates/persistence/src/ledger/*.rs",
    ],
};

/// What is broken.
struct Subject {
    package: &'static str,
    files: &'static [&'static str],
}

#[derive(clap::Args)]
pub struct Options {
    /// Break what the database does with money instead of the rules; starts PostgreSQL and Redis
    #[arg(long)]
    database: bool,
    /// Print the mutants and do nothing
    #[arg(long)]
    list: bool,
}

/// Fails if a mutant survives.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(
        process::has_cargo_command("mutants"),
        "cargo-mutants is missing: cargo install cargo-mutants --locked"
    );
    let mut report = Report::default();
    if options.list {
        report.run("list", || {
            process::run(cargo(&["mutants", "--list"]).args(files(options)))
        });
        return Ok(report);
    }
    let mut command = cargo(&[
        "mutants",
        "--test-tool=nextest",
        "--profile=mutants",
        "--output",
        OUTPUT,
    ]);
    command.args(["--timeout", TIME_MAX_SECONDS]).args(files(options));
    let servers = options
        .database
        .then(|| servers::plan()?.start(Durability::Fast))
        .transpose()?;
    if let Some(servers) = &servers {
        command
            .env(DATABASE_URL, &servers.postgres.url)
            .env(REDIS_URL, &servers.redis.url);
    }
    report.run("mutants", || process::run(&mut command));
    Ok(report)
}

fn files(options: &Options) -> Vec<&'static str> {
    let subject = if options.database { DATABASE } else { RULES };
    let files = subject.files.iter().flat_map(|file| ["--file", file]);
    ["--package", subject.package].into_iter().chain(files).collect()
}
