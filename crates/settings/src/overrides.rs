//! What the command line may say.

use std::net::IpAddr;
use std::path::PathBuf;

/// Settings from the command line, which win over everything else. There are no secrets among them, because every
/// user of a machine can read the command lines of its processes.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The settings file, instead of the one that `SMM_GURU_CONFIG` names.
    pub config_file: Option<PathBuf>,
    /// `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// `http.port`.
    pub port: Option<u16>,
    /// `http.bind_address`.
    pub bind_address: Option<IpAddr>,
    /// `telemetry.log`.
    pub log: Option<String>,
}

impl Overrides {
    pub(crate) fn values(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            (
                "data_dir",
                self.data_dir.as_ref().map(|it| it.to_string_lossy().into_owned()),
            ),
            ("http.port", self.port.map(|it| it.to_string())),
            ("http.bind_address", self.bind_address.map(|it| it.to_string())),
            ("telemetry.log", self.log.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.map(|it| (key, it)))
    }
}
