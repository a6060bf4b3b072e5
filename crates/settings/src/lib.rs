//! What an installation can be told, read once at the start and checked as a whole.
//!
//! This is the only reader of the environment. Layers, later ones win: `config/default.toml` (built in), the file that
//! `SMM_GURU_CONFIG` names, the environment, the command line. Every error names the setting and says what to do.

mod currency;
mod database;
mod describe;
mod environment;
mod error;
mod github;
mod http;
mod layers;
mod limits;
mod mail;
mod names;
mod orders;
mod overrides;
mod payments;
mod read;
mod secrets;
mod secrets_file;
mod server_url;

use std::net::SocketAddr;
use std::time::Duration;

use domain::orders::OrderPolicy;

pub use currency::CurrencySettings;
pub use database::Mode;
pub use describe::Described;
pub use environment::Environment;
pub use error::SettingsError;
pub use github::GithubSettings;
pub use http::{HttpSettings, Origin};
pub use limits::{LimitSettings, RequestRate, RequestRates};
pub use mail::{Carrier, MailSettings, SmtpSecurity};
pub use overrides::Overrides;
pub use payments::{PaymentSettings, PaytmSettings};
pub use secrets::{SealingKeys, Secrets};

use layers::Layers;
use read::Reader;

const METRICS_ADDRESS: &str = "telemetry.metrics_address";

/// Everything an installation can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where state lives.
    pub mode: Mode,
    /// The web server.
    pub http: HttpSettings,
    /// How often requests are answered.
    pub limits: Box<LimitSettings>,
    /// Mails to users.
    pub mail: MailSettings,
    /// Signing in with GitHub, if it is set up.
    pub github: Option<Box<GithubSettings>>,
    /// Exchange rates.
    pub currency: CurrencySettings,
    /// How money comes in and goes out.
    pub payments: PaymentSettings,
    /// The database connections.
    pub database: PoolSettings,
    /// Keys.
    pub secrets: Secrets,
    /// The order protocol; checked.
    pub orders: OrderPolicy,
    /// Background jobs at the same time in one process.
    pub workers: u32,
    /// Where the workers of many processes take jobs from.
    pub jobs_from: JobsFrom,
    /// What operators see.
    pub telemetry: TelemetrySettings,
    /// Whether providers may be at private and local addresses.
    pub private_targets: PrivateTargets,
    /// The name of the panel in mails.
    pub project_name: String,
    described: Vec<Described>,
}

/// A pool of database connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// The most connections to PostgreSQL. The number for SQLite is fixed.
    pub connections_max: u32,
    /// How long to wait for a free one.
    pub wait: Duration,
}

/// Logs, and what processes without the API show to operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// A level or a filter such as `info,persistence=debug`.
    pub log: String,
    /// For whom.
    pub log_format: LogFormat,
    /// Where a process without the API answers `/health`, `/ready` and `/metrics`, if it does.
    pub metrics_address: Option<SocketAddr>,
}

/// For whom logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Where the workers of many processes take jobs from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobsFrom {
    /// Each process claims what its own idle workers begin.
    Database,
    /// Jobs wait in Redis for whoever is idle.
    Redis,
}

/// Whether calls to providers may go to private and local addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateTargets {
    /// No.
    Refused,
    /// Yes, for a simulated provider.
    Allowed,
}

impl Settings {
    /// Reads the environment of this process, and on the first start of an embedded installation creates its data
    /// folder and its secrets.
    ///
    /// # Errors
    /// [`SettingsError`] about the first setting that is wrong.
    pub fn load(overrides: &Overrides) -> Result<Self, SettingsError> {
        Self::load_from(&Environment::of_this_process()?, overrides)
    }

    /// As [`Settings::load`], with another environment.
    ///
    /// # Errors
    /// [`SettingsError`] about the first setting that is wrong.
    pub fn load_from(environment: &Environment, overrides: &Overrides) -> Result<Self, SettingsError> {
        let layers = Layers::read(environment, overrides)?;
        let reader = Reader::new(&layers);
        let mode = database::mode(&reader)?;
        let http = http::read(&reader)?;
        let mail = mail::read(&reader, &http)?;
        let github = github::read(&reader, &http)?.map(Box::new);
        let currency = currency::read(&reader)?;
        let payments = payments::read(&reader)?;
        let orders = orders::read(&reader)?;
        let limits = Box::new(limits::read(&reader)?);
        let database = PoolSettings {
            connections_max: reader.number("database.connections_max", 1..=1_000)?,
            wait: reader.seconds("database.wait_seconds", 0.1..=60.0)?,
        };
        let workers = reader.number("worker.concurrency", 1..=1_000)?;
        let sources = [("database", JobsFrom::Database), ("redis", JobsFrom::Redis)];
        let jobs_from = reader.one_of("worker.jobs_from", &sources)?;
        let telemetry = telemetry(&reader)?;
        let private_targets = if reader.flag("outgoing.allow_private_targets")? {
            PrivateTargets::Allowed
        } else {
            PrivateTargets::Refused
        };
        let project_name = reader.required("project_name")?.to_owned();
        // Last, because it may write to the disk.
        let (secrets, generated) = secrets::read(&reader, &mode)?;
        let described = describe::describe(&layers, generated.as_deref());
        Ok(Self {
            mode,
            http,
            limits,
            mail,
            github,
            currency,
            payments,
            database,
            secrets,
            orders,
            workers,
            jobs_from,
            telemetry,
            private_targets,
            project_name,
            described,
        })
    }

    /// Every setting with where it came from, fit for a screen: secrets are masked.
    #[must_use]
    pub fn describe(&self) -> &[Described] {
        &self.described
    }
}

fn telemetry(reader: &Reader<'_>) -> Result<TelemetrySettings, SettingsError> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    Ok(TelemetrySettings {
        log: reader.required("telemetry.log")?.to_owned(),
        log_format: reader.one_of("telemetry.log_format", &formats)?,
        metrics_address: metrics_address(reader)?,
    })
}

fn metrics_address(reader: &Reader<'_>) -> Result<Option<SocketAddr>, SettingsError> {
    if reader.text(METRICS_ADDRESS).is_none() {
        return Ok(None);
    }
    let expected = "an address with a port such as 127.0.0.1:9464; port 0 switches it off";
    let address: SocketAddr = reader.parsed(METRICS_ADDRESS, expected)?;
    Ok(Some(address).filter(|it| it.port() != 0))
}
