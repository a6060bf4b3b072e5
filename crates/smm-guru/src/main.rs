//! The command `smm-guru`.

mod cli;
mod commands;
mod configuration;
mod signals;
mod telemetry;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            print_error(&format!("smm-guru: {}", sentence(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command; whether what it checked is right.
async fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Demo(args) => return Box::pin(commands::demo::run(&args)).await,
        Command::Doctor(args) => return commands::doctor::run(&args).await,
        Command::Audit(command) => return commands::audit::run(&command).await,
        Command::ImportUsers(args) => return Box::pin(commands::import_users::run(&args)).await,
        Command::Figures(command) => return commands::figures::run(&command).await,
        Command::Ledger(command) => return commands::ledger::run(&command).await,
        Command::Mail(command) => return commands::mail::run(&command).await,
        Command::Submission(command) => return commands::submission::run(&command).await,
        Command::Serve(args) => commands::serve::run(&args).await?,
        Command::Work => commands::work::run().await?,
        Command::Migrate(args) => commands::migrate::run(&args).await?,
        Command::Openapi => commands::openapi::run()?,
        Command::User(command) => commands::user::run(&command).await?,
        Command::SandboxProvider(args) => commands::sandbox_provider::run(&args).await?,
    }
    Ok(true)
}

/// The error and its causes, but for causes that an error above them tells already.
fn sentence(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

/// Prints a line for the person or program that called the command. Whoever stopped reading does not want the rest.
fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
