//! The repositories on real databases: the contract suites of `testkit` on SQLite in memory, SQLite in a file and
//! PostgreSQL, and what only this crate can see.

#![expect(
    clippy::expect_used,
    reason = "whatever is wrong here is a failed test, and a test fails by panicking"
)]

mod audit;
mod backend;
mod books;
mod checkpoints;
mod connections;
mod contract;
mod figures;
mod group;
mod group_failures;
mod news;
mod placing;
mod plans;
mod roles;
mod schema;
mod shelf;
mod shop;
mod tampering;
mod time;
mod upgrades;
