//! One process's background work on a real database and a real queue, with doubles where something has to go wrong.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod bench;
mod doubles;
mod relay;
mod schedules;
mod stopping;
