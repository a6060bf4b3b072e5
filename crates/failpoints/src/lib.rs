//! Points at which a test makes a process die.
//!
//! Code says where it is, in one line: [`reach`], or [`before_commit`] and [`after_commit`] of what it records. That does
//! nothing: the functions are empty, unless the feature `on` is enabled **and** debug assertions are. Then a test can
//! [`arm`] a point, in the process that it runs in. Nothing reads an environment variable or a file, so a program that
//! does not call [`arm`] itself cannot be made to die from outside, however it was built.

#[cfg(all(feature = "on", debug_assertions))]
mod armed;

#[cfg(all(feature = "on", debug_assertions))]
pub use armed::{after_commit, arm, before_commit, die_at, reach};

/// The process is at the point with this name.
#[cfg(not(all(feature = "on", debug_assertions)))]
#[inline(always)]
pub const fn reach(_point: &str) {}

/// The next thing is the commit of `what`, at the point `WHAT/before-commit`.
#[cfg(not(all(feature = "on", debug_assertions)))]
#[inline(always)]
pub const fn before_commit(_what: &str) {}

/// The last thing was the commit of `what`, at the point `WHAT/after-commit`.
#[cfg(not(all(feature = "on", debug_assertions)))]
#[inline(always)]
pub const fn after_commit(_what: &str) {}
