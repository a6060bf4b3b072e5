//! Rate limits, what is remembered about the database, and the bell that says that there are news: shared through Redis, and within one process.
//!
//! Both follow [`gcra`], so an installation that moves from one process to many keeps its limits. When Redis is gone
//! each process limits on its own rather than not at all.

mod ahead;
mod bell;
mod gcra;
mod in_process;
mod redis;

pub use bell::InProcessBell;
pub use gcra::gcra;
pub use in_process::InProcessRateLimiter;
pub use redis::{
    RedisBell, RedisMemory, RedisPool, RedisRateLimiter, RedisUnreachable, UnusableRedisUrl, connect, ping,
};
