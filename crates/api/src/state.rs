//! What handlers call.

use std::sync::Arc;

use application::live::LiveHub;
use application::mail::BrowseMails;
use application::submission::SubmissionGuard;
use application::{api_keys, audit, catalog, currency, figures, funds, identity, orders, providers, wallets};
use ports::Clock;
use ports::crypto::CookieSigner;
use ports::health::DatabaseHealth;
use ports::jobs::JobQueue;
use ports::limits::RateLimiter;

pub use crate::v1::public::Rendered;

/// Renders the metrics page.
pub type MetricsPage = Arc<dyn Fn() -> String + Send + Sync>;

/// The use cases and the few ports that the surface itself needs. Cloning is cheap.
#[derive(Clone)]
pub struct ApiState {
    /// Accounts and sessions.
    pub identity: identity::UseCases,
    /// Keys of customers' programs.
    pub api_keys: api_keys::UseCases,
    /// What is offered.
    pub catalog: catalog::UseCases,
    /// Who delivers.
    pub providers: providers::UseCases,
    /// Orders.
    pub orders: orders::UseCases,
    /// Money.
    pub wallets: wallets::UseCases,
    /// How it comes in and goes out.
    pub funds: funds::UseCases,
    /// In which currencies it is shown.
    pub currency: currency::UseCases,
    /// What was done.
    pub audit: audit::UseCases,
    /// Figures.
    pub figures: figures::UseCases,
    /// What happens, for whoever watches.
    pub live: Arc<LiveHub>,
    /// Staff look at mails.
    pub mails: Arc<BrowseMails>,
    /// Whether orders are sent.
    pub submission: Arc<SubmissionGuard>,
    /// Counts requests.
    pub limiter: Arc<dyn RateLimiter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Signs what browsers carry.
    pub signer: Arc<dyn CookieSigner>,
    /// Asked by the readiness probe.
    pub health: Arc<dyn DatabaseHealth>,
    /// Asked by the readiness probe.
    pub queue: Arc<dyn JobQueue>,
    /// The list of what can be ordered, as it was written last.
    pub listing: Rendered,
    /// Asked by the monitoring system.
    pub metrics: MetricsPage,
}
