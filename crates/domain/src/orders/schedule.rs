//! When to ask about an order next.

use std::time::Duration;

use super::order::Order;
use super::policy::OrderPolicy;
use crate::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// (younger than, asked every)
const POLL_INTERVALS: [(Duration, Duration); 5] = [
    (Duration::from_mins(10), MINUTE),
    (HOUR, Duration::from_mins(3)),
    (Duration::from_hours(6), Duration::from_mins(10)),
    (DAY, Duration::from_mins(30)),
    (Duration::from_hours(24 * 7), Duration::from_hours(2)),
];
const POLL_INTERVAL_OLD: Duration = Duration::from_hours(8);
/// So long a provider is left alone while little is due.
const TURN_EVERY: Duration = Duration::from_secs(55);
/// To fill a request, an order is asked about so much early at most.
const ORDER_AHEAD: Duration = Duration::from_secs(6);
/// … and a group so much, and no more than a quarter of its interval.
const GROUP_AHEAD: Duration = Duration::from_mins(15);

/// Waiting times before the first, second, … look-up of an unknown order; the last one repeats.
const LOOKUP_INTERVALS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(30),
    HOUR,
];

/// What makes the next poll come sooner or later than the order's age says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollPace {
    /// When the order will be finished at the speed observed so far, if a speed was observed.
    pub finishes_in: Option<Duration>,
    /// Whether the provider's circuit is half open.
    pub half_open: bool,
}

/// When a tracked order is polled next: by age, by predicted finish, with up to ten per cent of jitter so that orders
/// placed together do not stay together.
#[must_use]
pub fn next_poll(order: &Order, pace: PollPace, policy: &OrderPolicy, now: Timestamp) -> Timestamp {
    let base = interval_of_age(order, now);
    let wanted = pace
        .finishes_in
        .map_or(base, |finish| finish.clamp(base / 2, base * 2));
    let slowed = if pace.half_open { wanted * 2 } else { wanted };
    now.plus(percent(jittered(slowed, order.id.0, now), policy.poll_percent))
}

/// How often an order of this age is asked about if nothing else is known. Orders are grouped by that.
#[must_use]
pub fn poll_interval(order: &Order, policy: &OrderPolicy, now: Timestamp) -> Duration {
    percent(interval_of_age(order, now), policy.poll_percent)
}

/// When a group is asked about next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupTime {
    /// From then on it may fill a request.
    pub soon_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
}

/// When a group that is asked about every so often is asked about next, with the same jitter as a single order. `seed`
/// tells groups apart.
#[must_use]
pub fn next_group_poll(
    every: Duration,
    half_open: bool,
    seed: i64,
    policy: &OrderPolicy,
    now: Timestamp,
) -> GroupTime {
    let slowed = if half_open { every * 2 } else { every };
    let due_at = now.plus(jittered(slowed, seed, now));
    let ahead = (every / 4).min(percent(GROUP_AHEAD, policy.poll_percent));
    GroupTime {
        soon_at: due_at.minus(ahead),
        due_at,
    }
}

/// From when on a provider that has just been asked about everything that was due may be asked again although little is
/// due: requests fill up meanwhile, and nothing waits for much longer.
#[must_use]
pub fn next_poll_turn(policy: &OrderPolicy, now: Timestamp) -> Timestamp {
    now.plus(percent(TURN_EVERY, policy.poll_percent))
}

/// Which orders a request may be about: those that are due, and some that soon will be, so that it is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollWindow {
    /// Now.
    pub now: Timestamp,
    /// An order by itself may be asked about if it is due by then. One that is taken comes no more than that earlier.
    pub orders_until: Timestamp,
    /// No group may be asked about that is due later.
    pub groups_until: Timestamp,
}

impl PollWindow {
    /// The window at this moment.
    #[must_use]
    pub fn at(now: Timestamp, policy: &OrderPolicy) -> Self {
        let until = |ahead| now.plus(percent(ahead, policy.poll_percent));
        Self {
            now,
            orders_until: until(ORDER_AHEAD).min(now.plus(ORDER_AHEAD)),
            groups_until: until(GROUP_AHEAD),
        }
    }
}

fn interval_of_age(order: &Order, now: Timestamp) -> Duration {
    let age = now.since(order.submitted_at.unwrap_or(order.created_at));
    POLL_INTERVALS
        .iter()
        .find(|(younger_than, _)| age < *younger_than)
        .map_or(POLL_INTERVAL_OLD, |(_, interval)| *interval)
}

/// When an unknown order is looked up next, having been looked up `order.lookups` times.
pub(super) fn next_lookup(order: &Order, policy: &OrderPolicy, now: Timestamp) -> Timestamp {
    let step = usize::try_from(order.lookups).unwrap_or(usize::MAX);
    let wait = LOOKUP_INTERVALS.get(step).copied().unwrap_or(HOUR);
    now.plus(percent(wait, policy.lookup_percent))
}

/// When an order that provably was not sent is tried again: 5 s, 15 s, 45 s, …
pub(super) fn next_submit(attempts: u32, now: Timestamp) -> Timestamp {
    let factor = 3_u32.saturating_pow(attempts.saturating_sub(1).min(6));
    now.plus(Duration::from_secs(5).saturating_mul(factor))
}

fn percent(duration: Duration, percent: u32) -> Duration {
    duration.saturating_mul(percent) / 100
}

/// `duration` ± 10 %, the same for the same order and moment.
fn jittered(duration: Duration, id: i64, now: Timestamp) -> Duration {
    let mixed = id
        .wrapping_mul(0x1E37_79B9_7F4A_7C15)
        .wrapping_add(now.micros())
        .wrapping_mul(0x5851_F42D_4C95_7F2D);
    let per_mille = u32::try_from(mixed.rem_euclid(201)).unwrap_or(100);
    duration.saturating_mul(900 + per_mille) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_a_tenth() {
        for id in 0..500 {
            let jittered = jittered(MINUTE, id, Timestamp::from_micros(id * 77));
            assert!(
                (Duration::from_secs(54)..=Duration::from_secs(66)).contains(&jittered),
                "{jittered:?}"
            );
        }
    }

    #[test]
    fn retries_back_off_and_stay_bounded() {
        let wait = |attempts| {
            next_submit(attempts, Timestamp::EPOCH)
                .since(Timestamp::EPOCH)
                .as_secs()
        };
        assert_eq!([wait(1), wait(2), wait(3), wait(100)], [5, 15, 45, 3645]);
    }
}
