//! A built system.

use std::sync::Arc;

use cache::{InProcessBell, InProcessRateLimiter, RedisBell, RedisMemory, RedisRateLimiter};
use crypto::{
    AesGcmSealer, Argon2Hasher, HashingCost, HashingRoom, HmacCookieSigner, JwtSigner, KeyRing, RandomIds,
    Sha256Digester, TotpCodes,
};
use domain::orders::PolicyError;
use gateways::{GatewayConfig, GithubConfig, GithubProvider, PanelHttpGateway};
use persistence::{
    Database, DatabaseClock, DatabaseSignal, FileMemory, SeaFigures, SeaHealth, SeaIdentity, SeaLedger,
    SeaLive, SeaQueries, SeaRelay, SeaStore,
};
use ports::jobs::{JobConsumer, JobQueue};
use ports::limits::RateLimiter;
use ports::live::Bell;
use ports::social::SocialProvider;
use ports::submission::SubmissionMemory;
use ports::{IdSource, StoreError};
use queue::{DirectJobs, EmbeddedJobs, RedisJobs, RedisOptions};
use settings::JobsFrom;

use crate::services::Services;
use crate::{Adapters, Blueprint, Storage};

/// Connections to Redis for limits.
const REDIS_CONNECTIONS: u32 = 4;
/// What the keys in Redis begin with.
const REDIS_PREFIX: &str = "smm-guru";

/// Why a system could not be built.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// Redis.
    #[error("Redis: {0}")]
    Redis(String),
    /// The order policy is not safe.
    #[error("the order policy is not safe: {0}")]
    Policy(#[from] PolicyError),
    /// The configuration.
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    /// The API cannot listen.
    #[error("cannot listen on {address}: {error}; choose another port with --port")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Mails cannot be sent as it is set up.
    #[error("mail: {0}")]
    Mail(String),
    /// A library refused to be set up; a defect.
    #[error("cannot set up {0}")]
    Setup(String),
}

/// A built system: use cases over bound ports. It does nothing by itself until it is started.
pub struct System {
    pub(crate) blueprint: Blueprint,
    database: Database,
    adapters: Adapters,
    services: Services,
}

