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

/// A limit, and what it is counted by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket<'a> {
    /// What it is counted by.
    pub key: &'a str,
    /// How often.
    pub limit: Limit,
}

/// Whether it may happen now, as far as several limits are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JointAdmission {
    /// Yes, and one was taken from each.
    Granted {
        /// How many more at once, of each.
        remaining: Vec<u32>,
    },
    /// No, and nothing was taken.
    Denied {
        /// The limit to wait for longest, by its place.
        bucket: usize,
        /// When to ask again.
        retry_after: Duration,
    },
}

/// The generic cell rate algorithm. If the shared store is gone, each node limits on its own rather than not at all.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one from the limit of `key`.
    async fn take(&self, key: &str, limit: Limit) -> Admission;

    /// Takes one from every limit, or from none. Whoever keeps them elsewhere asks there once.
    async fn take_all(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        let mut remaining_of = Vec::with_capacity(buckets.len());
        for (index, bucket) in buckets.iter().enumerate() {
            match self.take(bucket.key, bucket.limit).await {
                Admission::Granted { remaining } => remaining_of.push(remaining),
                Admission::Denied { retry_after } => {
                    for taken in buckets.iter().take(index) {
                        self.give_back(taken.key, taken.limit).await;
                    }
                    return JointAdmission::Denied {
                        bucket: index,
                        retry_after,
                    };
                }
            }
        }
        JointAdmission::Granted {
            remaining: remaining_of,
        }
    }

    /// The same for limits of which the same ones are asked for again and again. Whoever keeps them elsewhere may take more than one
    /// there and answer the next from those, as long as half of the limit is left and what is not asked for does not matter:
    /// no more than the limit is ever granted, and somewhat less of it may be.
    async fn take_all_ahead(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        self.take_all(buckets).await
    }

    /// Gives back one that was taken from the same limit and turned out not to count. Whoever cannot does not: then it
    /// counts.
    async fn give_back(&self, key: &str, limit: Limit) {
        let _ = (key, limit);
    }
}
