//! The queues against the contract, and the one on Redis against Redis's misfortunes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say so when they are skipped"
)]

mod contract;
mod misfortune;
mod piles;
mod server;
mod tidiness;
