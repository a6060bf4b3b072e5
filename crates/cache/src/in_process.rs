//! Limits within one process.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use ports::limits::{Admission, Limit, RateLimiter};

use crate::gcra::{gcra, given_back};

/// Parts with a lock of their own.
const SHARDS: usize = 16;
/// Keys in one part: about 65,000 in all, some 10 MB.
const KEYS_PER_SHARD: usize = 4_096;
/// Keys in use that make room together, so that looking for them does not cost every newcomer the whole search.
const FORGOTTEN_AT_ONCE: usize = KEYS_PER_SHARD / 8;

/// Theoretical arrival times by key.
type Shard = HashMap<Box<str>, u64>;

/// Counts in memory. It remembers a bounded number of keys; with more than that in use at once, it forgets those that
/// are closest to being unused.
pub struct InProcessRateLimiter {
    began: Instant,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

impl Default for InProcessRateLimiter {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            hasher: RandomState::new(),
            shards: Default::default(),
        }
    }
}

impl InProcessRateLimiter {
    /// Takes one from the limit of `key`, now.
    pub fn take_now(&self, key: &str, limit: Limit) -> Admission {
        self.take_at(
            key,
            limit,
            u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
        )
    }

    /// Gives one back.
    pub fn give_back_now(&self, key: &str, limit: Limit) {
        let Some(shard) = self.shard(key) else { return };
        let mut arrivals = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = arrivals.get_mut(key) {
            *arrival = given_back(*arrival, limit);
        }
    }

    fn take_at(&self, key: &str, limit: Limit, now: u64) -> Admission {
        let Some(shard) = self.shard(key) else {
            // There is a shard for every remainder.
            return gcra(None, now, limit).0;
        };
        // Whoever panicked while holding the lock left a map that is whole.
        let mut arrivals = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = arrivals.get_mut(key) {
            let (admission, next) = gcra(Some(*arrival), now, limit);
            *arrival = next;
            return admission;
        }
        if arrivals.len() >= KEYS_PER_SHARD {
            make_room(&mut arrivals, now);
        }
        let (admission, next) = gcra(None, now, limit);
        arrivals.insert(key.into(), next);
        admission
    }

    fn shard(&self, key: &str) -> Option<&Mutex<Shard>> {
        let hash = usize::try_from(self.hasher.hash_one(key) >> u32::BITS).unwrap_or_default();
        self.shards.get(hash % SHARDS)
    }
}

/// Drops what has passed, which is as good as unknown; and if all is in use, the part that passes next.
fn make_room(arrivals: &mut Shard, now: u64) {
    arrivals.retain(|_, arrival| *arrival > now);
    if arrivals.len() < KEYS_PER_SHARD {
        return;
    }
    let mut times: Vec<u64> = arrivals.values().copied().collect();
    let (_, last, _) = times.select_nth_unstable(FORGOTTEN_AT_ONCE - 1);
    let mut left = FORGOTTEN_AT_ONCE;
    arrivals.retain(|_, arrival| {
        let goes = *arrival <= *last && left > 0;
        left -= usize::from(goes);
        !goes
    });
}

#[async_trait]
impl RateLimiter for InProcessRateLimiter {
    async fn take(&self, key: &str, limit: Limit) -> Admission {
        self.take_now(key, limit)
    }

    async fn give_back(&self, key: &str, limit: Limit) {
        self.give_back_now(key, limit);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: u64 = 1_000_000;
    const ONE_PER_SECOND: Limit = Limit {
        count: 1,
        period: Duration::from_secs(1),
        burst: 1,
    };

    fn keys(limiter: &InProcessRateLimiter) -> usize {
        limiter.shards.iter().map(|it| it.lock().unwrap().len()).sum()
    }

    #[test]
    fn a_flood_of_keys_takes_bounded_memory_and_spares_those_who_wait_longest() {
        let limiter = InProcessRateLimiter::default();
        let one_per_hour = Limit {
            period: Duration::from_secs(3_600),
            ..ONE_PER_SECOND
        };
        limiter.take_at("victim", one_per_hour, SECOND);
        for number in 0..200_000 {
            limiter.take_at(&format!("flood {number}"), ONE_PER_SECOND, SECOND);
        }
        let kept = keys(&limiter);
        assert!(
            (SHARDS * (KEYS_PER_SHARD - FORGOTTEN_AT_ONCE)..=SHARDS * KEYS_PER_SHARD).contains(&kept),
            "{kept}"
        );
        let admission = limiter.take_at("victim", one_per_hour, SECOND);
        assert!(
            matches!(admission, Admission::Denied { .. }),
            "the flood does not lift other limits"
        );
    }

    #[test]
    fn keys_that_are_not_in_use_make_room() {
        let limiter = InProcessRateLimiter::default();
        for number in 0..200_000 {
            limiter.take_at(&format!("old {number}"), ONE_PER_SECOND, SECOND);
        }
        for number in 0..20_000 {
            limiter.take_at(&format!("new {number}"), ONE_PER_SECOND, 10 * SECOND);
        }
        assert_eq!(keys(&limiter), 20_000);
    }
}
