//! A database behind its ports.

use std::sync::Arc;

use persistence::{Database, SeaHealth, SeaIdentity, SeaLedger, SeaQueries};
use ports::Store;
use ports::outbox::OutboxRelay;
use testkit::contract::{Backend, Beside};
use testkit::fake::FakeClock;

/// The ports of a database, with a store and a relay of the test's own.
pub fn backend(
    connections: &Database,
    store: Arc<dyn Store>,
    relay: Arc<dyn OutboxRelay>,
    queries: &Arc<SeaQueries>,
    clock: &Arc<FakeClock>,
) -> Backend {
    let beside = Beside {
        store,
        relay,
        server: Arc::new(SeaIdentity::new(connections)),
        proof: Arc::new(SeaLedger::new(connections, clock.clone())),
        health: Arc::new(SeaHealth::new(connections)),
    };
    Backend::of(queries, beside)
}
