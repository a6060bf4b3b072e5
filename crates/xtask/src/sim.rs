//! `cargo xtask sim`: the simulator of the order protocol, built with optimisation as an example of `testkit`, so that
//! this program does not have to be linked with it.

use crate::process::{self, cargo};
use crate::report::Report;

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask sim --seeds 1000000                  a million worlds of faults
  cargo xtask sim --seeds 20000 --liveness         and does everything end once the faults stop?
  cargo xtask sim --seed 52                        one world, told line by line
  cargo xtask sim --seed 1000000 --seeds 1000000   the second million
  cargo xtask sim --mutant no-quarantine           a rule left out: what goes wrong, in as few steps as it takes";

const BUILD: [&str; 6] = ["build", "--release", "--package", "testkit", "--example", "sim"];
const RUN: [&str; 8] = [
    "run",
    "--quiet",
    "--release",
    "--package",
    "testkit",
    "--example",
    "sim",
    "--",
];

#[derive(clap::Args)]
pub struct Options {
    /// How many seeds to run [default: 10000]
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Run this seed alone and print its whole history; with --seeds, the first of so many
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Also ask that every order comes to an end once the faults stop
    #[arg(long)]
    liveness: bool,
    /// Leave a rule of the protocol out: no-quarantine, no-durable-intent, no-unique-attempt, no-hold,
    /// absence-as-of-recording, any-claim-taken-back, no-restore-guard
    #[arg(long, value_name = "RULE")]
    mutant: Option<String>,
    /// How many threads [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print how often each kind of thing happened
    #[arg(long)]
    events: bool,
}

impl Options {
    fn arguments(&self) -> Vec<String> {
        let values = [
            ("--seeds", self.seeds.map(|seeds| seeds.to_string())),
            ("--seed", self.seed.map(|seed| seed.to_string())),
            ("--mutant", self.mutant.clone()),
            ("--threads", self.threads.map(|threads| threads.to_string())),
        ];
        let flags = [("--liveness", self.liveness), ("--events", self.events)];
        let values = values
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]))
            .flatten();
        let flags = flags.into_iter().filter(|(_, given)| *given);
        values.chain(flags.map(|(name, _)| name.to_owned())).collect()
    }
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    let mut report = Report::default();
    report.run("build the simulator", || process::run(&mut cargo(&BUILD)));
    if !report.failed() {
        report.run("simulator", || {
            process::run(cargo(&RUN).args(options.arguments()))
        });
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_passed_on() {
        let options = Options {
            seeds: Some(7),
            seed: None,
            liveness: true,
            mutant: Some("no-hold".to_owned()),
            threads: None,
            events: false,
        };
        assert_eq!(
            options.arguments(),
            ["--seeds", "7", "--mutant", "no-hold", "--liveness"]
        );
    }
}
