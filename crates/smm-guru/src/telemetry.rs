//! Logs, on standard error so that standard output stays the command's answer.

use std::io::IsTerminal;

use anyhow::{Context, anyhow};
use settings::{LogFormat, Settings};
use tracing_subscriber::EnvFilter;

/// Libraries that are chatty at `info`; LOG may name them again.
const QUIETER: &str = "sea_orm_migration=warn,sqlx::postgres::notice=warn,actix_server=warn";

/// Starts logging as the settings say.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = format!("{QUIETER},{}", settings.telemetry.log);
    let filter = EnvFilter::try_new(filter).context("LOG is no log filter")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.telemetry.log_format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow!("logging cannot be started: {error}"))
}
