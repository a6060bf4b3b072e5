//! Settings for commands.

use std::path::PathBuf;

use settings::{Overrides, Settings, SettingsError};

/// Loads the settings of this process; the command line has the last word.
pub fn load(data_dir: Option<PathBuf>, port: Option<u16>) -> Result<Settings, SettingsError> {
    Settings::load(&Overrides {
        data_dir,
        port,
        ..Overrides::default()
    })
}
