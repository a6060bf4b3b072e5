//! What every implementation of the database ports has to do, as functions that panic when it does not.
//!
//! Each suite has a macro that hands its cases to another macro, so that a harness can make one test of each:
//!
//! ```ignore
//! macro_rules! on_sqlite {
//!     ($suite:ident: $($case:ident),+ $(,)?) => { $(
//!         #[tokio::test]
//!         async fn $case() { testkit::contract::$suite::$case(&a_new_backend().await).await.unwrap(); }
//!     )+ };
//! }
//! testkit::identity_contract!(on_sqlite);
//! ```

pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod catalog;
pub mod catalog_feed;
pub mod catalog_services;
pub mod catalog_types;
pub mod currency;
pub mod funds;
pub mod identity;
pub mod identity_admin;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod listing;
pub mod mails;
pub mod order_inputs;
pub mod order_lists;
pub mod orders;
pub mod outbox;
pub mod outbox_batches;
pub mod outbox_retries;
pub mod placing;
pub mod poll_groups;
pub mod polls;
pub mod providers;
pub mod queue;
pub mod refresh;
pub mod rights;
pub mod schedules;
pub mod sessions;
pub mod social;
pub mod steps;
pub mod submission;
pub mod syncs;
pub mod transfers;
pub mod two_factor;
pub mod wallets;
pub mod withdrawals;
pub mod writers;

use std::sync::Arc;

use ports::api_keys::ApiKeyQueries;
use ports::audit::AuditQueries;
use ports::catalog::CatalogQueries;
use ports::currency::RateQueries;
use ports::funds::FundsQueries;
use ports::health::DatabaseHealth;
use ports::identity::{IdentityQueries, SessionQueries};
use ports::ledger::LedgerProof;
use ports::mail::MailQueries;
use ports::orders::OrderQueries;
use ports::outbox::OutboxRelay;
use ports::providers::ProviderQueries;
use ports::submission::{DatabaseIdentity, SubmissionQueries};
use ports::syncs::SyncQueries;
use ports::tokens::TokenQueries;
use ports::two_factor::TwoFactorQueries;
use ports::wallets::WalletQueries;
use ports::{Store, StoreError};

/// How a case ends: what it is about fails by panicking, what it only passes through is handed on.
pub type Case = Result<(), StoreError>;

/// An empty, migrated database behind its ports.
#[derive(Clone)]
pub struct Backend {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Users and sessions.
    pub identity: Arc<dyn IdentityQueries>,
    /// The sessions of many at once.
    pub sessions: Arc<dyn SessionQueries>,
    /// Categories and services.
    pub catalog: Arc<dyn CatalogQueries>,
    /// How providers' lists are followed.
    pub syncs: Arc<dyn SyncQueries>,
    /// Providers.
    pub providers: Arc<dyn ProviderQueries>,
    /// Orders.
    pub orders: Arc<dyn OrderQueries>,
    /// Wallets.
    pub wallets: Arc<dyn WalletQueries>,
    /// Deposits and withdrawals.
    pub funds: Arc<dyn FundsQueries>,
    /// Exchange rates.
    pub rates: Arc<dyn RateQueries>,
    /// Mails.
    pub mails: Arc<dyn MailQueries>,
    /// Mailed tokens.
    pub tokens: Arc<dyn TokenQueries>,
    /// Second factors.
    pub two_factor: Arc<dyn TwoFactorQueries>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyQueries>,
    /// Jobs.
    pub relay: Arc<dyn OutboxRelay>,
    /// The audit log.
    pub audit: Arc<dyn AuditQueries>,
    /// Whether orders may be sent.
    pub submission: Arc<dyn SubmissionQueries>,
    /// What the database is.
    pub server: Arc<dyn DatabaseIdentity>,
    /// The proof of the books.
    pub proof: Arc<dyn LedgerProof>,
    /// The database about itself.
    pub health: Arc<dyn DatabaseHealth>,
}

/// The ports of a database that are no questions.
pub struct Beside {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Jobs.
    pub relay: Arc<dyn OutboxRelay>,
    /// What the database is.
    pub server: Arc<dyn DatabaseIdentity>,
    /// The proof of the books.
    pub proof: Arc<dyn LedgerProof>,
    /// The database about itself.
    pub health: Arc<dyn DatabaseHealth>,
}

