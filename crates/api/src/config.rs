//! How the server is set up, and its fixed limits.

use std::net::SocketAddr;
use std::time::Duration;

use domain::identity::Demands;
use url::Url;

use crate::cookie::Transport;
use crate::request_limits::RequestLimits;

/// The largest body in bytes.
pub const BODY_MAX: usize = 102_400;
/// The largest body of a mass order in bytes: a hundred of the longest links are a fifth of it.
pub const MASS_BODY_MAX: usize = 1_048_576;
/// The longest path and query in bytes.
pub const URI_MAX: usize = 8_192;
/// All header names and values together, in bytes.
pub const HEADERS_MAX: usize = 16_384;
/// How long a request may take from its head to its answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long running requests have after the server was told to stop.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

/// What differs from one installation to the next.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where to listen. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Threads that serve requests; `None` takes one for each core.
    pub threads: Option<usize>,
    /// The addresses under which browsers see us, such as `https://smm.example`, the public one first. Requests of other sites' pages are
    /// refused. Without any, the Host header decides.
    pub public_origins: Vec<String>,
    /// Reverse proxies in front of us, each of which appends to `X-Forwarded-For`. Zero trusts the header not at all.
    pub trusted_hops: usize,
    /// Whether browsers may send cookies over HTTPS only.
    pub secure_cookies: bool,
    /// What is demanded of whoever acts.
    pub demands: Demands,
    /// How often whoever may ask for what.
    pub limits: Box<RequestLimits>,
}

impl ApiConfig {
    /// One process on `listen` that browsers reach directly.
    #[must_use]
    pub fn direct(listen: SocketAddr) -> Self {
        Self {
            listen,
            threads: None,
            public_origins: Vec::new(),
            trusted_hops: 0,
            secure_cookies: false,
            demands: Demands::USUAL,
            limits: Box::default(),
        }
    }
}

/// What handlers and middleware look up about the installation.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Normalised, such as `https://smm.example`.
    pub origins: Vec<String>,
    /// The first of them: where pages of ours are.
    pub public_address: Option<String>,
    /// See [`ApiConfig::trusted_hops`].
    pub trusted_hops: usize,
    /// Whether cookies may travel over plain HTTP.
    pub transport: Transport,
    /// What is demanded of whoever acts.
    pub demands: Demands,
    /// How often whoever may ask for what.
    pub limits: Box<RequestLimits>,
}

impl Site {
    pub fn of(config: &ApiConfig) -> Self {
        let origins = config.public_origins.iter();
        let origins: Vec<String> = origins
            .filter_map(|origin| Url::parse(origin).ok())
            .map(|url| url.origin().ascii_serialization())
            .collect();
        Self {
            public_address: origins.first().cloned(),
            origins,
            trusted_hops: config.trusted_hops,
            demands: config.demands,
            limits: config.limits.clone(),
            transport: if config.secure_cookies {
                Transport::SecureOnly
            } else {
                Transport::AlsoPlain
            },
        }
    }
}
