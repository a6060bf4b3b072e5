//! What a system is built from, wherever that was configured.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;
use domain::identity::Demands;
use domain::orders::OrderPolicy;
use gateways::{AddressPolicy, GithubConfig};
use persistence::PoolSizes;
use ports::limits::Limit;
use settings::{
    Environment, GithubSettings, JobsFrom, LimitSettings, Mode, Overrides, PrivateTargets, RequestRate,
    RequestRates, SealingKeys, Settings, SettingsError,
};

use crate::{FundsSetup, MailSetup};

/// Where state lives.
#[derive(Debug, Clone)]
pub enum Storage {
    /// In one process: a SQLite database, a queue and limits in memory.
    Embedded {
        /// The database.
        file: PathBuf,
    },
    /// In PostgreSQL and Redis, shared by any number of processes.
    Distributed {
        /// `postgres://…`.
        database_url: Secret,
        /// `redis://…`.
        redis_url: Secret,
        /// Where workers take jobs from.
        jobs_from: JobsFrom,
    },
}

impl Storage {
    /// The database's address. It may hold a password.
    #[must_use]
    pub fn database_url(&self) -> Secret {
        match self {
            Self::Embedded { file } => Secret::new(format!("sqlite://{}", file.display())),
            Self::Distributed { database_url, .. } => database_url.clone(),
        }
    }
}

/// What a system is built from.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// Where state lives.
    pub storage: Storage,
    /// Signs cookies.
    pub cookie_secret: Secret,
    /// Seal secrets at rest.
    pub sealing: SealingKeys,
    /// Times and limits of the order protocol.
    pub policy: OrderPolicy,
    /// Which addresses providers may have.
    pub addresses: AddressPolicy,
    /// Connections to the database.
    pub pools: PoolSizes,
    /// Jobs done at once.
    pub concurrency: usize,
    /// What the API needs to know.
    pub api: api::ApiConfig,
    /// What mails are made with.
    pub mail: MailSetup,
    /// Whom we ask about money.
    pub funds: Box<FundsSetup>,
    /// Signing in with GitHub, if it is set up.
    pub github: Option<Box<GithubConfig>>,
    /// Where workers without the API answer `/health`, `/ready` and `/metrics`, if they do.
    pub metrics_address: Option<SocketAddr>,
}

impl Blueprint {
    /// The blueprint that the settings describe.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let storage = match &settings.mode {
            Mode::Embedded { database_file, .. } => Storage::Embedded {
                file: database_file.clone(),
            },
            Mode::Distributed {
                database_url,
                redis_url,
            } => Storage::Distributed {
                database_url: database_url.clone(),
                redis_url: redis_url.clone(),
                jobs_from: settings.jobs_from,
            },
        };
        Self {
            storage,
            cookie_secret: settings.secrets.session.clone(),
            sealing: settings.secrets.sealing.clone(),
            policy: settings.orders,
            addresses: match settings.private_targets {
                PrivateTargets::Refused => AddressPolicy::Public,
                PrivateTargets::Allowed => AddressPolicy::AllowPrivate,
            },
            pools: PoolSizes {
                postgres: settings.database.connections_max,
                wait: settings.database.wait,
                ..PoolSizes::default()
            },
            concurrency: usize::try_from(settings.workers).unwrap_or(1),
            api: api_config(settings),
            mail: MailSetup::of(settings),
            funds: Box::new(FundsSetup::of(settings)),
            github: settings.github.as_deref().cloned().map(github).map(Box::new),
            metrics_address: settings.telemetry.metrics_address,
        }
    }
}

fn github(set: GithubSettings) -> GithubConfig {
    GithubConfig {
        client_id: set.client_id,
        client_secret: set.client_secret,
        authorize_url: set.authorize_url,
        token_url: set.token_url,
        api_url: set.api_url,
        redirect_url: set.redirect_url,
        timeout: set.timeout,
    }
}

fn api_config(settings: &Settings) -> api::ApiConfig {
    let origins = settings
        .http
        .trusted_origins
        .iter()
        .map(|origin| origin.as_str().to_owned());
    api::ApiConfig {
        public_origins: origins.collect(),
        trusted_hops: settings.http.trusted_proxies,
        secure_cookies: settings.http.secure_cookies,
        demands: Demands {
            reauthentication: settings.http.reauthentication,
            staff_two_factor: settings.http.staff_two_factor,
        },
        limits: Box::new(request_limits(&settings.limits)),
        ..api::ApiConfig::direct(settings.http.listen)
    }
}

fn request_limits(set: &LimitSettings) -> api::RequestLimits {
    let limit = |rate: RequestRate| Limit {
        count: rate.per_minute,
        period: Duration::from_mins(1),
        burst: rate.at_once,
    };
    let allowance = |rates: RequestRates| api::Allowance {
        network: rates.network.map(limit),
        user: rates.user.map(limit),
    };
    api::RequestLimits {
        passwords: allowance(set.passwords),
        sign_ups: allowance(set.sign_ups),
        accounts: allowance(set.accounts),
        orders: allowance(set.orders),
        exports: allowance(set.exports),
        bulk: allowance(set.bulk),
        others: allowance(set.others),
    }
}

