//! Queues between the relay and the workers: inside the process, and on Redis for many processes. They hold a small,
//! replaceable window of the outbox; losing what is in it costs time and nothing else.

mod attended;
mod direct;
mod embedded;
mod redis;

pub use direct::DirectJobs;
pub use embedded::EmbeddedJobs;
pub use redis::{RedisJobs, RedisOptions};

/// Jobs a queue holds at most. apalis-redis stops for good above about 8,000 due jobs, and whatever waits here is lost
/// with its Redis until the leases run out, so the window stays small.
pub const JOBS_MAX: u16 = 512;
