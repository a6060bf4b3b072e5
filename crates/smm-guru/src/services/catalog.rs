//! What is offered.

use std::sync::Arc;

use application::catalog::{
    BrowseCatalog, Categories, EditService, ImportServices, ManageSync, Services, SyncCatalog, SyncPorts,
    UseCases,
};
use application::providers::ProviderConnection;

use crate::Adapters;

pub(super) fn use_cases(ports: &Adapters, connection: &Arc<ProviderConnection>) -> UseCases {
    let Adapters {
        store,
        catalog,
        clock,
        ..
    } = ports.clone();
    let import = ImportServices::new(store.clone(), catalog.clone(), connection.clone(), clock.clone());
    let syncs = ManageSync::new(store.clone(), ports.syncs.clone(), clock.clone());
    UseCases {
        browse: Arc::new(BrowseCatalog::new(catalog.clone())),
        categories: Arc::new(Categories::new(store.clone(), catalog.clone(), clock.clone())),
        services: Arc::new(Services::new(store.clone(), catalog.clone(), clock.clone())),
        edit: Arc::new(EditService::new(store, catalog, clock)),
        import: Arc::new(import),
        syncs: Arc::new(syncs),
    }
}

/// What follows providers' lists.
pub(super) fn sync(ports: &Adapters, connection: &Arc<ProviderConnection>) -> SyncCatalog {
    SyncCatalog::new(SyncPorts {
        store: ports.store.clone(),
        catalog: ports.catalog.clone(),
        connection: connection.clone(),
        clock: ports.clock.clone(),
    })
}