/// How [`crate::embedded`] is configured.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Where the database and its secrets live; created if need be.
    pub folder: PathBuf,
    /// Times and limits of the order protocol.
    pub policy: OrderPolicy,
    /// Which addresses providers may have.
    pub addresses: AddressPolicy,
    /// Whom we ask about money.
    pub funds: FundsSetup,
    /// Where the API listens, if it is started.
    pub listen: SocketAddr,
}

impl EmbeddedOptions {
    /// The defaults, with everything kept in `folder` and an API on any free local port.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            policy: OrderPolicy::default(),
            addresses: AddressPolicy::Public,
            funds: FundsSetup::none(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        }
    }

    /// Nothing is read from the environment of the process that embeds the library.
    pub(crate) fn blueprint(self) -> Result<Blueprint, SettingsError> {
        let overrides = Overrides {
            data_dir: Some(self.folder),
            port: Some(self.listen.port()),
            bind_address: Some(self.listen.ip()),
            ..Overrides::default()
        };
        let settings = Settings::load_from(&Environment::default(), &overrides)?;
        let api = api::ApiConfig::direct(self.listen);
        Ok(Blueprint {
            policy: self.policy,
            addresses: self.addresses,
            funds: Box::new(self.funds),
            api,
            metrics_address: None,
            ..Blueprint::of(&settings)
        })
    }
}

/// How [`crate::distributed`] is configured.
#[derive(Debug, Clone)]
pub struct DistributedOptions {
    /// `postgres://…`.
    pub database_url: Secret,
    /// `redis://…`.
    pub redis_url: Secret,
    /// Signs cookies; the same on every node.
    pub cookie_secret: Secret,
    /// Seals secrets at rest; the same on every node.
    pub sealing_secret: Secret,
    /// Times and limits of the order protocol; the same on every node.
    pub policy: OrderPolicy,
    /// Which addresses providers may have.
    pub addresses: AddressPolicy,
    /// What mails are made with; [`MailSetup::none`] sends none.
    pub mail: MailSetup,
    /// Whom we ask about money; [`FundsSetup::none`] is nobody.
    pub funds: FundsSetup,
    /// Connections to PostgreSQL.
    pub connections: u32,
    /// Jobs done at once.
    pub concurrency: usize,
    /// Where the API listens, if it is started.
    pub listen: SocketAddr,
}

impl DistributedOptions {
    pub(crate) fn blueprint(self) -> Blueprint {
        const VERSION: i32 = 1;
        Blueprint {
            storage: Storage::Distributed {
                database_url: self.database_url,
                redis_url: self.redis_url,
                jobs_from: JobsFrom::Database,
            },
            cookie_secret: self.cookie_secret,
            sealing: SealingKeys {
                current: VERSION,
                keys: vec![(VERSION, self.sealing_secret)],
            },
            policy: self.policy,
            addresses: self.addresses,
            pools: PoolSizes {
                postgres: self.connections,
                ..PoolSizes::default()
            },
            concurrency: self.concurrency,
            api: api::ApiConfig::direct(self.listen),
            mail: self.mail,
            funds: Box::new(self.funds),
            github: None,
            metrics_address: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn blueprint(pairs: &[(&str, &str)]) -> Blueprint {
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides {
            data_dir: Some(folder.path().join("data")),
            ..Overrides::default()
        };
        Blueprint::of(&Settings::load_from(&Environment::of(pairs.iter().copied()), &overrides).unwrap())
    }

    #[test]
    fn what_operators_set_reaches_the_api_and_the_pools() {
        let set = blueprint(&[
            ("BETTER_AUTH_URL", "http://panel.example"),
            ("CLIENT_DOMAIN", "http://app.example"),
            ("SECURE_COOKIES", "always"),
            ("TRUSTED_PROXIES", "2"),
            ("DATABASE_CONNECTIONS_MAX", "7"),
            ("DATABASE_WAIT_SECONDS", "1.5"),
            ("WORKERS", "3"),
        ]);
        assert_eq!(
            set.api.public_origins,
            ["http://panel.example", "http://app.example"]
        );
        assert!(set.api.secure_cookies);
        assert_eq!(set.api.trusted_hops, 2);
        assert_eq!(
            (set.pools.postgres, set.pools.wait, set.concurrency),
            (7, Duration::from_millis(1500), 3)
        );
    }

    #[test]
    fn without_settings_every_address_of_this_machine_is_ours_and_cookies_travel_over_http() {
        let plain = blueprint(&[]);
        assert!(plain.api.public_origins.is_empty());
        assert!(!plain.api.secure_cookies);
        assert_eq!(plain.api.trusted_hops, 0);
    }
}
