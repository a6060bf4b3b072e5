//! The limiters against the contract, and the one on Redis against Redis's misfortunes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking and say what they skip"
)]

mod ahead;
mod contract;
mod misfortune;
mod script;
mod server;
