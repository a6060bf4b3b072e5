//! The simulator of the order protocol on the command line; `cargo xtask sim` builds and runs it.

#![expect(clippy::print_stdout, reason = "a command line program talks to its terminal")]

use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use testkit::simulator::{Mode, Mutant, Rules, replay, run, search};

/// Runs the order protocol in worlds where everything goes wrong
#[derive(Parser)]
struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// Run this seed alone and print its whole history; with --seeds, the first of so many
    #[arg(long)]
    seed: Option<u64>,
    /// Also ask that every order comes to an end once the faults stop
    #[arg(long)]
    liveness: bool,
    /// Leave a rule of the protocol out, to see the simulator notice: no-quarantine, no-durable-intent,
    /// no-unique-attempt, no-hold, absence-as-of-recording, any-claim-taken-back, no-restore-guard
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
    /// How many threads; as many as there are processors if not given
    #[arg(long)]
    threads: Option<usize>,
    /// Print how often each kind of thing happened
    #[arg(long)]
    events: bool,
}

fn mutant(word: &str) -> Result<Mutant, String> {
    let known = Mutant::ALL.into_iter().find(|mutant| mutant.as_str() == word);
    known.ok_or_else(|| format!("there is no mutant {word}"))
}

fn main() -> ExitCode {
    let asked_for_many = std::env::args().any(|argument| argument.starts_with("--seeds"));
    let options = Options::parse();
    let rules = options.mutant.map_or(Rules::PRODUCT, Rules::without);
    let mode = if options.liveness {
        Mode::Liveness
    } else {
        Mode::Safety
    };
    match options.seed {
        Some(seed) if !asked_for_many => one(seed, rules, mode),
        first => many(first.unwrap_or_default(), &options, rules, mode),
    }
}

fn one(seed: u64, rules: Rules, mode: Mode) -> ExitCode {
    let (history, violation) = replay(seed, rules, mode);
    for line in history {
        println!("{line}");
    }
    if violation.is_none() {
        println!("seed {seed}: everything held");
        return ExitCode::SUCCESS;
    }
    if let Err(failure) = run(seed, rules, mode) {
        println!("\n{failure}");
    }
    ExitCode::FAILURE
}

fn many(first: u64, options: &Options, rules: Rules, mode: Mode) -> ExitCode {
    let bar = ProgressBar::new(options.seeds);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    let seeds = first..first.saturating_add(options.seeds);
    let found = search(seeds, rules, mode, options.threads, || bar.inc(1));
    bar.finish_and_clear();
    match found {
        Ok(summary) => {
            if options.events {
                for (event, count) in &summary.events {
                    println!("{count:>12}  {event}");
                }
            }
            if options.liveness {
                println!(
                    "after the faults, every order had ended within {:?}",
                    summary.ended_after
                );
            }
            println!("{} seeds from {first} on: everything held", options.seeds);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}
