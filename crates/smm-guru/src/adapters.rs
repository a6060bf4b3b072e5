//! Every port, bound to an adapter.

use std::sync::Arc;

use application::mail::MailPolicy;
use domain::currency::RatePolicy;
use domain::funds::FundsPolicy;
use ports::api_keys::ApiKeyQueries;
use ports::audit::AuditQueries;
use ports::catalog::CatalogQueries;
use ports::crypto::{AccessSigner, CookieSigner, PasswordHasher, SecretSealer, TokenDigester};
use ports::currency::{RateQueries, RateSource};
use ports::figures::{FigureKeeper, FigureQueries};
use ports::funds::{FundsQueries, PaymentGateway};
use ports::gateway::PanelGateway;
use ports::health::DatabaseHealth;
use ports::identity::{IdentityQueries, SessionQueries};
use ports::jobs::{JobConsumer, JobQueue};
use ports::ledger::LedgerProof;
use ports::limits::RateLimiter;
use ports::live::{Bell, LiveQueries};
use ports::mail::{MailQueries, MailRenderer, Mailer};
use ports::orders::OrderQueries;
use ports::outbox::{OutboxRelay, WorkSignal};
use ports::providers::ProviderQueries;
use ports::social::SocialProvider;
use ports::submission::{DatabaseIdentity, SubmissionMemory, SubmissionQueries};
use ports::syncs::SyncQueries;
use ports::tokens::TokenQueries;
use ports::two_factor::{OneTimeCodes, TwoFactorQueries};
use ports::wallets::WalletQueries;
use ports::{Clock, IdSource, Store};

/// The outside world, as the use cases see it.
#[derive(Clone)]
pub struct Adapters {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Orders for reading.
    pub orders: Arc<dyn OrderQueries>,
    /// The catalogue for reading.
    pub catalog: Arc<dyn CatalogQueries>,
    /// How providers' lists are followed, for reading.
    pub syncs: Arc<dyn SyncQueries>,
    /// Providers for reading.
    pub providers: Arc<dyn ProviderQueries>,
    /// Users and sessions for reading.
    pub identity: Arc<dyn IdentityQueries>,
    /// The sessions of many at once.
    pub sessions: Arc<dyn SessionQueries>,
    /// API keys for reading.
    pub api_keys: Arc<dyn ApiKeyQueries>,
    /// Wallets for reading.
    pub wallets: Arc<dyn WalletQueries>,
    /// Deposits and withdrawals for reading.
    pub funds: Arc<dyn FundsQueries>,
    /// Who knows about payments by Paytm, if that is set up.
    pub paytm: Option<Arc<dyn PaymentGateway>>,
    /// Fees and limits of deposits and withdrawals.
    pub funds_policy: Arc<FundsPolicy>,
    /// Exchange rates for reading.
    pub rates: Arc<dyn RateQueries>,
    /// Who quotes exchange rates.
    pub rate_sources: Vec<Arc<dyn RateSource>>,
    /// When exchange rates are believed.
    pub rate_policy: RatePolicy,
    /// Mails for reading.
    pub mails: Arc<dyn MailQueries>,
    /// Mailed tokens for looking at.
    pub tokens: Arc<dyn TokenQueries>,
    /// Second factors for looking at.
    pub two_factor: Arc<dyn TwoFactorQueries>,
    /// The audit log for reading.
    pub audit: Arc<dyn AuditQueries>,
    /// Figures for reading.
    pub figures: Arc<dyn FigureQueries>,
    /// News of orders and wallets.
    pub live: Arc<dyn LiveQueries>,
    /// Says that there are news.
    pub bell: Arc<dyn Bell>,
    /// Adds what happened to figures.
    pub keeper: Arc<dyn FigureKeeper>,
    /// Whether orders may be sent.
    pub submission: Arc<dyn SubmissionQueries>,
    /// What the database is.
    pub identity_of_database: Arc<dyn DatabaseIdentity>,
    /// What is remembered about the database outside of it.
    pub memory: Arc<dyn SubmissionMemory>,
    /// The proof of the books.
    pub ledger: Arc<dyn LedgerProof>,
    /// The relay's side of the outbox.
    pub outbox: Arc<dyn OutboxRelay>,
    /// News of committed work.
    pub signal: Arc<dyn WorkSignal>,
    /// Whether the database works.
    pub database: Arc<dyn DatabaseHealth>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names and tokens.
    pub ids: Arc<dyn IdSource>,
    /// Passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Session tokens.
    pub digester: Arc<dyn TokenDigester>,
    /// Codes of authenticator apps.
    pub one_time_codes: Arc<dyn OneTimeCodes>,
    /// Secrets at rest.
    pub sealer: Arc<dyn SecretSealer>,
    /// Cookies.
    pub signer: Arc<dyn CookieSigner>,
    /// Access tokens.
    pub access: Arc<dyn AccessSigner>,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// Provider panels.
    pub gateway: Arc<dyn PanelGateway>,
    /// The words of mails.
    pub renderer: Arc<dyn MailRenderer>,
    /// Who carries mails.
    pub mailer: Arc<dyn Mailer>,
    /// Which mails are written, and where their links lead.
    pub mail_policy: MailPolicy,
    /// Who else knows our visitors.
    pub social: Vec<Arc<dyn SocialProvider>>,
    /// Handing jobs over.
    pub queue: Arc<dyn JobQueue>,
    /// Taking jobs.
    pub consumer: Arc<dyn JobConsumer>,
}
