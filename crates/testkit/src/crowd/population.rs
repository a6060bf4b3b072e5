//! Whose orders they are: how old, and how long they live.

use std::time::Duration;

use domain::{ProviderOrderId, Timestamp};

/// (parts of a hundred, shortest life, longest life) in seconds; within a class the logarithm is spread evenly.
const LIVES: [(f64, f64, f64); 4] = [
    (40.0, 300.0, 3_600.0),
    (40.0, 3_600.0, 86_400.0),
    (15.0, 86_400.0, 604_800.0),
    (5.0, 604_800.0, 5_184_000.0),
];

/// (younger than, asked every) in seconds: what the product's schedule is compared with, written down a second time.
const INTERVALS: [(u64, u64); 6] = [
    (600, 60),
    (3_600, 180),
    (21_600, 600),
    (86_400, 1_800),
    (604_800, 7_200),
    (u64::MAX, 28_800),
];

/// An order of the crowd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which provider, from zero.
    pub provider: usize,
    /// Its id there. It begins with the moment of its end, so that the provider needs no memory.
    pub upstream: ProviderOrderId,
    /// When the provider accepted it.
    pub submitted_at: Timestamp,
    /// When it will have been delivered.
    pub ends_at: Timestamp,
    /// How often it is asked about at its age.
    pub every: Duration,
    /// Where in its interval it is, in parts of a thousand.
    pub phase: u32,
}

/// A crowd that always comes out the same.
#[derive(Debug, Clone, Copy)]
pub struct Population {
    /// How many providers share the orders.
    pub providers: usize,
    /// Draws another crowd.
    pub seed: u64,
}

impl Population {
    /// The `n`th order of those that are open at `now`: orders that live long are met more often, at any age.
    #[must_use]
    pub fn open(&self, n: u64, now: Timestamp) -> Member {
        let mut dice = Dice::new(self.seed, n);
        let weight = |(parts, from, to): (f64, f64, f64)| parts * (to - from) / (to / from).ln();
        let (_, from, to) = dice.pick(weight);
        let life = from + dice.fraction() * (to - from);
        let age = life * dice.fraction();
        self.member(n, now.minus(seconds(age)), life, now, &mut dice)
    }

    /// The `n`th order that is accepted, at `now`.
    #[must_use]
    pub fn arriving(&self, n: u64, now: Timestamp) -> Member {
        let mut dice = Dice::new(self.seed ^ 0x00A4_41B1, n);
        let (_, from, to) = dice.pick(|(parts, ..)| parts);
        let life = from * (to / from).powf(dice.fraction());
        self.member(n, now, life, now, &mut dice)
    }

    /// How many orders are accepted in `time` if `open` are open all the time.
    #[must_use]
    pub fn arrivals(open: f64, time: Duration) -> f64 {
        let life = LIVES.map(|(parts, from, to)| parts / 100.0 * (to - from) / (to / from).ln());
        open * time.as_secs_f64() / life.iter().sum::<f64>()
    }

    fn member(&self, n: u64, submitted_at: Timestamp, life: f64, now: Timestamp, dice: &mut Dice) -> Member {
        let ends_at = submitted_at.plus(seconds(life));
        let provider = usize::try_from(n).unwrap_or_default() % self.providers;
        let arrived = u8::from(submitted_at == now);
        Member {
            provider,
            upstream: ProviderOrderId::new(format!("{:016}-{provider}-{arrived}-{n}", ends_at.micros())),
            submitted_at,
            ends_at,
            every: every(now.since(submitted_at)),
            phase: dice.up_to(1_000),
        }
    }
}

/// How often an order should be asked about in the `window` after `now`.
#[must_use]
pub fn model_polls(member: &Member, now: Timestamp, window: Duration) -> f64 {
    let from = now.since(member.submitted_at);
    let until = now.plus(window).min(member.ends_at).since(member.submitted_at);
    let mut polls = 0.0;
    let mut lower = Duration::ZERO;
    for (younger_than, every) in INTERVALS {
        let upper = Duration::from_secs(younger_than);
        let inside = until.min(upper).saturating_sub(from.max(lower));
        polls += inside.as_secs_f64() / Duration::from_secs(every).as_secs_f64();
        lower = upper;
    }
    polls
}

fn every(age: Duration) -> Duration {
    let interval = INTERVALS
        .iter()
        .find(|(younger_than, _)| age < Duration::from_secs(*younger_than));
    Duration::from_secs(interval.map_or(28_800, |(_, every)| *every))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Numbers that look drawn and are the same every time.
struct Dice(u64);

impl Dice {
    const fn new(seed: u64, n: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn up_to(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap_or_default()
    }

    fn fraction(&mut self) -> f64 {
        f64::from(self.up_to(1 << 30)) / f64::from(1 << 30)
    }

    fn pick(&mut self, weight: impl Fn((f64, f64, f64)) -> f64) -> (f64, f64, f64) {
        let mut drawn = self.fraction() * LIVES.map(&weight).iter().sum::<f64>();
        for class in LIVES {
            drawn -= weight(class);
            if drawn < 0.0 {
                return class;
            }
        }
        LIVES[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::NOW;

    #[test]
    fn the_crowd_is_asked_about_as_often_as_the_cost_model_says() {
        let population = Population {
            providers: 20,
            seed: 1,
        };
        let minute = Duration::from_mins(1);
        let polls: f64 = (0..100_000)
            .map(|n| model_polls(&population.open(n, NOW), NOW, minute))
            .sum();
        assert!((1_950.0..2_300.0).contains(&polls), "{polls} orders a minute");
        let arrivals = Population::arrivals(100_000.0, Duration::from_hours(24));
        assert!((54_000.0..56_000.0).contains(&arrivals), "{arrivals} a day");
    }
}
