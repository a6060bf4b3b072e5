//! Jobs: handed from the outbox to a queue, done by workers, and swept up by schedules.

mod books;
mod gather;
mod relay;
mod runner;
mod schedules;

use std::time::Duration;

pub use relay::{Relay, RelayError, RelayRound};
pub use runner::{JobRunner, JobWork, UseCases};
pub use schedules::{Schedule, Schedules};

/// What a job's use case wants done with the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is left to do.
    Done,
    /// It has to wait; that is no failure.
    Later(Duration),
}

/// How long a job is claimed for the queue. Relays renew the claims of what the queue still holds, so this is how long a
/// job is delayed that a queue has lost, and not how long it may wait there.
pub const QUEUE_LEASE: Duration = Duration::from_secs(20);
/// How often relays renew these claims.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long a worker owns a job that it began. Longer than any job runs, and short enough that the work of a killed worker is taken
/// over within 45 seconds.
pub const JOB_LEASE: Duration = Duration::from_secs(40);
/// A job whose worker died this often is given up on until a sweep revives it.
pub const JOB_ATTEMPTS_MAX: u32 = 5;
/// How long a sweep leaves a job alone that was given up on.
pub const REVIVE_AFTER: Duration = Duration::from_mins(10);
