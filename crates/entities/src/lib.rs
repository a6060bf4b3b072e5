//! The tables as sea-orm entities, and nothing else.
//!
//! Columns hold what the database holds: micro-units, nano-units, microseconds and words. `persistence` turns them into
//! the types of the domain.

pub mod accounts;
pub mod attempts;
pub mod audit_log;
pub mod categories;
pub mod idempotency_keys;
pub mod ledger_accounts;
pub mod order_decisions;
pub mod order_events;
pub mod order_inputs;
pub mod orders;
pub mod outbox;
pub mod poll_groups;
pub mod providers;
pub mod services;
pub mod sessions;
pub mod settings;
pub mod transfers;
pub mod user_settings;
pub mod users;
pub mod verifications;
pub mod wallets;
