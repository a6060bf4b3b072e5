//! Live updates: what happens to orders and wallets, told to whoever watches.
//!
//! The database is the truth. Each process follows it from row to row and never passes one that may still be missing, keeps
//! the last rows on a board, and whoever watches reads from there at their own pace. So a watcher costs the same however
//! slow they are, a lost wake-up costs a second, and a position means the same on every node and after every restart.

mod board;
mod hub;
mod subscription;
mod watcher;

pub use board::{Item, What};
pub use hub::{Crowded, LiveHub, LiveLimits};
pub use subscription::{Reload, Said, Subscription};
pub use watcher::Watcher;
