//! Sends HTTP requests over a fixed number of connections, and says how many were answered and how late. Or sends them one by
//! one while many streams of events are open, and says when the last of these was told.
//!
//! Closed loop: every connection sends its next request when it has its answer. That finds the maximum. Open loop:
//! requests are due at a steady rate whatever the server does, and latency counts from when a request was due, so a
//! server that stalls cannot hide it by being asked less.
//!
//! One thread and no runtime: it shares the processors with what it measures. `cargo xtask bench` builds and runs it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

mod connection;
mod plan;
mod run;
mod stream;
mod tally;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Sends requests and measures the answers.
#[derive(Parser)]
#[command(after_help = "Example: load --address 127.0.0.1:8080 --plan list.json --seconds 8 --rate 500")]
struct Options {
    /// Whom to ask
    #[arg(long)]
    address: SocketAddr,
    /// A JSON file that says what to ask: method, path, body, headers, cookies, status
    #[arg(long)]
    plan: PathBuf,
    /// How many connections
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Seconds that are measured
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Seconds before that
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Requests a second, open loop; without it the loop is closed
    #[arg(long)]
    rate: Option<f64>,
    /// A JSON file that says who watches: path, cookies, streams, quiet. The requests then go out one by one
    #[arg(long)]
    watchers: Option<PathBuf>,
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What was measured, as JSON.
fn measure(options: &Options) -> anyhow::Result<String> {
    let plan = plan::Plan::read(&options.plan)?;
    let times = run::Times {
        warm_up: Duration::from_secs_f64(options.warm_up),
        measured: Duration::from_secs_f64(options.seconds),
        between: options.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
    };
    Ok(match &options.watchers {
        None => {
            let tally = run::run(&plan, options.address, options.connections, &times)?;
            serde_json::to_string(&tally)?
        }
        Some(file) => {
            let watchers = watch::Watchers::read(file)?;
            serde_json::to_string(&watch::run(&plan, &watchers, options.address, &times)?)?
        }
    })
}
