//! The surface over real sockets, with real use cases on a real database behind it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod auth;
mod client;
mod guesses;
mod limits;
mod limits_auth;
mod limits_requests;
mod orders;
mod other_pages;
mod server;
mod sites;
mod staff;
mod system;
