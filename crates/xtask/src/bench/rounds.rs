//! Pairs, interleaved: A B, then B A, so that a machine whose speed drifts is as unfair to one as to the other.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use anyhow::Context;

use super::lab::Lab;
use super::meter;
use super::record::{Round, Sample};

/// A round is repeated when the share of the processors that other virtual machines took differs by more than this
/// between its arms. What other processes of this machine take is no reason: they take more beside a program with one
/// thread than beside one with many, so the rule would prefer rounds of one kind.
const DIFFERENCE_MAX: f64 = 20.0;
/// A machine that is never quiet has to be lived with.
const REPEATED_MAX: u32 = 2;
const SYNC_TIME: Duration = Duration::from_millis(500);

type Run<'a> = Box<dyn Fn(&Lab) -> anyhow::Result<Sample> + 'a>;

/// One side of a comparison.
pub struct Arm<'a> {
    name: &'static str,
    run: Run<'a>,
}

impl<'a> Arm<'a> {
    pub fn new(name: &'static str, run: impl Fn(&Lab) -> anyhow::Result<Sample> + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }
}

/// Measures every arm once in each of `pairs` rounds.
pub fn run(lab: &Lab, scenario: &str, arms: &[Arm<'_>]) -> anyhow::Result<Vec<Round>> {
    let mut order: Vec<usize> = (0..arms.len()).collect();
    let mut rounds = Vec::new();
    for number in 0..lab.pairs {
        if number % 2 == 0 {
            shuffle(&mut order);
        } else {
            order.reverse();
        }
        let mut repeated = 0;
        let round = loop {
            println!("{scenario}, round {} of {}", number + 1, lab.pairs);
            let round = one(lab, arms, &order, repeated).with_context(|| format!("in {scenario}"))?;
            if repeated == REPEATED_MAX || difference(&round) <= DIFFERENCE_MAX {
                break round;
            }
            repeated += 1;
            println!("  other machines took the processors unevenly: once more");
        };
        rounds.push(round);
    }
    Ok(rounds)
}

fn one(lab: &Lab, arms: &[Arm<'_>], order: &[usize], repeated: u32) -> anyhow::Result<Round> {
    let syncs = meter::syncs(&lab.path(""), SYNC_TIME)?;
    let mut round = Round {
        syncs: 1e6 / syncs.median.max(1.0),
        sync_time: syncs.median,
        sync_p99: syncs.p99,
        repeated,
        samples: Vec::new(),
    };
    for arm in order.iter().filter_map(|&at| arms.get(at)) {
        let mut sample = (arm.run)(lab).with_context(|| arm.name)?;
        arm.name.clone_into(&mut sample.arm);
        println!("  {}", line(&sample));
        round.samples.push(sample);
    }
    Ok(round)
}

fn line(sample: &Sample) -> String {
    let Sample {
        arm,
        per_second,
        app_cpu,
        database_cpu,
        p50,
        p99,
        conditions,
        ..
    } = sample;
    format!(
        "{arm:<22} {per_second:>9.1}/s  app {app_cpu:>6.1} us  database {database_cpu:>6.1} us  p50 {:>6.2} ms  \
         p99 {:>7.2} ms  others {:>3.0} %",
        p50 / 1e3,
        p99 / 1e3,
        conditions.foreign + conditions.steal,
    )
}

fn difference(round: &Round) -> f64 {
    let shares = round.samples.iter().map(|sample| sample.conditions.steal);
    let (least, most) = shares.fold((f64::MAX, f64::MIN), |(least, most), share| {
        (least.min(share), most.max(share))
    });
    most - least
}

/// Any order is as likely as any other.
fn shuffle(order: &mut [usize]) {
    for last in (1..order.len()).rev() {
        let random = RandomState::new().build_hasher().finish();
        let bound = u64::try_from(last + 1).unwrap_or(1);
        order.swap(last, usize::try_from(random % bound).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffling_keeps_every_arm_and_gives_every_order() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..500 {
            let mut order = [0, 1, 2];
            shuffle(&mut order);
            seen.insert(order);
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.iter().all(|order| order.iter().sum::<usize>() == 3));
    }
}
