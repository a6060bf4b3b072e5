//! Transactions.

use async_trait::async_trait;
use domain::OrderId;

use crate::api_keys::ApiKeyRepository;
use crate::audit::AuditRepository;
use crate::catalog::CatalogRepository;
use crate::currency::RateRepository;
use crate::funds::FundsRepository;
use crate::identity::IdentityRepository;
use crate::mail::MailRepository;
use crate::orders::OrderRepository;
use crate::outbox::OutboxRepository;
use crate::placing::Placement;
use crate::providers::ProviderRepository;
use crate::refresh::RefreshRepository;
use crate::social::SocialRepository;
use crate::submission::SubmissionRepository;
use crate::syncs::SyncRepository;
use crate::tokens::TokenRepository;
use crate::two_factor::TwoFactorRepository;
use crate::wallets::WalletRepository;

/// What can go wrong with the database. What a use case expects to happen is an `Ok` variant instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another transaction was in the way (deadlock, serialisation, busy). Nothing was recorded; the whole attempt may
    /// be made again.
    #[error("contended")]
    Contended,
    /// An earlier statement of the transaction failed; nothing of it can be recorded.
    #[error("the transaction has failed already")]
    Poisoned,
    /// A constraint refused the row. Carries the constraint's name, or the table and columns.
    #[error("conflict with {constraint}")]
    Conflict {
        /// Which constraint.
        constraint: String,
    },
    /// The database is not there, is too slow, or does not hold what it should. When it comes from a commit, nobody
    /// knows whether the transaction was recorded. The text is for the log, never for a caller.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
}

/// Where it is said that a provider's order belongs to one of ours, as PostgreSQL and SQLite name it.
const PROVIDER_ORDER: [&str; 4] = [
    "orders_provider_order",
    "attempts_provider_order",
    "orders.provider_id, orders.provider_order_id",
    "attempts.provider_id, attempts.provider_order_id",
];

impl StoreError {
    /// Whether a row was refused because another order of ours has the provider's order id.
    #[must_use]
    pub fn is_provider_order_taken(&self) -> bool {
        matches!(self, Self::Conflict { constraint } if PROVIDER_ORDER.contains(&constraint.as_str()))
    }
}

/// Begins transactions, and makes the one that is made most often in a single round trip.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if no connection is to be had in time; [`StoreError::Contended`] if another process
    /// keeps writing.
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError>;

    /// Records a new order and all that goes with it ([`Placement`]), durably, or nothing at all. It is recorded only if
    /// its key is free, its offer still stands and its wallet can pay. `None` says that nothing was recorded and not
    /// why: a transaction finds that out, or records the order. A store may always answer `None`.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if nothing was recorded because another transaction was in the way;
    /// [`StoreError::Unavailable`] if nobody knows.
    async fn place(&self, placement: &Placement) -> Result<Option<OrderId>, StoreError>;
}

/// A transaction. Dropping it rolls back.
///
/// What it reads may have been written by a transaction whose commit is still on its way to the disk. An answer on which
/// somebody relies ("you ordered that before") is given after `commit`, also when nothing was written.
///
/// Row locks are taken in this order everywhere: users, submission, idempotency keys, poll groups, orders, attempts, deposits, withdrawals, API keys,
/// wallets, transfers, mails, outbox, poll turns, rates, the feed of catalogue changes, which the commit locks. Whoever takes orders to ask about waits for nobody's order or group. Rows that are new
/// in the transaction may be written at any point, because nobody else waits for them. The wallet comes last where it
/// can: its row is the one that many orders wait for. Whoever decides as the second of two locks the first one's user last:
/// nobody who has locked a user waits for what two people decide about. [`Store::place`] is no such transaction: it takes the wallet
/// before the key.
#[async_trait]
pub trait Tx: Send {
    /// Users, accounts and sessions.
    fn identity(&mut self) -> &mut dyn IdentityRepository;
    /// Categories and services.
    fn catalog(&mut self) -> &mut dyn CatalogRepository;
    /// Providers.
    fn providers(&mut self) -> &mut dyn ProviderRepository;
    /// Orders, attempts, their history and idempotency keys.
    fn orders(&mut self) -> &mut dyn OrderRepository;
    /// Wallets and the ledger.
    fn wallets(&mut self) -> &mut dyn WalletRepository;
    /// Work that follows from the transaction.
    fn outbox(&mut self) -> &mut dyn OutboxRepository;
    /// Who did what.
    fn audit(&mut self) -> &mut dyn AuditRepository;
    /// Whether orders may be sent.
    fn submission(&mut self) -> &mut dyn SubmissionRepository;
    /// Signing in with accounts elsewhere.
    fn social(&mut self) -> &mut dyn SocialRepository;
    /// Mails to be sent.
    fn mails(&mut self) -> &mut dyn MailRepository;
    /// What mailed tokens are good for.
    fn tokens(&mut self) -> &mut dyn TokenRepository;
    /// What keeps sessions of programs alive.
    fn refresh_tokens(&mut self) -> &mut dyn RefreshRepository;
    /// What users show besides the password.
    fn two_factor(&mut self) -> &mut dyn TwoFactorRepository;
    /// Deposits and withdrawals.
    fn funds(&mut self) -> &mut dyn FundsRepository;
    /// Exchange rates.
    fn rates(&mut self) -> &mut dyn RateRepository;
    /// API keys and what they have spent.
    fn api_keys(&mut self) -> &mut dyn ApiKeyRepository;

    /// How providers' lists are followed.
    fn syncs(&mut self) -> &mut dyn SyncRepository;

    /// Makes everything durable, what was read included. If the transaction pushed outbox rows, wakes the relay.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if nothing was recorded; [`StoreError::Unavailable`] if nobody knows.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
