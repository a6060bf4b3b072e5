//! Logs, on standard error so that standard output stays the command's answer.

use anyhow::{Context, anyhow};
use settings::{LogFormat, Settings};
use tracing_subscriber::EnvFilter;

/// Starts logging as the settings say.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.telemetry.log).context("LOG is no log filter")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.telemetry.log_format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow!("logging cannot be started: {error}"))
}
