//! Where those who were turned away stand in line.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A line is so long at least. Whoever is turned away behind its end goes to its beginning, so that a line that was formed
/// while the provider was slow does not keep anybody for long after it is quick.
const LINE_MIN: Duration = Duration::from_secs(20);
/// However many stand in it, it is no longer than this.
const LINE_MAX: Duration = Duration::from_mins(5);
/// For each who stands in it a line has so much room: thousands who come back every few seconds would only be turned away
/// again.
const ROOM: Duration = Duration::from_millis(10);
/// How much a new call counts for what calls take.
const WEIGHT: u32 = 8;

/// Gives those who are turned away times to come back that lie as far apart as the provider takes calls. Otherwise
/// thousands would come back at the same moment, to be turned away again but for a few; and none would be there when
/// the provider has room.
#[derive(Debug)]
pub(crate) struct Standing {
    places: u32,
    /// Between two calls, as its rate allows.
    interval: Duration,
    /// What a call takes, on average.
    call: Duration,
    /// When the last who was turned away comes back, if there ever was one.
    end: Option<Duration>,
    /// When each who stands in line comes back.
    line: BinaryHeap<Reverse<Duration>>,
    /// When a call last began or ended.
    moved: Duration,
}

impl Standing {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places: u32::try_from(places).unwrap_or(u32::MAX).max(1),
            interval: Duration::from_millis(200),
            call: Duration::ZERO,
            end: None,
            line: BinaryHeap::new(),
            moved: Duration::ZERO,
        }
    }

    /// So many calls a second are allowed.
    pub(crate) fn has_rate(&mut self, per_second: u32) {
        self.interval = Duration::from_secs(1) / per_second.max(1);
    }

    /// A call has begun.
    pub(crate) const fn call_begins(&mut self, now: Duration) {
        self.moved = now;
    }

    /// A call has ended.
    pub(crate) fn call_took(&mut self, now: Duration, took: Duration) {
        self.moved = now;
        self.call = (self.call * (WEIGHT - 1) + took) / WEIGHT;
    }

    /// How long the next one who finds every place taken at `now` stands back, and not less than `at_least`. A call that
    /// does not end tells that calls take long before it has ended.
    pub(crate) fn crowded(&mut self, now: Duration, at_least: Duration) -> Duration {
        self.turn_away_from(now, at_least, self.call.max(now.saturating_sub(self.moved)))
    }

    /// How long the next one who is turned away at `now` stands back, and not less than `at_least`.
    pub(crate) fn turn_away(&mut self, now: Duration, at_least: Duration) -> Duration {
        self.turn_away_from(now, at_least, self.call)
    }

    fn turn_away_from(&mut self, now: Duration, at_least: Duration, call: Duration) -> Duration {
        // Twice as close as places become free: better somebody is turned away again than nobody is there.
        let spacing = self.interval.max(call / self.places / 2);
        let first = now.saturating_add(at_least);
        while self.line.peek().is_some_and(|Reverse(back)| *back <= now) {
            self.line.pop();
        }
        let standing = u32::try_from(self.line.len()).unwrap_or(u32::MAX);
        let length = ROOM.saturating_mul(standing).clamp(LINE_MIN, LINE_MAX);
        let next = self
            .end
            .map_or(first, |end| end.saturating_add(spacing))
            .max(first);
        let back = if next < first.saturating_add(length) {
            next
        } else {
            first
        };
        self.line.push(Reverse(back));
        self.end = Some(back);
        back.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn those_who_are_turned_away_come_back_one_after_the_other() {
        let mut standing = Standing::new(8);
        standing.has_rate(10);
        let pauses = [(); 4].map(|()| standing.turn_away(ms(0), ms(250)));
        assert_eq!(pauses, [ms(250), ms(350), ms(450), ms(550)]);
        assert_eq!(
            standing.turn_away(ms(500), ms(250)),
            ms(250),
            "the line has moved on"
        );
        assert_eq!(
            standing.turn_away(ms(60_000), ms(250)),
            ms(250),
            "nobody is in line"
        );
    }

    #[test]
    fn slow_calls_make_a_slow_line() {
        let mut standing = Standing::new(8);
        standing.has_rate(500);
        for _ in 0..100 {
            standing.call_took(ms(0), ms(1_600));
        }
        let first = standing.turn_away(ms(0), ms(250));
        let second = standing.turn_away(ms(0), ms(250));
        // Eight places become free every 1.6 s, so one every 200 ms.
        assert!(
            (ms(95)..=ms(100)).contains(&(second - first)),
            "{:?}",
            second - first
        );
    }

    #[test]
    fn a_short_line_keeps_nobody_for_long_after_the_provider_is_quick() {
        let mut standing = Standing::new(8);
        for _ in 0..100 {
            standing.call_took(ms(0), Duration::from_secs(48));
        }
        // One every three seconds: thirty of them would make a line of a minute and a half.
        let pauses = [(); 20].map(|()| standing.turn_away(ms(0), ms(250)));
        let longest = LINE_MIN.saturating_add(ms(250));
        assert!(pauses.iter().max() <= Some(&longest), "{pauses:?}");
    }

    #[test]
    fn calls_that_do_not_end_make_a_slow_line_too() {
        let mut standing = Standing::new(8);
        standing.has_rate(500);
        standing.call_took(ms(0), ms(5));
        standing.call_begins(ms(1_000));
        let mut spacing_at = |now| {
            let first = standing.crowded(ms(now), ms(250));
            standing.crowded(ms(now), ms(250)) - first
        };
        assert_eq!(spacing_at(1_010), ms(2), "as its rate allows");
        assert_eq!(spacing_at(2_600), ms(100), "nothing has moved for 1.6 s");
        assert_eq!(spacing_at(17_000), ms(1_000));
        standing.call_took(ms(17_001), ms(16_001));
        let first = standing.turn_away(ms(60_000), ms(250));
        let second = standing.turn_away(ms(60_000), ms(250));
        assert!(
            second - first < ms(130),
            "who finds a free place does not care: {:?}",
            second - first
        );
    }

    #[test]
    fn a_long_line_has_room_for_all_and_is_short_again_when_they_are_gone() {
        let mut standing = Standing::new(1);
        standing.has_rate(1);
        let mut turn_away = |count: u32, now| -> Vec<u64> {
            let pauses = (0..count).map(|_| standing.turn_away(now, ms(0)).as_secs());
            pauses.collect()
        };
        let pauses = turn_away(20_000, ms(0));
        let longest = pauses.iter().max().copied().unwrap();
        assert!((150..=200).contains(&longest), "{longest}");
        let at = |second| pauses.iter().filter(|pause| **pause == second).count();
        assert!((0..longest).all(|second| at(second) <= 400), "{pauses:?}");
        assert!(turn_away(20_000, ms(0)).iter().all(|pause| *pause < 300));
        let pauses = turn_away(40, Duration::from_mins(6));
        assert_eq!(pauses.iter().max(), Some(&19), "a new line is short");
    }
}
