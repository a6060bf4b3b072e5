//! Wallets and the ledger.

mod changes;
mod queries;
mod repository;
