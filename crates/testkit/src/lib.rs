//! What the tests of this workspace share: values to begin with, a clock that obeys, the contracts that every
//! implementation of a port has to keep, and a simulator of the order protocol. Nothing here knows which database or
//! server is behind a port.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "whatever is wrong here is a failed test, and a test fails by panicking"
)]

pub mod contract;
pub mod crowd;
pub mod fake;
pub mod fixtures;
pub mod simulator;
