//! Time, names and servers that a test decides about.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use domain::submission::{Identity, Memory};
use ports::submission::{DatabaseIdentity, MemoryError, SubmissionMemory};
use ports::{Clock, IdSource, StoreError};

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
    given: AtomicU64,
}

impl IdSource for FakeIds {
    fn text_id(&self) -> String {
        let no = self.given.fetch_add(1, Ordering::Relaxed);
        format!("fake{no:028}")
    }
}

/// A database server that a test exchanges at will.
#[derive(Debug, Default)]
pub struct FakeServer {
    generation: AtomicU64,
    identity: Mutex<Identity>,
}

impl FakeServer {
    /// From the next connection on it is another one.
    pub fn becomes(&self, timeline: &str) {
        let mut identity = self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        identity.timeline = Some(timeline.to_owned());
        self.restarts();
    }

    /// From the next connection on it is the same one, started again.
    pub fn restarts(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl DatabaseIdentity for FakeServer {
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    async fn identity(&self) -> Result<Identity, StoreError> {
        Ok(self
            .identity
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }
}

/// A memory that can be wiped, as Redis can.
#[derive(Debug, Default)]
pub struct FakeMemory {
    known: Mutex<Option<Memory>>,
}

impl FakeMemory {
    /// Sets or wipes it.
    pub fn set(&self, memory: Option<Memory>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = memory;
    }

    /// What is in it.
    #[must_use]
    pub fn get(&self) -> Option<Memory> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl SubmissionMemory for FakeMemory {
    fn lasts(&self) -> bool {
        false
    }

    async fn recall(&self) -> Result<Option<Memory>, MemoryError> {
        Ok(self.get())
    }

    async fn remember(&self, incarnation: &str, epoch: i64) -> Result<(), MemoryError> {
        let later = |known: &Memory| known.incarnation == incarnation && known.epoch >= epoch;
        if !self.get().as_ref().is_some_and(later) {
            self.set(Some(Memory {
                incarnation: incarnation.to_owned(),
                epoch,
                is_copy: false,
            }));
        }
        Ok(())
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
