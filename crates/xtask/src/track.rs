//! `cargo xtask track`: polls a crowd of open orders; an example of `acceptance`, so that this program does not have to be
//! linked with it.

use anyhow::Context;

use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers::{self, DATABASE_URL, Durability};

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask track                       100,000 open orders at 20 providers on SQLite; a quarter of an hour
  cargo xtask track --postgres            the same on PostgreSQL
  cargo xtask track --orders 1000000      a million
  cargo xtask track --orders 20000 --minutes 2

It ends with status 1 if a target is missed.";

/// As `cargo xtask test` builds it, so that nothing is built twice.
const BUILD: [&str; 4] = ["build", "--workspace", "--bins", "--examples"];
const PROGRAM: &str = "examples/track";

#[derive(clap::Args)]
pub struct Options {
    /// How many orders are open [default: 100000]
    #[arg(long, value_name = "N")]
    orders: Option<u64>,
    /// How many simulated providers share them [default: 20]
    #[arg(long, value_name = "N")]
    providers: Option<usize>,
    /// How many minutes are measured, and half as many with a dead provider [default: 6]
    #[arg(long, value_name = "M")]
    minutes: Option<u32>,
    /// On PostgreSQL instead of SQLite
    #[arg(long)]
    postgres: bool,
}

impl Options {
    fn arguments(&self) -> Vec<String> {
        let values = [
            ("--orders", self.orders.map(|it| it.to_string())),
            ("--providers", self.providers.map(|it| it.to_string())),
            ("--minutes", self.minutes.map(|it| it.to_string())),
        ];
        let given = values
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]));
        let database = self.postgres.then(|| "--postgres".to_owned());
        given.flatten().chain(database).collect()
    }
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    let plan = options.postgres.then(servers::plan).transpose()?;
    let mut report = Report::default();
    report.run("build the product and the crowd", || {
        process::run(&mut cargo(&BUILD))
    });
    if report.failed() {
        return Ok(report);
    }
    let servers = plan.map(|plan| plan.start(Durability::Synced)).transpose()?;
    report.run("track", || {
        // This program lies where Cargo puts the others.
        let here = std::env::current_exe()?;
        let program = here.parent().context("a build folder")?.join(PROGRAM);
        let mut command = process::tied(program);
        command.args(options.arguments());
        if let Some(servers) = &servers {
            command.env(DATABASE_URL, &servers.postgres.url);
        }
        process::run(&mut command)
    });
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_passed_on() {
        let options = Options {
            orders: Some(7),
            providers: None,
            minutes: Some(2),
            postgres: true,
        };
        assert_eq!(
            options.arguments(),
            ["--orders", "7", "--minutes", "2", "--postgres"]
        );
    }
}
