//! A database behind its ports.

use std::sync::Arc;

use persistence::{Database, SeaHealth, SeaIdentity, SeaLedger, SeaQueries};
use ports::Store;
use ports::outbox::OutboxRelay;
use testkit::contract::Backend;
use testkit::fake::FakeClock;

/// The ports of a database, with a store and a relay of the test's own.
pub fn backend(
    connections: &Database,
    store: Arc<dyn Store>,
    relay: Arc<dyn OutboxRelay>,
    queries: &Arc<SeaQueries>,
    clock: &Arc<FakeClock>,
) -> Backend {
    Backend {
        store,
        identity: queries.clone(),
        sessions: queries.clone(),
        catalog: queries.clone(),
        providers: queries.clone(),
        orders: queries.clone(),
        wallets: queries.clone(),
        funds: queries.clone(),
        rates: queries.clone(),
        mails: queries.clone(),
        syncs: queries.clone(),
        tokens: queries.clone(),
        two_factor: queries.clone(),
        api_keys: queries.clone(),
        audit: queries.clone(),
        submission: queries.clone(),
        server: Arc::new(SeaIdentity::new(connections)),
        relay,
        proof: Arc::new(SeaLedger::new(connections, clock.clone())),
        health: Arc::new(SeaHealth::new(connections)),
    }
}
