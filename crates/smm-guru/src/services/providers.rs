//! Who delivers.

use std::sync::Arc;

use application::currency::Rates;
use application::providers::{Panels, ProviderConnection, Providers, UseCases};

use crate::Adapters;

/// `workers` jobs are done at once.
pub(super) fn use_cases(ports: &Adapters, rates: &Arc<Rates>, workers: usize) -> UseCases {
    let Adapters {
        store,
        providers,
        gateway,
        sealer,
        limiter,
        clock,
        ..
    } = ports.clone();
    let panels = Panels::new(providers.clone(), sealer.clone(), limiter, clock.clone());
    let panels = Arc::new(panels.for_workers(workers));
    let connection = ProviderConnection::new(
        store.clone(),
        gateway.clone(),
        panels.clone(),
        rates.clone(),
        clock.clone(),
    );
    UseCases {
        admin: Arc::new(Providers::new(store, providers, gateway, sealer, clock)),
        connection: Arc::new(connection),
        panels,
    }
}
