//! Chance that follows from the seed.

use std::time::Duration;

/// A stream of draws. The same seed and purpose give the same draws, whatever the rest of the drill does.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The stream for one purpose.
    pub const fn of(seed: u64, purpose: u64) -> Self {
        Self(
            seed.wrapping_mul(0xD1B5_4A32_D192_ED03)
                .wrapping_add(purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        )
    }

    /// The next draw (SplitMix64).
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to just below `limit`; 0 if that is nothing.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw().checked_rem(limit).unwrap_or_default()
    }

    /// Whether something happens that does in so many of a hundred cases.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// A time between two others, in milliseconds.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to.saturating_sub(from).max(1)))
    }

    /// A moment in a part of a longer time; the part is given in percent of it.
    pub fn moment(&mut self, of: Duration, from: u32, to: u32) -> Duration {
        let share = u32::try_from(self.below(10_000)).unwrap_or(0);
        let (begin, end) = (of * from / 100, of * to / 100);
        begin + end.saturating_sub(begin) * share / 10_000
    }
}
