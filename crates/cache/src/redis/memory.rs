//! What is remembered about the database, in Redis.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::{Script, cmd};
use domain::submission::Memory;
use ports::submission::{MemoryError, SubmissionMemory};
use tokio::time::timeout;

use super::RedisPool;

/// The longest that anybody waits for it.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// A later epoch of the same installation stays.
const REMEMBER: &str = "
local known = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch')
if known[1] == ARGV[1] and tonumber(known[2]) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'incarnation', ARGV[1], 'epoch', ARGV[2])
return 1";

/// One key, which every node sees. It is gone when Redis is wiped: then less is noticed, and nothing breaks.
pub struct RedisMemory {
    pool: RedisPool,
    remember: Script,
    key: String,
}

impl RedisMemory {
    /// The memory under `key`.
    #[must_use]
    pub fn new(pool: RedisPool, key: impl Into<String>) -> Self {
        Self {
            pool,
            remember: Script::new(REMEMBER),
            key: key.into(),
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, MemoryError>>,
    ) -> Result<T, MemoryError> {
        let slow = |_| MemoryError(format!("Redis did not answer within {ANSWER_MAX:?}"));
        timeout(ANSWER_MAX, answer).await.map_err(slow).flatten()
    }
}

#[async_trait]
impl SubmissionMemory for RedisMemory {
    fn lasts(&self) -> bool {
        false
    }

    async fn recall(&self) -> Result<Option<Memory>, MemoryError> {
        let asked = async {
            let mut connection = self.pool.get().await.map_err(failed)?;
            let mut ask = cmd("HMGET");
            ask.arg(&self.key).arg("incarnation").arg("epoch");
            let known: (Option<String>, Option<i64>) =
                ask.query_async(&mut connection).await.map_err(failed)?;
            Ok(known.0.zip(known.1))
        };
        let known = self.in_time(asked).await?;
        Ok(known.map(|(incarnation, epoch)| Memory {
            incarnation,
            epoch,
            is_copy: false,
        }))
    }

    async fn remember(&self, incarnation: &str, epoch: i64) -> Result<(), MemoryError> {
        let told = async {
            let mut connection = self.pool.get().await.map_err(failed)?;
            let mut call = self.remember.key(&self.key);
            call.arg(incarnation).arg(epoch);
            call.invoke_async::<i64>(&mut connection).await.map_err(failed)
        };
        self.in_time(told).await.map(|_| ())
    }
}

fn failed(error: impl std::fmt::Display) -> MemoryError {
    MemoryError(error.to_string())
}
