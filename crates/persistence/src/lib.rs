//! Transactions, repositories and queries on SQLite and PostgreSQL.
//!
//! [`Database`] owns the connections. [`SeaStore`] begins transactions that write ([`SeaTx`] is every repository),
//! [`SeaQueries`] reads, [`SeaRelay`] is the relay's side of the outbox, [`SeaLedger`] checks the books,
//! [`SeaFigures`] adds up what happened,
//! [`SeaHealth`] reports, [`SeaIdentity`] tells one database from another, [`FileMemory`] remembers which it was,
//! [`DatabaseClock`] tells the database's time and [`DatabaseSignal`] carries the news of
//! committed work to every node. [`open_users`] reads the users of another application.

mod api_keys;
mod audit;
mod catalog;
mod clock;
mod connections;
mod currency;
mod database;
mod decode;
mod error;
mod figures;
mod funds;
mod group;
mod health;
mod identity;
mod import;
mod ledger;
mod live;
mod mail;
mod migrations;
mod orders;
mod outbox;
mod pool_sizes;
mod postgres;
mod providers;
mod queries;
mod settled;
mod shelf;
mod signal;
mod snapshot;
mod sql;
mod store;
mod submission;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod wallets;

pub use clock::DatabaseClock;
pub use database::Database;
pub use figures::SeaFigures;
pub use health::SeaHealth;
pub use import::{SourceParts, open_users};
pub use ledger::SeaLedger;
pub use live::SeaLive;
pub use outbox::SeaRelay;
pub use pool_sizes::PoolSizes;
pub use queries::SeaQueries;
pub use signal::DatabaseSignal;
pub use store::SeaStore;
pub use submission::{FileMemory, SeaIdentity};
pub use tx::SeaTx;
