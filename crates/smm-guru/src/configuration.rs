//! Settings for commands, and the system that they describe.

use std::path::PathBuf;

use anyhow::{anyhow, bail, ensure};
use settings::{Overrides, Settings, SettingsError};
use smm_guru::{Blueprint, OpenError, Storage, System};

/// What to do about a database that is not there.
pub const ADVICE_ON_MISSING_FILE: &str =
    "Check --data; `smm-guru serve` or `smm-guru migrate` creates a new installation.";

/// Loads the settings of this process; the command line has the last word.
pub fn load(data_dir: Option<PathBuf>, port: Option<u16>) -> Result<Settings, SettingsError> {
    Settings::load(&Overrides {
        data_dir,
        port,
        ..Overrides::default()
    })
}

/// Connects to everything; an error says what to do.
pub async fn open(blueprint: Blueprint) -> anyhow::Result<System> {
    let opened = System::open(blueprint).await;
    opened.map_err(|error| anyhow!("{error}. {}", advice(&error)))
}

/// As [`open`], for commands that only look: an installation that is not there yet is not created.
pub async fn open_existing(blueprint: Blueprint) -> anyhow::Result<System> {
    if let Some(file) = missing_file(&blueprint) {
        bail!(
            "there is no database at {}. {ADVICE_ON_MISSING_FILE}",
            file.display()
        );
    }
    let system = open(blueprint).await?;
    let pending = system.adapters().database.report().await?.pending_migrations;
    ensure!(
        pending.is_empty(),
        "the schema lacks {}. Run `smm-guru migrate`.",
        pending.join(", ")
    );
    Ok(system)
}

/// The file of an embedded database, if it is not there yet.
pub fn missing_file(blueprint: &Blueprint) -> Option<PathBuf> {
    match &blueprint.storage {
        Storage::Embedded { file } if !file.exists() => Some(file.clone()),
        Storage::Embedded { .. } | Storage::Distributed { .. } => None,
    }
}

/// What to do when a system cannot be opened.
pub const fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Database(_) => "Check that the database runs and that DATABASE_URL or --data is right.",
        OpenError::Redis(_) => "Check that Redis runs and that REDIS_URL is right.",
        OpenError::Policy(_) => "Correct the ORDERS_… settings; config/default.toml explains them.",
        OpenError::Settings(_) => "Correct the setting that is named.",
        OpenError::Listen { .. } => "Stop what listens there, or choose another port.",
        OpenError::Mail(_) => "Correct the mail settings; config/default.toml explains them.",
        OpenError::Setup(_) => "This is a defect; please report it.",
    }
}
