//! Time and names that a test decides about.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use ports::{Clock, IdSource};

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct FakeClock {
    reading: Mutex<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    now: Timestamp,
    monotonic: Duration,
}

impl FakeClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            reading: Mutex::new(Reading {
                now,
                monotonic: Duration::ZERO,
            }),
        }
    }

    /// Sets the time of day, forwards or backwards. The monotonic time does not notice, as when a host's clock is
    /// corrected.
    pub fn set(&self, now: Timestamp) {
        self.reading().now = now;
    }

    /// Lets time pass: both readings move.
    pub fn advance(&self, by: Duration) {
        let mut reading = self.reading();
        reading.now = reading.now.plus(by);
        reading.monotonic = reading.monotonic.saturating_add(by);
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        // A test that panicked while it set the clock has left a whole reading behind.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::at(crate::fixtures::NOW)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.reading().now
    }

    fn monotonic(&self) -> Duration {
        self.reading().monotonic
    }
}

/// Names that count up. They look like real ones: 32 characters of `[a-zA-Z0-9]`.
#[derive(Debug, Default)]
pub struct FakeIds {
    given: std::sync::atomic::AtomicU64,
}

impl IdSource for FakeIds {
    fn text_id(&self) -> String {
        let no = self.given.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        format!("fake{no:028}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_time_of_day_leaves_the_monotonic_time_alone() {
        let clock = FakeClock::at(Timestamp::from_micros(1_000));
        clock.advance(Duration::from_micros(5));
        clock.set(Timestamp::from_micros(7));
        assert_eq!(
            (clock.now(), clock.monotonic()),
            (Timestamp::from_micros(7), Duration::from_micros(5))
        );
    }

    #[test]
    fn fake_names_differ_and_have_the_shape_of_real_ones() {
        let ids = FakeIds::default();
        let (first, second) = (ids.text_id(), ids.text_id());
        assert_ne!(first, second);
        assert!(first.len() == 32 && first.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
