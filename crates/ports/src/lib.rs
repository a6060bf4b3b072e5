//! What the use cases need from the outside, as traits, with their errors and read models.
//!
//! Repositories exist only inside a [`Tx`]; reads for screens are `…Queries` on the pool and return views. Everything
//! that touches the network, the clock or randomness is a port too, so that tests decide about it.

pub mod api_keys;
pub mod audit;
pub mod catalog;
pub mod clock;
pub mod crypto;
pub mod currency;
pub mod figures;
pub mod funds;
pub mod gateway;
pub mod health;
pub mod identity;
pub mod import;
pub mod jobs;
pub mod ledger;
pub mod limits;
pub mod live;
pub mod mail;
pub mod orders;
pub mod outbox;
pub mod placing;
mod polls;
pub mod providers;
pub mod refresh;
pub mod social;
pub mod store;
pub mod submission;
pub mod syncs;
pub mod tokens;
pub mod two_factor;
pub mod users;
pub mod wallets;

pub use clock::{Clock, IdSource};
pub use store::{Store, StoreError, Tx};
