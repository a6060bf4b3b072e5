//! What was taken of limits before it is asked for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ports::limits::{Bucket, JointAdmission, Limit};

/// What is not asked for within this time is lost.
const KEPT: Duration = Duration::from_secs(1);
/// Of what comes back to a limit within that time so much is taken ahead, so that who asks slowly does not notice.
const SHARE: u32 = 4;
/// Limits of which some is kept: about one megabyte.
const LIMITS_MAX: usize = 8_192;

/// What this process took ahead.
#[derive(Default)]
pub(crate) struct Ahead(Mutex<HashMap<Box<str>, Taken>>);

#[derive(Clone, Copy)]
struct Taken {
    left: u32,
    /// How many more there are where it was taken.
    beyond: u32,
    until: Instant,
}

/// How many to take ahead of a limit; none of one that is slow.
pub(crate) fn worth_taking(limit: Limit) -> u32 {
    let millis = limit.period.as_millis().max(1);
    let coming = u128::from(limit.count) * KEPT.as_millis() / millis;
    u32::try_from(coming / u128::from(SHARE)).unwrap_or(u32::MAX)
}

impl Ahead {
    /// One of each, if some of each is left.
    pub(crate) fn take_all(&self, buckets: &[Bucket<'_>], now: Instant) -> Option<JointAdmission> {
        let mut taken = self.taken();
        let has_some = |bucket: &Bucket<'_>| {
            let taken = taken.get(bucket.key);
            taken.is_some_and(|taken| taken.left > 0 && taken.until > now)
        };
        if buckets.is_empty() || !buckets.iter().all(has_some) {
            return None;
        }
        let mut remaining = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let taken = taken.get_mut(bucket.key)?;
            taken.left -= 1;
            remaining.push(taken.left.saturating_add(taken.beyond));
        }
        Some(JointAdmission::Granted { remaining })
    }

    /// Keeps what was taken of a limit, of which there is `beyond` more; how many more there are in all.
    pub(crate) fn keep(&self, key: &str, more: u32, beyond: u32, now: Instant) -> u32 {
        let mut taken = self.taken();
        if let Some(kept) = taken.get_mut(key) {
            if kept.until <= now {
                kept.left = 0;
            }
            kept.beyond = beyond;
            if more > 0 {
                kept.left = kept.left.saturating_add(more);
                kept.until = now + KEPT;
            }
            return kept.left.saturating_add(beyond);
        }
        if more > 0 {
            if taken.len() >= LIMITS_MAX {
                taken.retain(|_, kept| kept.until > now);
            }
            if taken.len() < LIMITS_MAX {
                let kept = Taken {
                    left: more,
                    beyond,
                    until: now + KEPT,
                };
                taken.insert(key.into(), kept);
            }
        }
        more.saturating_add(beyond)
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Box<str>, Taken>> {
        // Whoever panicked while holding the lock left a map that is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Limit = Limit {
        count: 6_000,
        period: Duration::from_mins(1),
        burst: 2_000,
    };

    const fn bucket(key: &str) -> Bucket<'_> {
        Bucket { key, limit: QUICK }
    }

    #[test]
    fn as_much_is_taken_ahead_as_comes_back_in_a_quarter_of_a_second() {
        assert_eq!(worth_taking(QUICK), 25);
        for (count, burst) in [(60, 20), (6, 30), (200, 1_000)] {
            let limit = Limit {
                count,
                burst,
                ..QUICK
            };
            assert_eq!(worth_taking(limit), 0, "{count} a minute");
        }
        let never_ending = Limit {
            count: u32::MAX,
            period: Duration::ZERO,
            burst: 1,
        };
        assert_eq!(worth_taking(never_ending), u32::MAX);
    }

    #[test]
    fn one_of_each_is_taken_or_none() {
        let (ahead, now) = (Ahead::default(), Instant::now());
        assert_eq!(ahead.take_all(&[], now), None);
        assert_eq!(ahead.keep("a", 2, 100, now), 102);
        assert_eq!(ahead.keep("b", 1, 50, now), 51);
        assert_eq!(ahead.take_all(&[bucket("a"), bucket("c")], now), None);
        let remaining = vec![101, 50];
        let both = [bucket("a"), bucket("b")];
        assert_eq!(
            ahead.take_all(&both, now),
            Some(JointAdmission::Granted { remaining })
        );
        assert_eq!(ahead.take_all(&both, now), None, "none of the second is left");
        let remaining = vec![100];
        assert_eq!(
            ahead.take_all(&[bucket("a")], now),
            Some(JointAdmission::Granted { remaining })
        );
        assert_eq!(ahead.take_all(&[bucket("a")], now), None);
    }

    #[test]
    fn what_is_not_asked_for_in_time_is_lost() {
        let (ahead, now) = (Ahead::default(), Instant::now());
        ahead.keep("a", 25, 100, now);
        let half = now + KEPT / 2;
        assert_eq!(ahead.keep("a", 0, 99, half), 124, "one was taken past it");
        assert!(ahead.take_all(&[bucket("a")], half).is_some());
        assert_eq!(ahead.take_all(&[bucket("a")], now + KEPT), None);
        assert_eq!(ahead.keep("a", 3, 70, now + KEPT), 73);
    }

    #[test]
    fn a_flood_of_keys_takes_bounded_memory_and_what_is_old_makes_room() {
        let (ahead, now) = (Ahead::default(), Instant::now());
        for number in 0..3 * LIMITS_MAX {
            ahead.keep(&format!("flood {number}"), 5, 0, now);
        }
        assert_eq!(ahead.taken().len(), LIMITS_MAX);
        ahead.keep("later", 5, 0, now + KEPT);
        assert_eq!(ahead.taken().len(), 1);
    }
}
