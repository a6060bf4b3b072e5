//! `cargo xtask drill`: the kill drill, an example of `acceptance`, so that this program does not have to be linked with
//! it. It runs the program that is built beside it.

use anyhow::Context;

use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers;

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask drill                                 1,000 orders and 60 kills, on both ways to run the product
  cargo xtask drill --seed 7 --distributed          another world, on PostgreSQL and Redis only
  cargo xtask drill --orders 5000 --kills 300 --minutes 15
  cargo xtask drill --embedded --orders 200 --kills 12 --minutes 0.3
                                                    about as the test run does it";

/// As `cargo xtask test` builds it, so that nothing is built twice.
const BUILD: [&str; 4] = ["build", "--workspace", "--bins", "--examples"];
const PROGRAM: &str = "examples/drill";

#[derive(clap::Args)]
pub struct Options {
    /// What everything random follows from [default: 1]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// How many orders customers place [default: 1000]
    #[arg(long, value_name = "N")]
    orders: Option<u64>,
    /// How long things go wrong [default: 3]
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// How many times a process is killed [default: 60]
    #[arg(long, value_name = "N")]
    kills: Option<u64>,
    /// How many seconds after the last kill every order must have ended [default: 90]
    #[arg(long, value_name = "SECONDS")]
    drain: Option<u64>,
    /// Only one process with SQLite
    #[arg(long)]
    embedded: bool,
    /// Only API nodes and workers on PostgreSQL and Redis
    #[arg(long)]
    distributed: bool,
    /// Keep data and logs even if nothing is wrong
    #[arg(long)]
    keep: bool,
}

impl Options {
    fn arguments(&self) -> Vec<String> {
        let values = [
            ("--seed", self.seed.map(|it| it.to_string())),
            ("--orders", self.orders.map(|it| it.to_string())),
            ("--minutes", self.minutes.map(|it| it.to_string())),
            ("--kills", self.kills.map(|it| it.to_string())),
            ("--drain", self.drain.map(|it| it.to_string())),
        ];
        let flags = [
            ("--embedded", self.embedded),
            ("--distributed", self.distributed),
            ("--keep", self.keep),
        ];
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
    if options.distributed || !options.embedded {
        servers::install_programs()?;
    }
    report.run("build the product and the drill", || {
        process::run(&mut cargo(&BUILD))
    });
    if !report.failed() {
        report.run("drill", || {
            // This program lies where Cargo puts the others.
            let here = std::env::current_exe()?;
            let program = here.parent().context("a build folder")?.join(PROGRAM);
            process::run(process::tied(program).args(options.arguments()))
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
            seed: Some(7),
            orders: None,
            minutes: Some(0.5),
            kills: None,
            drain: None,
            embedded: true,
            distributed: false,
            keep: true,
        };
        assert_eq!(
            options.arguments(),
            ["--seed", "7", "--minutes", "0.5", "--embedded", "--keep"]
        );
    }
}
