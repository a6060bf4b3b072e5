//! Developer automation: `cargo xtask --help` lists it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

mod bench;
mod ci;
mod coverage;
mod drill;
mod failpoints;
mod group;
mod host;
mod llvm;
mod mutants;
mod openapi;
mod process;
mod report;
mod servers;
mod signals;
mod sim;
mod tally;
mod test;
mod tidy;
mod track;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

/// What the project automates for its developers and for continuous integration.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and run every test, starting the servers the tests need
    #[command(after_help = test::EXAMPLES)]
    Test(test::Options),
    /// Run everything a change has to pass before it is merged
    #[command(after_help = ci::EXAMPLES)]
    Ci(ci::Options),
    /// Write the OpenAPI document of the HTTP surface to openapi/openapi.json
    #[command(after_help = openapi::EXAMPLES)]
    Openapi(openapi::Options),
    /// Measure the product against the ground it stands on, in interleaved pairs
    #[command(after_help = bench::EXAMPLES)]
    Bench(bench::Options),
    /// Make processes die at every point of the order protocol, one at a time or in pairs
    #[command(after_help = failpoints::EXAMPLES)]
    Failpoints(failpoints::Options),
    /// Run the order protocol in simulated worlds where everything goes wrong
    #[command(after_help = sim::EXAMPLES)]
    Sim(sim::Options),
    /// Kill, freeze and lie to real processes of the product, and prove that no order and no money was lost
    #[command(after_help = drill::EXAMPLES)]
    Drill(drill::Options),
    /// Poll a crowd of open orders and measure requests, lateness and memory
    #[command(after_help = track::EXAMPLES)]
    Track(track::Options),
    /// Measure how many lines of the core the tests run
    #[command(after_help = coverage::EXAMPLES)]
    Coverage(coverage::Options),
    /// Break the money rules one by one and see whether a test notices
    #[command(after_help = mutants::EXAMPLES)]
    Mutants(mutants::Options),
}

fn main() -> ExitCode {
    let code = match run(CommandLine::parse().task) {
        Ok(report) => {
            print!("{report}");
            report.exit_code()
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    };
    if signals::interrupted() {
        ExitCode::from(signals::EXIT_CODE)
    } else {
        code
    }
}

fn run(task: Task) -> anyhow::Result<report::Report> {
    signals::watch()?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    std::env::set_current_dir(root).with_context(|| format!("cannot enter the workspace at {root}"))?;
    match task {
        Task::Test(options) => test::run(&options),
        Task::Ci(options) => ci::run(&options),
        Task::Openapi(options) => openapi::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Failpoints(options) => failpoints::run(&options),
        Task::Sim(options) => sim::run(&options),
        Task::Drill(options) => drill::run(&options),
        Task::Track(options) => track::run(&options),
        Task::Coverage(options) => coverage::run(&options),
        Task::Mutants(options) => mutants::run(&options),
    }
}
