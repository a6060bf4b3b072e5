//! In which currencies amounts are shown.

use std::sync::Arc;

use application::currency::{ManageRates, RatePorts, Rates, RefreshRates, UseCases};

use crate::Adapters;

pub(super) fn use_cases(adapters: &Adapters) -> UseCases {
    let ports = ports(adapters);
    let rates = Rates::new(ports.queries.clone(), ports.clock.clone(), adapters.rate_policy);
    let rates = Arc::new(rates);
    UseCases {
        manage: Arc::new(ManageRates::new(ports, rates.clone())),
        rates,
    }
}

/// What the schedule drives.
pub(super) fn refresh(adapters: &Adapters, rates: Arc<Rates>) -> RefreshRates {
    RefreshRates::new(ports(adapters), rates)
}

fn ports(adapters: &Adapters) -> RatePorts {
    RatePorts {
        store: adapters.store.clone(),
        queries: adapters.rates.clone(),
        sources: adapters.rate_sources.clone(),
        clock: adapters.clock.clone(),
    }
}
