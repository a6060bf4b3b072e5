//! The kill drill: real processes of the product at work while everything they stand on is killed, frozen, flushed and
//! lied to; then everything that must be true is asked. `cargo xtask drill` builds and runs it.

#![expect(clippy::print_stdout, reason = "a command line program talks to its terminal")]

mod books;
mod chance;
mod customers;
mod fleet;
mod ground;
mod http;
mod oracle;
mod plan;
mod postgres;
mod process;
mod redis;
mod report;
mod round;
mod shop;
mod staff;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;

/// Kills, freezes, floods and lies to real processes of the product, and counts what is wrong afterwards
#[derive(Debug, Clone, Parser)]
pub struct Options {
    /// What everything random follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many orders customers place
    #[arg(long, default_value_t = 1_000)]
    orders: u64,
    /// How long things go wrong
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// How many times a process is killed
    #[arg(long, default_value_t = 60)]
    kills: u64,
    /// How long after the last kill every order must have ended, in seconds
    #[arg(long, default_value_t = 90)]
    drain: u64,
    /// One process with SQLite; both if neither is asked for
    #[arg(long)]
    embedded: bool,
    /// Two API nodes and three workers on PostgreSQL and Redis; both if neither is asked for
    #[arg(long)]
    distributed: bool,
    /// Keep data and logs even if nothing is wrong
    #[arg(long)]
    keep: bool,
}

/// A way to run the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One process with SQLite.
    Embedded,
    /// API nodes and workers on PostgreSQL and Redis.
    Distributed,
}

impl Options {
    fn shapes(&self) -> Vec<Shape> {
        let both = self.embedded == self.distributed;
        let embedded = (both || self.embedded).then_some(Shape::Embedded);
        embedded
            .into_iter()
            .chain((both || self.distributed).then_some(Shape::Distributed))
            .collect()
    }

    fn storm(&self) -> anyhow::Result<Duration> {
        Duration::try_from_secs_f64(self.minutes * 60.0).context("--minutes")
    }
}

/// The product, built beside this program.
fn program() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here
        .parent()
        .and_then(|folder| folder.parent())
        .context("a build folder")?;
    let program = folder.join("smm-guru");
    ensure!(
        program.is_file(),
        "{} is not built: run `cargo xtask drill`, or `cargo build --workspace --all-targets` first",
        program.display()
    );
    Ok(program)
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    // No library of the product is at work here that would have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match drill(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the drill itself failed with seed {}: {error:#}", options.seed);
            ExitCode::FAILURE
        }
    }
}

async fn drill(options: &Options) -> anyhow::Result<bool> {
    let program = program()?;
    let mut right = true;
    for shape in options.shapes() {
        let round = round::run(options, shape, &program);
        let done = tokio::select! {
            done = round => done?,
            // Leaving drops every process, which ends it.
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                anyhow::bail!("interrupted");
            }
        };
        right &= done;
    }
    Ok(right)
}
