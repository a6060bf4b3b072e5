//! Running a seed, and telling a failure in as few steps as it takes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::plan::{Step, plan};
use super::world::World;
use super::{Breach, Rules, Violation};

/// What is asked of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing bad happens.
    Safety,
    /// Nothing bad happens, and once the faults stop every order comes to an end.
    Liveness,
}

/// What happened in a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How often each kind of thing happened.
    pub events: BTreeMap<&'static str, u64>,
    /// How long it took until every order had ended, if that was asked.
    pub ended_after: Duration,
}

impl Summary {
    /// Takes another run in.
    pub fn absorb(&mut self, other: &Self) {
        for (event, count) in &other.events {
            *self.events.entry(event).or_default() += count;
        }
        self.ended_after = self.ended_after.max(other.ended_after);
    }
}

/// A seed that failed, and the shortest history of it that still fails.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What went wrong.
    pub violation: Violation,
    /// What happened, line by line.
    pub history: Vec<String>,
    /// Steps that were drawn.
    pub steps: usize,
    /// Steps that are left.
    pub kept: usize,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { kind, text } = &self.violation;
        writeln!(out, "seed {}: {kind:?}: {text}", self.seed)?;
        writeln!(out, "{} of {} steps are enough:", self.kept, self.steps)?;
        self.history.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// Runs a seed. A failure is shrunk.
///
/// # Errors
/// [`Failure`].
pub fn run(seed: u64, rules: Rules, mode: Mode) -> Result<Summary, Box<Failure>> {
    let steps = plan(seed);
    let mut world = World::new(seed, rules, false);
    match follow(&mut world, &steps, mode) {
        Ok(ended_after) => Ok(summary(world, ended_after)),
        Err(violation) => Err(Box::new(shrunk(seed, rules, mode, steps, violation.kind))),
    }
}

/// The whole history of a seed.
#[must_use]
pub fn replay(seed: u64, rules: Rules, mode: Mode) -> (Vec<String>, Option<Violation>) {
    let mut world = World::new(seed, rules, true);
    let violation = follow(&mut world, &plan(seed), mode).err();
    (world.into_history(), violation)
}

fn follow(world: &mut World, steps: &[Step], mode: Mode) -> Result<Duration, Violation> {
    steps.iter().try_for_each(|step| world.step(*step))?;
    match mode {
        Mode::Safety => Ok(Duration::ZERO),
        Mode::Liveness => world.settle_down(),
    }
}

fn summary(mut world: World, ended_after: Duration) -> Summary {
    let mut events = std::mem::take(&mut world.tally);
    events.insert("a guard refuses an old row", world.store.contended);
    for row in &world.store.transfers {
        *events.entry(row.kind.as_str()).or_default() += 1;
    }
    Summary { events, ended_after }
}

/// Leaves steps out, then calms them, while the same thing still goes wrong.
fn shrunk(seed: u64, rules: Rules, mode: Mode, steps: Vec<Step>, kind: Breach) -> Failure {
    let drawn = steps.len();
    let fails = |steps: &[Step]| {
        let mut world = World::new(seed, rules, false);
        follow(&mut world, steps, mode).is_err_and(|violation| violation.kind == kind)
    };
    let mut steps = without_needless(steps, &fails);
    for index in 0..steps.len() {
        let mut calmer = steps.clone();
        if let Some(step) = calmer.get_mut(index) {
            step.salt = 0;
        }
        if fails(&calmer) {
            steps = calmer;
        }
    }
    let steps = without_needless(steps, &fails);
    let mut world = World::new(seed, rules, true);
    let violation = follow(&mut world, &steps, mode).err();
    Failure {
        seed,
        violation: violation.unwrap_or(Violation {
            kind,
            text: "it went away when it was looked at".to_owned(),
        }),
        history: world.into_history(),
        steps: drawn,
        kept: steps.len(),
    }
}

/// Tries to drop ever smaller pieces until no single step can be dropped.
fn without_needless(mut steps: Vec<Step>, fails: &impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut size = steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut dropped = false;
        while at < steps.len() {
            let rest = |(index, _): &(usize, &Step)| !(at..at + size).contains(index);
            let fewer: Vec<Step> = steps
                .iter()
                .enumerate()
                .filter(rest)
                .map(|(_, step)| *step)
                .collect();
            if fails(&fewer) {
                steps = fewer;
                dropped = true;
            } else {
                at += size;
            }
        }
        match (size, dropped) {
            (1, false) => return steps,
            (1, true) => {}
            _ => size = size.div_ceil(2),
        }
    }
}
