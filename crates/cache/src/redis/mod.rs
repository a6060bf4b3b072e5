//! Limits shared by all nodes through Redis.

mod bell;
mod memory;
mod outage;
mod pool;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{RedisError, Script};
use deadpool_redis::{Connection, PoolError};
use ports::limits::{Admission, Bucket, JointAdmission, Limit, RateLimiter};
use tokio::sync::Mutex;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

pub use bell::RedisBell;
pub use memory::RedisMemory;
pub use pool::{RedisPool, RedisUnreachable, UnusableRedisUrl, connect, ping};

use crate::ahead::{Ahead, worth_taking};
use crate::gcra::{Pace, count_of, one};
use crate::in_process::InProcessRateLimiter;
use outage::Outage;

/// The clock of Redis, which all nodes share.
const CLOCK: &str = "local clock = redis.call('TIME')\nlocal now = clock[1] * 1000000 + clock[2]\n";
const GCRA: &str = include_str!("gcra.lua");
const GIVE_BACK: &str = include_str!("give_back.lua");
/// A request waits this long for its limits and no longer.
const ANSWER_MAX: Duration = Duration::from_millis(100);

/// Counts in Redis: one call, which tells the time, decides and records. Keys expire by themselves.
///
/// While Redis does not answer, every node counts on its own. That multiplies the limits by the number of nodes, which
/// is better than having none and better than turning everybody away.
pub struct RedisRateLimiter {
    pool: RedisPool,
    /// Shared by all calls and taken out of the pool, because the pool would ask the server before every loan whether
    /// it is still there: two round trips instead of one.
    connection: Mutex<Option<MultiplexedConnection>>,
    script: Script,
    give_back: Script,
    prefix: String,
    outage: Outage,
    ahead: Ahead,
    alone: InProcessRateLimiter,
}

/// Why Redis was not asked or did not answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no answer within {ANSWER_MAX:?}")]
    Slow(#[from] Elapsed),
    #[error("no connection: {0}")]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl RedisRateLimiter {
    /// A limiter whose keys begin with `prefix`.
    #[must_use]
    pub fn new(pool: RedisPool, prefix: impl Into<String>) -> Self {
        Self {
            pool,
            connection: Mutex::default(),
            script: Script::new(&format!("{CLOCK}{GCRA}")),
            give_back: Script::new(&format!("{CLOCK}{GIVE_BACK}")),
            prefix: prefix.into(),
            outage: Outage::default(),
            ahead: Ahead::default(),
            alone: InProcessRateLimiter::default(),
        }
    }

    async fn ask(&self, buckets: &[Bucket<'_>], ahead: fn(Limit) -> u32) -> Result<JointAdmission, Failure> {
        let mut connection = self.connection().await?;
        let mut call = self.script.prepare_invoke();
        for bucket in buckets {
            let Pace { interval, burst } = Pace::of(bucket.limit);
            call.key(format!("{}{}", self.prefix, bucket.key))
                .arg(interval)
                .arg(burst)
                .arg(ahead(bucket.limit));
        }
        let answer: Vec<u64> = call.invoke_async(&mut connection).await?;
        Ok(match answer.as_slice() {
            [0, wait, bucket] => JointAdmission::Denied {
                bucket: usize::try_from(*bucket).unwrap_or_default(),
                retry_after: Duration::from_micros(*wait),
            },
            [_, granted @ ..] => self.granted(buckets, granted),
            [] => JointAdmission::Granted {
                remaining: Vec::new(),
            },
        })
    }

    /// Keeps what was taken ahead, which is none of most limits.
    fn granted(&self, buckets: &[Bucket<'_>], granted: &[u64]) -> JointAdmission {
        let (pairs, now) = (granted.as_chunks::<2>().0, Instant::now());
        let keep = |(bucket, [beyond, taken]): (&Bucket<'_>, &[u64; 2])| {
            self.ahead
                .keep(bucket.key, count_of(*taken), count_of(*beyond), now)
        };
        JointAdmission::Granted {
            remaining: buckets.iter().zip(pairs).map(keep).collect(),
        }
    }

    async fn take_from_all(&self, buckets: &[Bucket<'_>], ahead: fn(Limit) -> u32) -> JointAdmission {
        if !self.outage.may_try() {
            return self.alone.take_all_now(buckets);
        }
        let answer = timeout(ANSWER_MAX, self.ask(buckets, ahead))
            .await
            .map_err(Failure::from)
            .flatten();
        match answer {
            Ok(admission) => {
                if self.outage.end() {
                    tracing::info!("Redis answers again: the nodes share their limits");
                }
                admission
            }
            Err(failure) => {
                self.fail(&failure).await;
                self.alone.take_all_now(buckets)
            }
        }
    }

    async fn return_one(&self, key: &str, limit: Limit) -> Result<(), Failure> {
        let mut connection = self.connection().await?;
        let key = format!("{}{key}", self.prefix);
        let interval = Pace::of(limit).interval;
        let mut call = self.give_back.key(key);
        call.arg(interval);
        Ok(call.invoke_async(&mut connection).await?)
    }

    /// The shared connection. Whoever finds none opens one while the others wait for it.
    async fn connection(&self) -> Result<MultiplexedConnection, PoolError> {
        let mut shared = self.connection.lock().await;
        if let Some(open) = &*shared {
            return Ok(open.clone());
        }
        let fresh = Connection::take(self.pool.get().await?);
        *shared = Some(fresh.clone());
        Ok(fresh)
    }

    async fn fail(&self, failure: &Failure) {
        *self.connection.lock().await = None;
        if self.outage.fail() {
            tracing::warn!(error = %failure, "Redis does not answer: each node limits on its own");
        }
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, key: &str, limit: Limit) -> Admission {
        one(self.take_all(&[Bucket { key, limit }]).await)
    }

    async fn take_all(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        self.take_from_all(buckets, |_| 0).await
    }

    async fn take_all_ahead(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        match self.ahead.take_all(buckets, Instant::now()) {
            Some(granted) => granted,
            None => self.take_from_all(buckets, worth_taking).await,
        }
    }

    /// A limit that was taken alone, while Redis was away, is given back there too.
    async fn give_back(&self, key: &str, limit: Limit) {
        self.alone.give_back_now(key, limit);
        if !self.outage.may_try() {
            return;
        }
        let done = timeout(ANSWER_MAX, self.return_one(key, limit)).await;
        if let Err(failure) = done.map_err(Failure::from).flatten() {
            self.fail(&failure).await;
        }
    }
}
