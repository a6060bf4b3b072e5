//! `cargo xtask failpoints`: processes that die at every point of the order protocol, alone or two in a row.

use crate::process::{self, cargo};
use crate::report::Report;
use crate::servers::{self, DATABASE_URL, Durability};

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask failpoints                             every point alone, and a few pairs, on both databases
  cargo xtask failpoints --pairs                     every two in a row, on both databases; many minutes
  cargo xtask failpoints --pairs --database sqlite   without PostgreSQL
  cargo xtask failpoints --only C4+C9,C9+asked       these pairs: a death at C4 and one at C9, and so on";

/// Tells the test which pairs to try.
const ONLY: &str = "FAIL_POINTS";

#[derive(clap::Args)]
pub struct Options {
    /// Try every two deaths in a row
    #[arg(long)]
    pairs: bool,
    /// Try these pairs of rows
    #[arg(long, value_name = "ROW+ROW,…")]
    only: Option<String>,
    /// On one database only
    #[arg(long, value_enum)]
    database: Option<Database>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

impl Options {
    /// What is passed to `cargo test` after the names of packages.
    fn arguments(&self) -> Vec<&'static str> {
        let mut arguments = vec!["--nocapture", "--test-threads", "2"];
        if self.pairs || self.only.is_some() {
            arguments.extend(["--ignored", "--skip", "child"]);
        }
        match self.database {
            None => {}
            Some(Database::Sqlite) => arguments.extend(["--skip", "postgres"]),
            Some(Database::Postgres) => arguments.extend(["--skip", "sqlite"]),
        }
        arguments
    }
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    let plan = match options.database {
        Some(Database::Sqlite) => None,
        None | Some(Database::Postgres) => Some(servers::plan()?),
    };
    let mut report = Report::default();
    report.run("build", || {
        process::run(&mut cargo(&["build", "--workspace", "--all-targets"]))
    });
    if report.failed() {
        return Ok(report);
    }
    let servers = plan.map(|plan| plan.start(Durability::Synced)).transpose()?;
    let mut command = cargo(&["test", "--workspace", "--test", "it", "failpoints::", "--"]);
    command.args(options.arguments());
    if let Some(only) = &options.only {
        command.env(ONLY, only);
    }
    if let Some(servers) = &servers {
        command.env(DATABASE_URL, &servers.postgres.url);
    }
    report.run("fail points", || process::run(&mut command));
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_passed_on() {
        let options = Options {
            pairs: true,
            only: None,
            database: Some(Database::Postgres),
        };
        let expected = [
            "--nocapture",
            "--test-threads",
            "2",
            "--ignored",
            "--skip",
            "child",
            "--skip",
            "sqlite",
        ];
        assert_eq!(options.arguments(), expected);
    }
}
