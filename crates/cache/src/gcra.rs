//! The generic cell rate algorithm.
//!
//! Per key it keeps one number, the *theoretical arrival time*: when the next one would come if all came evenly spaced.
//! It may lie as far ahead of now as a burst takes. `redis/gcra.lua` is the same algorithm; a test compares the two.

use std::time::Duration;

use ports::limits::{Admission, JointAdmission, Limit};

/// The longest time between two of a kind, in microseconds: a year.
const INTERVAL_MAX: u64 = 365 * 86_400 * 1_000_000;
/// The longest burst, in microseconds. With it, times stay integers in the doubles of Lua until the year 2160.
const BURST_MAX: u64 = 3_000_000_000_000_000;

/// A limit in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Between two of a kind.
    pub(crate) interval: u64,
    /// How far ahead of now the theoretical arrival time may lie.
    pub(crate) burst: u64,
}

impl Pace {
    /// Rounds the interval up, so that no more than `count` fit into `period`. A count or burst of zero means one.
    pub(crate) fn of(limit: Limit) -> Self {
        let period = u64::try_from(limit.period.as_micros()).unwrap_or(u64::MAX);
        let interval = period
            .div_ceil(u64::from(limit.count.max(1)))
            .clamp(1, INTERVAL_MAX);
        let burst = interval
            .saturating_mul(u64::from(limit.burst.max(1)))
            .min(BURST_MAX);
        Self { interval, burst }
    }
}

/// Decides about one more at `now` and gives the theoretical arrival time to keep for the key. All times are in
/// microseconds since any moment, and a time that has passed is as good as none.
#[must_use]
pub fn gcra(arrival: Option<u64>, now: u64, limit: Limit) -> (Admission, u64) {
    let Pace { interval, burst } = Pace::of(limit);
    // Further ahead than a burst it can only be if the limit has become smaller or the clock was set back.
    let arrival = arrival.unwrap_or(now).clamp(now, now.saturating_add(burst));
    let next = arrival.saturating_add(interval);
    let latest = now.saturating_add(burst);
    if next > latest {
        return (
            Admission::Denied {
                retry_after: Duration::from_micros(next - latest),
            },
            arrival,
        );
    }
    (
        Admission::Granted {
            remaining: count_of((latest - next) / interval),
        },
        next,
    )
}

/// The theoretical arrival time after one was given back.
#[must_use]
pub(crate) fn given_back(arrival: u64, limit: Limit) -> u64 {
    arrival.saturating_sub(Pace::of(limit).interval)
}

/// What became of the only limit that was asked for.
pub(crate) fn one(joint: JointAdmission) -> Admission {
    match joint {
        JointAdmission::Granted { remaining } => Admission::Granted {
            remaining: remaining.first().copied().unwrap_or_default(),
        },
        JointAdmission::Denied { retry_after, .. } => Admission::Denied { retry_after },
    }
}

/// How many more, as a number of the port.
pub(crate) fn count_of(remaining: u64) -> u32 {
    u32::try_from(remaining).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    const fn limit(count: u32, seconds: u64, burst: u32) -> Limit {
        Limit {
            count,
            period: Duration::from_secs(seconds),
            burst,
        }
    }

    fn granted(arrival: Option<u64>, now: u64, limit: Limit) -> bool {
        matches!(gcra(arrival, now, limit).0, Admission::Granted { .. })
    }

    #[test]
    fn a_burst_goes_through_at_once_and_then_one_per_interval() {
        let limit = limit(10, 10, 3);
        let mut arrival = None;
        for remaining in [2, 1, 0] {
            let (admission, next) = gcra(arrival, 100 * SECOND, limit);
            assert_eq!(admission, Admission::Granted { remaining });
            arrival = Some(next);
        }
        let (admission, kept) = gcra(arrival, 100 * SECOND, limit);
        assert_eq!(
            admission,
            Admission::Denied {
                retry_after: Duration::from_secs(1)
            }
        );
        assert_eq!(Some(kept), arrival, "being denied costs nothing");
        assert_eq!(
            gcra(arrival, 101 * SECOND, limit).0,
            Admission::Granted { remaining: 0 }
        );
        assert_eq!(
            gcra(arrival, 103 * SECOND, limit).0,
            Admission::Granted { remaining: 2 }
        );
    }

    #[test]
    fn nothing_is_divided_by_zero_and_nothing_overflows() {
        for count in [0, 1, u32::MAX] {
            for period in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
                for burst in [0, 1, u32::MAX] {
                    for now in [0, SECOND, u64::MAX] {
                        let limit = Limit { count, period, burst };
                        let (first, _) = gcra(None, now, limit);
                        if now < u64::MAX {
                            assert!(matches!(first, Admission::Granted { .. }), "{limit:?} at {now}");
                        }
                        let _ = gcra(Some(u64::MAX), now, limit);
                    }
                }
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_or_a_smaller_limit_does_not_lock_anybody_out() {
        let small = limit(10, 1, 2);
        let (admission, _) = gcra(Some(1_000_000 * SECOND), SECOND, small);
        assert_eq!(
            admission,
            Admission::Denied {
                retry_after: Duration::from_millis(100)
            }
        );
    }

    proptest! {
        #[test]
        fn in_no_window_are_there_more_than_a_burst_and_the_average(
            count in 1_u32..50, seconds in 1_u64..100, burst in 1_u32..20,
            steps in prop::collection::vec(0_u64..3 * SECOND, 1..120),
        ) {
            let limit = limit(count, seconds, burst);
            let interval = Pace::of(limit).interval;
            let (mut now, mut arrival, mut grants) = (SECOND, None, Vec::new());
            for step in steps {
                now += step;
                let (admission, next) = gcra(arrival, now, limit);
                arrival = Some(next);
                if matches!(admission, Admission::Granted { .. }) {
                    grants.push(now);
                }
            }
            for (first, from) in grants.iter().enumerate() {
                for (last, to) in grants.iter().enumerate().skip(first) {
                    let most = u64::from(burst) + (to - from) / interval;
                    prop_assert!(u64::try_from(last - first + 1).unwrap() <= most);
                }
            }
        }

        #[test]
        fn a_denial_says_exactly_when_to_come_back(
            count in 1_u32..50, seconds in 1_u64..100, burst in 1_u32..20, ahead in 0_u64..200 * SECOND,
        ) {
            let (limit, now) = (limit(count, seconds, burst), 1_000 * SECOND);
            let (admission, kept) = gcra(Some(now + ahead), now, limit);
            if let Admission::Denied { retry_after } = admission {
                let wait = u64::try_from(retry_after.as_micros()).unwrap();
                prop_assert!(granted(Some(kept), now + wait, limit));
                prop_assert!(!granted(Some(kept), now + wait - 1, limit));
            }
        }
    }
}
