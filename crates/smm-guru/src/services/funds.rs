//! How money comes in and goes out.

use std::sync::Arc;

use application::currency::Rates;
use application::funds::{
    BrowseFunds, ClaimDeposit, DecideDeposit, DecideWithdrawal, FundsPorts, RequestWithdrawal,
    RevealDestination, UseCases,
};

use crate::Adapters;

pub(super) fn use_cases(adapters: &Adapters, rates: &Arc<Rates>) -> UseCases {
    let ports = ports(adapters, rates);
    UseCases {
        claim: Arc::new(ClaimDeposit::new(ports.clone())),
        withdraw: Arc::new(RequestWithdrawal::new(ports.clone())),
        browse: Arc::new(BrowseFunds::new(ports.queries.clone())),
        decide: Arc::new(DecideDeposit::new(ports.clone())),
        pay_out: Arc::new(DecideWithdrawal::new(ports.clone())),
        reveal: Arc::new(RevealDestination::new(ports)),
    }
}

pub(super) fn ports(adapters: &Adapters, rates: &Arc<Rates>) -> FundsPorts {
    FundsPorts {
        store: adapters.store.clone(),
        queries: adapters.funds.clone(),
        users: adapters.identity.clone(),
        limiter: adapters.limiter.clone(),
        sealer: adapters.sealer.clone(),
        ids: adapters.ids.clone(),
        clock: adapters.clock.clone(),
        paytm: adapters.paytm.clone(),
        rates: rates.clone(),
        policy: adapters.funds_policy.clone(),
    }
}
