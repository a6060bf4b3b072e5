//! What happens in a run: steps that follow from the seed alone. A step that finds nothing to do does nothing, so any
//! part of a plan is a plan, which is what lets a failing one be shrunk.

use super::dice::Dice;

/// Processes that do jobs.
pub(super) const WORKERS: usize = 3;
/// Processes with a connection to the database: the workers, and the one that customers and staff talk to.
pub(super) const PROCESSES: usize = WORKERS + 1;

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// Time passes.
    Time,
    /// A worker makes one step of what it does, or takes a job.
    Worker(usize),
    /// A schedule runs: rescue, look-ups, polls, forgotten holds.
    Schedule,
    /// A customer orders, repeats a request, or cancels.
    Customer,
    /// Staff decide about an order.
    Staff,
    /// A worker is killed.
    Kill(usize),
    /// A worker stands still.
    Freeze(usize),
    /// The clock of the database is set.
    Clock,
    /// A job disappears.
    LoseJob,
    /// The guard of a process looks at the database.
    Guard(usize),
    /// The database is copied.
    BackUp,
    /// A copy takes the place of the database.
    Restore,
}

/// A step and its salt, from which all chance in it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) who: Move,
    pub(super) salt: u64,
}

/// Steps of one run.
const STEPS: [u64; 4] = [120, 160, 220, 320];

/// The plan of a seed.
pub(super) fn plan(seed: u64) -> Vec<Step> {
    let mut dice = Dice::new(seed ^ 0x5EED_0F0D_DE55_0001);
    let length = dice.pick(&STEPS).copied().unwrap_or_default();
    let opening = Step {
        who: Move::Customer,
        salt: 0,
    };
    let restores = dice.one_in(3);
    std::iter::once(opening)
        .chain((0..length).map(|_| Step {
            who: who(&mut dice, restores),
            salt: dice.roll() | 1,
        }))
        .collect()
}

fn who(dice: &mut Dice, restores: bool) -> Move {
    let worker = dice.index(WORKERS).unwrap_or_default();
    match dice.below(200) {
        0..34 => Move::Time,
        34..42 => Move::Guard(dice.index(PROCESSES).unwrap_or_default()),
        42..45 if restores => Move::BackUp,
        45..47 if restores => Move::Restore,
        42..154 => Move::Worker(worker),
        154..174 => Move::Schedule,
        174..184 => Move::Customer,
        184..190 => Move::Staff,
        190..194 => Move::Kill(worker),
        194..197 => Move::Freeze(worker),
        197 => Move::Clock,
        _ => Move::LoseJob,
    }
}
