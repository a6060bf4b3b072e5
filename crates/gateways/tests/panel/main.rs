//! The gateway over real connections: against servers that break one thing each, and against the simulated panel.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod broken_servers;
mod forbidden_addresses;
mod hostile_answers;
mod quiet_logs;
mod sandbox_panel;
mod support;
