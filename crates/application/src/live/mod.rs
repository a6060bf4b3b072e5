//! Live updates: what happens to orders and wallets, told to whoever watches.
//!
//! The database is the truth. Each process follows it from row to row and never passes one that may still be missing, keeps
//! the last rows on a board, and whoever watches reads from there at their own pace. So a watcher costs the same however
//! slow they are, a lost wake-up costs a second, and a position means the same on every node and after every restart.
//!
//! Each process also asks every few seconds, at once for everybody who watches there, whose session still stands, and ends
//! the streams of the others.

mod board;
mod hub;
mod rounds;
mod seats;
mod subscription;
mod watcher;

pub use board::{Item, What};
pub use hub::{LiveHub, LivePorts};
pub use seats::{Crowded, LiveLimits, Pass};
pub use subscription::{Ending, Reload, Said, Subscription};
pub use watcher::Watcher;
