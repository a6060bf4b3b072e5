//! Jobs: handed from the outbox to a queue, done by workers, and swept up by schedules.

mod relay;
mod runner;
mod schedules;

use std::time::Duration;

pub use relay::{Relay, RelayError, RelayRound};
pub use runner::{JobRunner, UseCases};
pub use schedules::{Schedule, Schedules};

/// What a job's use case wants done with the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is left to do.
    Done,
    /// It has to wait; that is no failure.
    Later(Duration),
}

/// How long a job may wait in the queue. A queue that loses its jobs delays them by no more than this.
pub const QUEUE_LEASE: Duration = Duration::from_secs(150);
/// How long a worker owns a job that it began. Longer than any job runs, and short enough that the work of a killed worker is taken
/// over within 45 seconds.
pub const JOB_LEASE: Duration = Duration::from_secs(40);
/// A job whose worker died this often is given up on until a sweep revives it.
pub const JOB_ATTEMPTS_MAX: u32 = 5;
/// How long a sweep leaves a job alone that was given up on.
pub const REVIVE_AFTER: Duration = Duration::from_mins(10);
