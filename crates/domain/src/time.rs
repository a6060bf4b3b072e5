//! Points in time as the database keeps them.

use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z. Both databases store exactly this integer, so a value reads back equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The start of the epoch.
    pub const EPOCH: Self = Self(0);

    /// A point in time `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// `self + duration`, stopping at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    /// `self - duration`, stopping at the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        u64::try_from(micros).map_or(Duration::ZERO, Duration::from_micros)
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_stops_at_the_ends_instead_of_wrapping() {
        assert_eq!(
            Timestamp::from_micros(i64::MAX).plus(Duration::MAX),
            Timestamp::from_micros(i64::MAX)
        );
        assert_eq!(Timestamp::EPOCH.since(Timestamp::from_micros(5)), Duration::ZERO);
        assert_eq!(
            Timestamp::from_micros(7).since(Timestamp::from_micros(5)),
            Duration::from_micros(2)
        );
    }
}