impl System {
    /// Connects to everything. Does not migrate.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(blueprint: Blueprint) -> Result<Self, OpenError> {
        blueprint.policy.check()?;
        let database = Database::connect(blueprint.storage.database_url().reveal(), blueprint.pools).await?;
        let adapters = adapters(&blueprint, &database).await?;
        let services = Services::new(&adapters, blueprint.policy, blueprint.concurrency);
        Ok(Self {
            blueprint,
            database,
            adapters,
            services,
        })
    }

    /// Brings the database schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be; then nothing has changed.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.database.migrate().await
    }

    /// The use cases.
    #[must_use]
    pub const fn services(&self) -> &Services {
        &self.services
    }

    /// The ports behind them.
    #[must_use]
    pub const fn adapters(&self) -> &Adapters {
        &self.adapters
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

async fn adapters(blueprint: &Blueprint, database: &Database) -> Result<Adapters, OpenError> {
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let signal = Arc::new(DatabaseSignal::start(database).await?);
    let clock = Arc::new(DatabaseClock::start(database).await?);
    let queries = Arc::new(SeaQueries::new(database));
    let shared = shared_state(&blueprint.storage, &ids)?;
    let hasher = Argon2Hasher::new(HashingCost::default(), HashingRoom::default())
        .map_err(|error| OpenError::Setup(error.to_string()))?;
    let gateway = PanelHttpGateway::new(&GatewayConfig {
        addresses: blueprint.addresses,
        submit_timeout: blueprint.policy.send_timeout,
        ..GatewayConfig::default()
    })
    .map_err(|error| OpenError::Setup(error.to_string()))?;
    let figures = Arc::new(SeaFigures::new(database, clock.clone()));
    Ok(Adapters {
        figures: figures.clone(),
        keeper: figures,
        live: Arc::new(SeaLive::new(database)),
        store: Arc::new(SeaStore::new(database, signal.clone()).ringing(shared.bell.clone())),
        bell: shared.bell,
        orders: queries.clone(),
        catalog: queries.clone(),
        syncs: queries.clone(),
        providers: queries.clone(),
        identity: queries.clone(),
        sessions: queries.clone(),
        wallets: queries.clone(),
        funds: queries.clone(),
        paytm: blueprint.funds.paytm(&ids)?,
        funds_policy: Arc::new(blueprint.funds.policy.clone()),
        rates: queries.clone(),
        rate_sources: blueprint.funds.rate_sources()?,
        rate_policy: blueprint.funds.rates,
        mails: queries.clone(),
        tokens: queries.clone(),
        two_factor: queries.clone(),
        api_keys: queries.clone(),
        audit: queries.clone(),
        submission: queries,
        identity_of_database: Arc::new(SeaIdentity::new(database)),
        memory: shared.memory,
        ledger: Arc::new(SeaLedger::new(database, clock.clone())),
        outbox: Arc::new(SeaRelay::new(database)),
        signal,
        database: Arc::new(SeaHealth::new(database)),
        clock,
        ids,
        hasher: Arc::new(hasher),
        digester: Arc::new(Sha256Digester),
        one_time_codes: Arc::new(TotpCodes),
        sealer: Arc::new(AesGcmSealer::new(ring(blueprint)?)),
        signer: Arc::new(HmacCookieSigner::new(&blueprint.cookie_secret)),
        access: Arc::new(JwtSigner::new(&blueprint.cookie_secret)),
        limiter: shared.limiter,
        gateway: Arc::new(gateway),
        social: social(blueprint)?,
        renderer: Arc::new(blueprint.mail.templates()),
        mailer: blueprint.mail.mailer()?,
        mail_policy: blueprint.mail.policy.clone(),
        queue: shared.queue,
        consumer: shared.consumer,
    })
}

/// The keys that secrets are sealed with.
fn ring(blueprint: &Blueprint) -> Result<KeyRing, OpenError> {
    let keys = blueprint.sealing.keys.iter();
    let keys = keys.map(|(version, key)| (*version, key));
    KeyRing::new(blueprint.sealing.current, keys).map_err(|error| OpenError::Setup(error.to_string()))
}

/// The providers that are set up.
fn social(blueprint: &Blueprint) -> Result<Vec<Arc<dyn SocialProvider>>, OpenError> {
    let mut providers: Vec<Arc<dyn SocialProvider>> = Vec::new();
    if let Some(github) = &blueprint.github {
        let github = GithubProvider::new(GithubConfig::clone(github));
        providers.push(Arc::new(
            github.map_err(|error| OpenError::Setup(error.to_string()))?,
        ));
    }
    Ok(providers)
}

/// What processes share: in this process and a file, or in Redis.
struct Shared {
    queue: Arc<dyn JobQueue>,
    consumer: Arc<dyn JobConsumer>,
    limiter: Arc<dyn RateLimiter>,
    memory: Arc<dyn SubmissionMemory>,
    bell: Arc<dyn Bell>,
}

fn shared_state(storage: &Storage, ids: &Arc<dyn IdSource>) -> Result<Shared, OpenError> {
    match storage {
        Storage::Embedded { file } => {
            let (queue, consumer) = both(EmbeddedJobs::new());
            let limiter = Arc::new(InProcessRateLimiter::default());
            Ok(Shared {
                queue,
                consumer,
                limiter,
                memory: Arc::new(FileMemory::beside(file)),
                bell: Arc::new(InProcessBell::default()),
            })
        }
        Storage::Distributed {
            redis_url, jobs_from, ..
        } => {
            let url = redis_url.reveal();
            let jobs = RedisJobs::open(
                url,
                RedisOptions::new(format!("{REDIS_PREFIX}:jobs")),
                ids.clone(),
            )
            .map_err(|error| OpenError::Redis(error.to_string()))?;
            let (queue, consumer) = match jobs_from {
                JobsFrom::Database => both(DirectJobs::beside(jobs)),
                JobsFrom::Redis => both(jobs),
            };
            let pool = cache::connect(redis_url, REDIS_CONNECTIONS)
                .map_err(|error| OpenError::Redis(error.to_string()))?;
            let memory = RedisMemory::new(pool.clone(), format!("{REDIS_PREFIX}:database"));
            let channel = format!("{REDIS_PREFIX}:live");
            let bell = RedisBell::start(pool.clone(), redis_url, channel, ids.text_id())
                .map_err(|error| OpenError::Redis(error.to_string()))?;
            let limiter = RedisRateLimiter::new(pool, format!("{REDIS_PREFIX}:limits"));
            Ok(Shared {
                queue,
                consumer,
                limiter: Arc::new(limiter),
                memory: Arc::new(memory),
                bell: Arc::new(bell),
            })
        }
    }
}

/// The two sides of one queue.
fn both(jobs: impl JobQueue + JobConsumer + 'static) -> (Arc<dyn JobQueue>, Arc<dyn JobConsumer>) {
    let jobs = Arc::new(jobs);
    (jobs.clone(), jobs)
}
