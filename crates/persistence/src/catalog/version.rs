//! The catalogue's version, as this process saw it last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a version counts. What another process changes is seen so much later at most.
const COUNTS_FOR: Duration = Duration::from_millis(250);

/// What was read a moment ago, unless this process has changed the catalogue since.
#[derive(Debug, Default)]
pub(crate) struct KnownVersion {
    /// How often this process changed the catalogue.
    changes: AtomicU64,
    seen: RwLock<Option<Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    version: i64,
    reading: Reading,
}

/// A look at the version: what it finds is as old as its beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    begun: Instant,
    changes: u64,
}

impl KnownVersion {
    /// The catalogue was changed, and whoever asks from now on has to be told so.
    pub(crate) fn change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn begin(&self) -> Reading {
        Reading {
            begun: Instant::now(),
            changes: self.changes.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn end(&self, reading: Reading, version: i64) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none_or(|seen| seen.reading.begun <= reading.begun) {
            *seen = Some(Seen { version, reading });
        }
    }

    pub(crate) fn get(&self) -> Option<i64> {
        let seen = *self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let Seen { version, reading } = seen?;
        let counts =
            reading.changes == self.changes.load(Ordering::SeqCst) && reading.begun.elapsed() < COUNTS_FOR;
        counts.then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_counts_for_a_moment() {
        let known = KnownVersion::default();
        assert_eq!(known.get(), None);
        let reading = known.begin();
        known.end(reading, 7);
        assert_eq!(known.get(), Some(7));
        std::thread::sleep(COUNTS_FOR);
        assert_eq!(known.get(), None);
    }

    #[test]
    fn a_look_that_began_before_a_change_does_not_count_after_it() {
        let known = KnownVersion::default();
        let reading = known.begin();
        known.change();
        known.end(reading, 7);
        assert_eq!(known.get(), None);
        let reading = known.begin();
        known.end(reading, 8);
        assert_eq!(known.get(), Some(8));
        known.change();
        assert_eq!(known.get(), None);
    }

    #[test]
    fn of_two_looks_the_later_one_counts() {
        let known = KnownVersion::default();
        let (first, second) = (known.begin(), known.begin());
        known.end(second, 8);
        known.end(first, 7);
        assert_eq!(known.get(), Some(8));
    }
}
