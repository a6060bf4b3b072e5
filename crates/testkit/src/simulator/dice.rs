//! The only source of chance: numbers that follow from a salt.

use std::time::Duration;

/// A stream of numbers. The salt zero is calm: nothing unlikely happens, and the first of several ways is taken. The
/// shrinker makes steps calm, so that what remains of a history is what mattered.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    state: u64,
    calm: bool,
}

impl Dice {
    pub(super) const fn new(salt: u64) -> Self {
        Self {
            state: salt,
            calm: salt == 0,
        }
    }

    /// The next number (SplitMix64).
    pub(super) const fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub(super) const fn below(&mut self, limit: u64) -> u64 {
        if self.calm { 0 } else { self.roll() % limit }
    }

    pub(super) const fn one_in(&mut self, odds: u64) -> bool {
        !self.calm && self.roll().is_multiple_of(odds)
    }

    /// One of `0..len`, if there is any.
    pub(super) fn index(&mut self, len: usize) -> Option<usize> {
        let len = u64::try_from(len).ok().filter(|len| *len > 0)?;
        usize::try_from(self.below(len)).ok()
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        self.index(from.len()).and_then(|index| from.get(index))
    }

    /// A duration between two numbers of milliseconds.
    pub(super) const fn millis(&mut self, min: u64, max: u64) -> Duration {
        Duration::from_millis(min + self.below(max - min + 1))
    }
}