impl Backend {
    /// A database whose questions are all answered by `queries`.
    pub fn of<Q>(queries: &Arc<Q>, beside: Beside) -> Self
    where
        Q: IdentityQueries
            + SessionQueries
            + CatalogQueries
            + SyncQueries
            + ProviderQueries
            + OrderQueries
            + WalletQueries
            + FundsQueries
            + RateQueries
            + MailQueries
            + TokenQueries
            + TwoFactorQueries
            + ApiKeyQueries
            + AuditQueries
            + SubmissionQueries
            + 'static,
    {
        Self {
            store: beside.store,
            identity: queries.clone(),
            sessions: queries.clone(),
            catalog: queries.clone(),
            syncs: queries.clone(),
            providers: queries.clone(),
            orders: queries.clone(),
            wallets: queries.clone(),
            funds: queries.clone(),
            rates: queries.clone(),
            mails: queries.clone(),
            tokens: queries.clone(),
            two_factor: queries.clone(),
            api_keys: queries.clone(),
            relay: beside.relay,
            audit: queries.clone(),
            submission: queries.clone(),
            server: beside.server,
            proof: beside.proof,
            health: beside.health,
        }
    }
}

/// Panics unless a constraint whose name, or table and columns, hold `named` refused.
pub(crate) fn conflicts<T: std::fmt::Debug>(outcome: Result<T, StoreError>, named: &str) {
    match outcome {
        Err(StoreError::Conflict { constraint }) if constraint.contains(named) => {}
        other => panic!("not refused by {named}: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    macro_rules! names {
        ($suite:ident: $($case:ident),+ $(,)?) => { &[$(stringify!($case)),+] };
    }

    fn assert_listed(source: &str, listed: &[&str]) {
        let written: Vec<&str> = source
            .lines()
            .filter_map(|line| {
                line.strip_prefix("pub async fn ")?
                    .split_once('(')
                    .map(|(name, _)| name)
            })
            .collect();
        assert_eq!(written, listed);
    }

    #[test]
    fn every_case_of_a_suite_is_listed_in_its_macro() {
        assert_listed(include_str!("identity.rs"), crate::identity_contract!(names));
        assert_listed(
            include_str!("identity_admin.rs"),
            crate::identity_admin_contract!(names),
        );
        assert_listed(include_str!("api_keys.rs"), crate::api_keys_contract!(names));
        assert_listed(include_str!("catalog.rs"), crate::catalog_contract!(names));
        assert_listed(
            include_str!("catalog_services.rs"),
            crate::catalog_services_contract!(names),
        );
        assert_listed(
            include_str!("catalog_feed.rs"),
            crate::catalog_feed_contract!(names),
        );
        assert_listed(
            include_str!("catalog_types.rs"),
            crate::catalog_types_contract!(names),
        );
        assert_listed(include_str!("syncs.rs"), crate::syncs_contract!(names));
        assert_listed(include_str!("listing.rs"), crate::listing_contract!(names));
        assert_listed(include_str!("social.rs"), crate::social_contract!(names));
        assert_listed(include_str!("placing.rs"), crate::placing_contract!(names));
        assert_listed(include_str!("providers.rs"), crate::providers_contract!(names));
        assert_listed(include_str!("keys.rs"), crate::keys_contract!(names));
        assert_listed(include_str!("ledger.rs"), crate::ledger_contract!(names));
        assert_listed(
            include_str!("order_lists.rs"),
            crate::order_lists_contract!(names),
        );
        assert_listed(include_str!("orders.rs"), crate::orders_contract!(names));
        assert_listed(include_str!("outbox.rs"), crate::outbox_contract!(names));
        assert_listed(
            include_str!("outbox_batches.rs"),
            crate::outbox_batches_contract!(names),
        );
        assert_listed(include_str!("wallets.rs"), crate::wallets_contract!(names));
        assert_listed(include_str!("attempts.rs"), crate::attempts_contract!(names));
        assert_listed(include_str!("schedules.rs"), crate::schedules_contract!(names));
        assert_listed(include_str!("polls.rs"), crate::polls_contract!(names));
        assert_listed(
            include_str!("poll_groups.rs"),
            crate::poll_groups_contract!(names),
        );
        assert_listed(include_str!("transfers.rs"), crate::transfers_contract!(names));
        assert_listed(
            include_str!("outbox_retries.rs"),
            crate::outbox_retries_contract!(names),
        );
        assert_listed(include_str!("refresh.rs"), crate::refresh_contract!(names));
        assert_listed(include_str!("sessions.rs"), crate::sessions_contract!(names));
        assert_listed(include_str!("two_factor.rs"), crate::two_factor_contract!(names));
        assert_listed(include_str!("rights.rs"), crate::rights_contract!(names));
        assert_listed(include_str!("audit.rs"), crate::audit_contract!(names));
        assert_listed(include_str!("submission.rs"), crate::submission_contract!(names));
        assert_listed(include_str!("queue.rs"), crate::queue_contract!(names));
        assert_listed(include_str!("mails.rs"), crate::mails_contract!(names));
        assert_listed(include_str!("funds.rs"), crate::funds_contract!(names));
        assert_listed(
            include_str!("withdrawals.rs"),
            crate::withdrawals_contract!(names),
        );
        assert_listed(include_str!("currency.rs"), crate::currency_contract!(names));
        assert_listed(include_str!("limits.rs"), crate::limits_contract!(names));
    }
}
