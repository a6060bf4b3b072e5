//! Limits within one process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ports::limits::{Admission, Bucket, JointAdmission, Limit, RateLimiter};

use crate::gcra::{gcra, given_back, one};

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
    /// Takes one from every limit or from none, now.
    pub fn take_all_now(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.take_all_at(buckets, now)
    }

    /// Gives one back.
    pub fn give_back_now(&self, key: &str, limit: Limit) {
        let Some(shard) = self.shards.get(self.part(key)) else {
            return;
        };
        let mut arrivals = locked(shard);
        if let Some(arrival) = arrivals.get_mut(key) {
            *arrival = given_back(*arrival, limit);
        }
    }

    fn take_all_at(&self, buckets: &[Bucket<'_>], now: u64) -> JointAdmission {
        let parts: Vec<usize> = buckets.iter().map(|bucket| self.part(bucket.key)).collect();
        // Everybody locks in one order, so that no two wait for each other.
        let needed: BTreeSet<usize> = parts.iter().copied().collect();
        let mut held: BTreeMap<usize, MutexGuard<'_, Shard>> = needed
            .into_iter()
            .filter_map(|part| Some((part, locked(self.shards.get(part)?))))
            .collect();
        let mut next_of = Vec::with_capacity(buckets.len());
        let mut remaining_of = Vec::with_capacity(buckets.len());
        let mut denied: Option<(usize, Duration)> = None;
        for (index, (bucket, part)) in buckets.iter().zip(&parts).enumerate() {
            let arrival = held.get(part).and_then(|shard| shard.get(bucket.key)).copied();
            match gcra(arrival, now, bucket.limit) {
                (Admission::Granted { remaining }, next) => {
                    next_of.push(next);
                    remaining_of.push(remaining);
                }
                (Admission::Denied { retry_after }, _) => {
                    denied = denied
                        .filter(|(_, longest)| *longest >= retry_after)
                        .or(Some((index, retry_after)));
                }
            }
        }
        if let Some((bucket, retry_after)) = denied {
            return JointAdmission::Denied { bucket, retry_after };
        }
        for ((bucket, part), next) in buckets.iter().zip(&parts).zip(next_of) {
            if let Some(shard) = held.get_mut(part) {
                remember(shard, bucket.key, next, now);
            }
        }
        JointAdmission::Granted {
            remaining: remaining_of,
        }
    }

    fn part(&self, key: &str) -> usize {
        let hash = usize::try_from(self.hasher.hash_one(key) >> u32::BITS).unwrap_or_default();
        hash % SHARDS
    }
}

/// Whoever panicked while holding the lock left a map that is whole.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(arrivals: &mut Shard, key: &str, next: u64, now: u64) {
    if let Some(arrival) = arrivals.get_mut(key) {
        *arrival = next;
        return;
    }
    if arrivals.len() >= KEYS_PER_SHARD {
        make_room(arrivals, now);
    }
    arrivals.insert(key.into(), next);
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
        one(self.take_all_now(&[Bucket { key, limit }]))
    }

    async fn take_all(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        self.take_all_now(buckets)
    }

    async fn give_back(&self, key: &str, limit: Limit) {
        self.give_back_now(key, limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const ONE_PER_SECOND: Limit = Limit {
        count: 1,
        period: Duration::from_secs(1),
        burst: 1,
    };

    fn take_at(limiter: &InProcessRateLimiter, key: &str, limit: Limit, now: u64) -> Admission {
        one(limiter.take_all_at(&[Bucket { key, limit }], now))
    }

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
        take_at(&limiter, "victim", one_per_hour, SECOND);
        for number in 0..200_000 {
            take_at(&limiter, &format!("flood {number}"), ONE_PER_SECOND, SECOND);
        }
        let kept = keys(&limiter);
        assert!(
            (SHARDS * (KEYS_PER_SHARD - FORGOTTEN_AT_ONCE)..=SHARDS * KEYS_PER_SHARD).contains(&kept),
            "{kept}"
        );
        let admission = take_at(&limiter, "victim", one_per_hour, SECOND);
        assert!(
            matches!(admission, Admission::Denied { .. }),
            "the flood does not lift other limits"
        );
    }

    #[test]
    fn keys_that_are_not_in_use_make_room() {
        let limiter = InProcessRateLimiter::default();
        for number in 0..200_000 {
            take_at(&limiter, &format!("old {number}"), ONE_PER_SECOND, SECOND);
        }
        for number in 0..20_000 {
            take_at(&limiter, &format!("new {number}"), ONE_PER_SECOND, 10 * SECOND);
        }
        assert_eq!(keys(&limiter), 20_000);
    }
}
