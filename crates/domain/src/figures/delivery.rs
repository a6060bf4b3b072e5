//! How long orders took, as counts in buckets, from which percentiles can be read for any range of time.

use std::collections::BTreeMap;
use std::time::Duration;

/// Buckets of one power of two.
const STEPS: u64 = 8;
const STEPS_LOG: u32 = 3;

/// Times that are alike: a bucket is an eighth of its power of two wide, so its middle is within a sixteenth of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u16);

impl Bucket {
    /// The bucket of `took`. Less than a second counts as one.
    #[must_use]
    pub fn of(took: Duration) -> Self {
        let seconds = took.as_secs().max(1);
        let power = seconds.ilog2();
        let step = if power >= STEPS_LOG {
            (seconds >> (power - STEPS_LOG)) & (STEPS - 1)
        } else {
            (seconds << (STEPS_LOG - power)) & (STEPS - 1)
        };
        let number = u64::from(power) * STEPS + step;
        Self(u16::try_from(number).unwrap_or(u16::MAX))
    }

    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The bucket with this number; `None` if there is none.
    #[must_use]
    pub fn numbered(number: u16) -> Option<Self> {
        (u64::from(number) < 64 * STEPS).then_some(Self(number))
    }

    /// The least time that is in no bucket below, in seconds.
    fn begins(self) -> u64 {
        let (power, step) = (u32::from(self.0) >> STEPS_LOG, u64::from(self.0) & (STEPS - 1));
        if power >= STEPS_LOG {
            (STEPS + step) << (power - STEPS_LOG)
        } else {
            (STEPS + step) >> (STEPS_LOG - power)
        }
    }

    /// What stands for the times in it.
    #[must_use]
    pub fn middle(self) -> Duration {
        let power = u32::from(self.0) >> STEPS_LOG;
        let width = 1_u64 << power.saturating_sub(STEPS_LOG);
        Duration::from_secs(self.begins().saturating_add((width - 1) / 2))
    }
}

/// How many orders took how long.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery(BTreeMap<Bucket, u64>);

impl Delivery {
    /// Adds orders.
    pub fn add(&mut self, bucket: Bucket, orders: u64) {
        *self.0.entry(bucket).or_default() += orders;
    }

    /// The time within which this share of the orders was delivered, in percent. `None` if there are none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let orders: u64 = self.0.values().sum();
        let wanted = (orders * percent.min(100)).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.0.iter().find(|(_, orders)| {
            seen += **orders;
            seen >= wanted
        });
        found.map(|(bucket, _)| bucket.middle())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_stands_for_what_is_in_it_within_a_sixteenth(seconds in 0_u64..10_000_000_000) {
            let bucket = Bucket::of(Duration::from_secs(seconds));
            prop_assert_eq!(Bucket::numbered(bucket.number()), Some(bucket));
            let seconds = seconds.max(1);
            prop_assert!(bucket.begins() <= seconds);
            let off = bucket.middle().as_secs().abs_diff(seconds);
            prop_assert!(off * 16 <= seconds + 16, "{seconds}: off by {off}");
        }

        #[test]
        fn longer_is_never_in_a_lower_bucket(a in 0_u64..1 << 40, b in 0_u64..1 << 40) {
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(Bucket::of(Duration::from_secs(less)) <= Bucket::of(Duration::from_secs(more)));
        }
    }

    #[test]
    fn a_percentile_is_the_time_within_which_so_many_were_delivered() {
        let mut delivery = Delivery::default();
        assert_eq!(delivery.percentile(50), None);
        for seconds in [1, 2, 3, 4, 5, 6, 7, 8, 8, 3_600] {
            delivery.add(Bucket::of(Duration::from_secs(seconds)), 1);
        }
        assert_eq!(delivery.percentile(50), Some(Duration::from_secs(5)));
        assert_eq!(delivery.percentile(90), Some(Duration::from_secs(8)));
        let last = delivery.percentile(100).unwrap();
        assert!((3_400..3_800).contains(&last.as_secs()), "{last:?}");
    }
}
