//! The two HTTP clients and one call through them.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Request, Response};

use crate::address::{AddressPolicy, AddressRefused, FilteringResolver};

/// Longest answer read, in bytes; the list of services has a limit of its own.
pub(crate) const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// How long written bytes may stay unacknowledged. The kernel would otherwise deliver a request many minutes after the
/// process that sent it died, and after we took it for lost.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);

/// Idle connections kept per server for reads.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// How long an idle connection is kept for reads.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Some panels stand behind filters that reject callers without a name.
const USER_AGENT: &str = "Mozilla/5.0 (compatible; smm-guru)";

/// What the gateway is built with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayConfig {
    /// Which addresses may be called.
    pub addresses: AddressPolicy,
    /// Time to resolve a name, connect and agree on TLS.
    pub connect_timeout: Duration,
    /// Time for a whole submission.
    pub submit_timeout: Duration,
    /// Time for any other whole call.
    pub read_timeout: Duration,
    /// Time to read a list of services.
    pub services_timeout: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::default(),
            connect_timeout: Duration::from_secs(3),
            submit_timeout: Duration::from_secs(25),
            read_timeout: Duration::from_secs(15),
            services_timeout: Duration::from_secs(60),
        }
    }
}

/// Why the clients could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be built: {0}")]
pub struct GatewayError(#[from] reqwest::Error);

/// Builds the client for submissions: it sends once, on a connection of its own, and follows nothing.
pub(crate) fn submit_client(config: &GatewayConfig) -> Result<Client, GatewayError> {
    // A reused connection that the server closes meanwhile leaves open whether the request arrived.
    Ok(client(config)
        .pool_max_idle_per_host(0)
        .timeout(config.submit_timeout)
        .build()?)
}

/// Builds the client for everything that may be asked again.
pub(crate) fn read_client(config: &GatewayConfig) -> Result<Client, GatewayError> {
    let pooled = client(config)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_MAX);
    Ok(pooled.timeout(config.read_timeout).build()?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that sets limits and address filter"
)]
fn client(config: &GatewayConfig) -> ClientBuilder {
    // An error means that a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_only()
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .dns_resolver(FilteringResolver {
            policy: config.addresses,
        })
        .connect_timeout(config.connect_timeout);
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(UNACKNOWLEDGED_MAX);
    builder
}

/// Why a call gave no answer. The texts hold neither address nor body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// Nothing was sent: the address may not be called.
    Forbidden(AddressRefused),
    /// Nothing was sent: there was no connection.
    NotSent(String),
    /// Something may have been sent, and no complete answer came back.
    Broken(String),
}

/// A complete answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    /// When the server wants to be asked again, if it said so in seconds.
    pub(crate) retry_after: Option<Duration>,
}

/// The body of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Whole(Vec<u8>),
    /// The beginning of one longer than the limit.
    TooLarge(Vec<u8>),
    /// Compressed, although we did not offer to read that; not looked at.
    Compressed,
}

/// Sends `request` and reads at most `limit` bytes of the answer.
pub(crate) async fn exchange(client: &Client, request: Request, limit: usize) -> Result<Answer, CallError> {
    let response = client.execute(request).await.map_err(|error| failure(&error))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after
        .and_then(|it| it.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let body = if is_compressed(&response) {
        Body::Compressed
    } else {
        read_body(response, limit).await?
    };
    Ok(Answer {
        status,
        body,
        retry_after,
    })
}

fn is_compressed(response: &Response) -> bool {
    let plain = |encoding: &[u8]| encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity");
    response
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|it| !plain(it.as_bytes().trim_ascii()))
}

/// Counts bytes as they arrive: an announced length is only an announcement.
async fn read_body(mut response: Response, limit: usize) -> Result<Body, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| CallError::Broken(reason(&error)))?
    {
        let room = limit.saturating_sub(body.len());
        if let Some(fitting) = chunk.get(..room).filter(|_| chunk.len() > room) {
            body.extend_from_slice(fitting);
            return Ok(Body::TooLarge(body));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(body))
}

/// Reads an error before the head of an answer. Only an error of the connector proves that nothing was sent.
fn failure(error: &reqwest::Error) -> CallError {
    if let Some(refused) = causes(error).find_map(|cause| cause.downcast_ref::<AddressRefused>()) {
        CallError::Forbidden(*refused)
    } else if error.is_connect() || error.is_builder() {
        CallError::NotSent(reason(error))
    } else {
        CallError::Broken(reason(error))
    }
}

/// A few words for staff. The errors' own texts quote addresses and what the server sent.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let io = || causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    let tls = || causes(error).find_map(tls_error);
    if error.is_timeout() {
        "timeout".to_owned()
    } else if let Some(tls) = tls() {
        format!("TLS: {tls}")
    } else if error.is_dns() {
        "the name does not resolve".to_owned()
    } else if let Some(io) = io().filter(|io| io.kind() != io::ErrorKind::Other) {
        io.kind().to_string()
    } else if error.is_builder() {
        "the request cannot be built".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "broke off".to_owned()
    }
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| {
        let cause: &'a (dyn Error + 'static) = *cause;
        cause.source()
    })
}

/// TLS errors travel inside I/O errors, which do not name them as their source.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let inside = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.downcast_ref().or_else(|| inside?.downcast_ref())
}
