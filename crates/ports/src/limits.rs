//! Rate limits shared by all nodes.

use std::time::Duration;

use async_trait::async_trait;

/// How often something may happen: `burst` at once, and `per_second` on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// How many in `period`, evenly spread.
    pub count: u32,
    /// The period.
    pub period: Duration,
    /// How many at once; at least one.
    pub burst: u32,
}

/// Whether it may happen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Granted {
        /// How many more at once.
        remaining: u32,
    },
    /// No.
    Denied {
        /// When to ask again.
        retry_after: Duration,
    },
}

/// The generic cell rate algorithm. If the shared store is gone, each node limits on its own rather than not at all.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one from the limit of `key`.
    async fn take(&self, key: &str, limit: Limit) -> Admission;

    /// Gives back one that was taken from the same limit and turned out not to count. Whoever cannot does not: then it
    /// counts.
    async fn give_back(&self, key: &str, limit: Limit) {
        let _ = (key, limit);
    }
}
