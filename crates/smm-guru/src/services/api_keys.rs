//! Keys of customers' programs.

use std::sync::Arc;

use application::api_keys::{AdmitKeys, KeyPorts, ManageKeys, UseCases};

use crate::Adapters;

pub(super) fn use_cases(adapters: &Adapters) -> UseCases {
    let ports = KeyPorts {
        store: adapters.store.clone(),
        queries: adapters.api_keys.clone(),
        digester: adapters.digester.clone(),
        sealer: adapters.sealer.clone(),
        limiter: adapters.limiter.clone(),
        ids: adapters.ids.clone(),
        clock: adapters.clock.clone(),
    };
    UseCases {
        manage: Arc::new(ManageKeys::new(ports.clone())),
        admit: Arc::new(AdmitKeys::new(ports)),
    }
}
