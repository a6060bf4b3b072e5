//! `cargo xtask bench`: the product against the ground it stands on. Ratios, because this says something on any machine.

mod arms;
mod embedded;
mod http;
mod lab;
mod large;
mod load;
mod meter;
mod placement;
mod program;
mod record;
mod rounds;
mod scenarios;
mod stats;
mod table;
mod world;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure};

use self::lab::Lab;
use self::record::{Record, Row};
use self::stats::Verdict;
use crate::process::{self, cargo};
use crate::report::Report;

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask bench                          everything: about an hour
  cargo xtask bench --quick                  three short pairs of everything: does it work at all?
  cargo xtask bench --only P-1,P-3           placing and listing orders
  cargo xtask bench --only P-16 --orders 10000000
  cargo xtask bench --report                 the table of the latest run once more
  cargo xtask bench --report target/bench/20261121153000.json

It starts PostgreSQL and Redis by itself, on 127.0.0.1, and keeps every number in target/bench. It ends with status 1 if a
target is missed by more than a tenth.";

const NODE: &str = "crates/xtask/bench/node";
/// Without examples and tests: what they need would change how the product itself is built.
const BUILD: [&str; 4] = ["build", "--release", "--workspace", "--bins"];

#[derive(clap::Args)]
pub struct Options {
    /// Measure these targets alone
    #[arg(long, value_name = "P-1,P-3", value_delimiter = ',')]
    only: Vec<String>,
    /// How many pairs
    #[arg(long, default_value_t = 9)]
    pairs: usize,
    /// Seconds that each half of a pair is measured
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Orders in the large database
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    /// Three pairs of two seconds and a smaller large database
    #[arg(long)]
    quick: bool,
    /// Print the table of a run again, the latest unless a file is named, and measure nothing
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    report: Option<Option<PathBuf>>,
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    if let Some(file) = &options.report {
        return judged(&Record::read(file.as_deref())?);
    }
    let wanted = scenarios::wanted(&options.only)?;
    let mut report = Report::default();
    report.run("build for release", || process::run(&mut cargo(&BUILD)));
    if report.failed() {
        return Ok(report);
    }
    let (seconds, pairs, orders) = if options.quick {
        (2.0, 3, 50_000)
    } else {
        (options.seconds, options.pairs, options.orders)
    };
    ensure!(
        seconds >= 1.0 && pairs > 0,
        "a measurement takes a second or more, and a pair at least"
    );
    let lab = Lab::open(seconds, (seconds / 3.0).clamp(1.0, 3.0), pairs, orders)?;
    node_packages()?;
    let mut record = begun(&lab)?;
    let world = lab.furnished()?;
    for (name, scenario) in wanted {
        println!("\n== {name}");
        match scenario(&lab, &world) {
            Ok(measured) => record.scenarios.push(measured),
            Err(error) => {
                eprintln!("{name} could not be measured: {error:#}");
                report.run(name, || Err(error));
            }
        }
        // A run that is interrupted has lost nothing but what it was doing.
        record.keep()?;
    }
    report.note(format!("kept in {}", record.keep()?.display()));
    report.absorb(judged(&record)?);
    Ok(report)
}

/// The table, and a step of the report for each target that is missed.
fn judged(record: &Record) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let rows = record.scenarios.iter().flat_map(|scenario| &scenario.rows);
    for row in rows {
        if matches!(row.verdict(), Verdict::Missed) {
            let Row { target, what, .. } = row;
            report.run(&format!("{target} {what}"), || {
                bail!("missed: {:.2}", row.median())
            });
        }
    }
    report.note(format!("\n{}", table::markdown(record)));
    Ok(report)
}

/// What the baselines need, as their lock file says.
fn node_packages() -> anyhow::Result<()> {
    if Path::new(NODE).join("node_modules").is_dir() {
        return Ok(());
    }
    println!("installing the packages of the baselines");
    // Not `ci`, which refuses a lock file without the packages that other systems would need.
    process::run(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund"])
            .current_dir(NODE),
    )
}

/// The record of a run that begins now.
fn begun(lab: &Lab) -> anyhow::Result<Record> {
    let said = |program: &str, arguments: &[&str]| process::output(Command::new(program).args(arguments));
    let first_line = |text: String| text.lines().next().unwrap_or_default().trim().to_owned();
    let changed = !said("git", &["status", "--porcelain", "--untracked-files=no"])?
        .trim()
        .is_empty();
    let commit = first_line(said("git", &["rev-parse", "--short=12", "HEAD"])?);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let postgres = lab.sql("postgres", "SELECT current_setting('server_version')")?;
    Ok(Record {
        commit: if changed {
            format!("{commit} and changes")
        } else {
            commit
        },
        date: first_line(said("date", &["-u", "+%Y-%m-%d %H:%M:%S"])?),
        machine: vec![
            format!(
                "{cores} processors, {}",
                model.unwrap_or_default().trim_start_matches(['\t', ':', ' '])
            ),
            format!("Linux {}", first_line(said("uname", &["-r"])?)),
            format!(
                "PostgreSQL {}, {}, Node {}",
                first_line(postgres),
                first_line(said("redis-server", &["--version"])?),
                first_line(said("node", &["--version"])?)
            ),
            first_line(said("rustc", &["--version"])?),
        ],
        settings: vec![format!(
            "{} pairs of {} s each, after {:.1} s of warm-up; fsync and synchronous_commit on; {} connections to the database; \
             the load comes from the same machine",
            lab.pairs,
            lab.seconds,
            lab.warm_up,
            lab::CONNECTIONS
        )],
        scenarios: Vec::new(),
    })
}
