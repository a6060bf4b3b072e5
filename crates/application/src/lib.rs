//! The use cases. Controllers, queue workers, tests and programs that embed the library all drive these same services,
//! which see the outside world only through ports.
//!
//! A use case reads as a story: load, decide, record. Decisions are made by `domain`; a use case opens one transaction
//! to record them, and never holds it while it calls anybody.

pub mod api_keys;
pub mod audit;
pub mod caller;
pub mod catalog;
pub mod currency;
pub mod figures;
pub mod funds;
pub mod identity;
pub mod jobs;
pub mod live;
pub mod mail;
pub mod orders;
pub mod providers;
pub mod submission;
pub mod wallets;

mod kept;
mod line;
mod retry;
mod together;
