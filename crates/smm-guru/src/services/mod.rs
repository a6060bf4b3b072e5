//! Every use case, wired to its ports. A file for each feature.

mod api_keys;
mod catalog;
mod currency;
mod figures;
mod funds;
mod identity;
mod jobs;
mod orders;
mod providers;
mod wallets;

use std::sync::Arc;

use application::audit::{self, HeadSigner, SearchAudit, VerifyAudit};
use application::mail::BrowseMails;
use application::submission::{GuardPorts, SubmissionGuard};
use domain::orders::OrderPolicy;

pub use jobs::{job_runner, relay, schedules, use_cases};

use crate::Adapters;

/// The use cases. Controllers, commands and programs that embed the library call these. Cloning is cheap.
#[derive(Clone)]
pub struct Services {
    /// Accounts and sessions.
    pub identity: application::identity::UseCases,
    /// Keys of customers' programs.
    pub api_keys: application::api_keys::UseCases,
    /// What is offered.
    pub catalog: application::catalog::UseCases,
    /// Who delivers.
    pub providers: application::providers::UseCases,
    /// Orders.
    pub orders: application::orders::UseCases,
    /// Money.
    pub wallets: application::wallets::UseCases,
    /// How it comes in and goes out.
    pub funds: application::funds::UseCases,
    /// In which currencies it is shown.
    pub currency: application::currency::UseCases,
    /// What was done.
    pub audit: audit::UseCases,
    /// Figures.
    pub figures: application::figures::UseCases,
    /// Looking at mails.
    pub mails: Arc<BrowseMails>,
    /// Whether orders are sent.
    pub submission: Arc<SubmissionGuard>,
}

impl Services {
    /// Wires the use cases of a process that does `workers` jobs at once.
    #[must_use]
    pub fn new(ports: &Adapters, policy: OrderPolicy, workers: usize) -> Self {
        let submission = Arc::new(SubmissionGuard::new(guard_ports(ports), policy));
        let currency = currency::use_cases(ports);
        let providers = providers::use_cases(ports, &currency.rates, workers);
        Self {
            identity: identity::use_cases(ports),
            api_keys: api_keys::use_cases(ports),
            catalog: catalog::use_cases(ports, &providers.connection),
            providers,
            orders: orders::use_cases(ports, &submission, &currency.rates, policy),
            wallets: wallets::use_cases(ports),
            funds: funds::use_cases(ports, &currency.rates),
            currency,
            audit: audit_log(ports),
            figures: figures::use_cases(ports),
            mails: Arc::new(BrowseMails::new(ports.mails.clone())),
            submission,
        }
    }
}

fn audit_log(ports: &Adapters) -> audit::UseCases {
    let search = SearchAudit::new(ports.store.clone(), ports.audit.clone(), ports.clock.clone());
    audit::UseCases {
        search: Arc::new(search),
        verify: Arc::new(VerifyAudit::new(ports.audit.clone())),
        heads: HeadSigner::new(ports.signer.clone()),
    }
}

fn guard_ports(ports: &Adapters) -> GuardPorts {
    GuardPorts {
        store: ports.store.clone(),
        queries: ports.submission.clone(),
        identity: ports.identity_of_database.clone(),
        memory: ports.memory.clone(),
        limiter: ports.limiter.clone(),
        ids: ports.ids.clone(),
        clock: ports.clock.clone(),
    }
}
