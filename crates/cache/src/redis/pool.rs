//! Connections to Redis.

use std::time::Duration;

use deadpool_redis::redis::{AsyncConnectionConfig, RedisError, cmd};
use deadpool_redis::{BuildError, Manager, Pool, PoolError, Runtime};
use domain::Secret;
use tokio::time::timeout;

/// A pool of connections, opened when they are needed.
pub type RedisPool = Pool;

/// The longest time for opening a connection, for getting one and for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The URL of Redis does not lead to a pool.
#[derive(Debug, thiserror::Error)]
pub enum UnusableRedisUrl {
    /// It is no URL of Redis.
    #[error("the Redis URL cannot be used: {0}")]
    Url(#[from] RedisError),
    /// The pool cannot be built.
    #[error("the Redis pool cannot be built: {0}")]
    Pool(#[from] BuildError),
}

/// Redis does not answer.
#[derive(Debug, thiserror::Error)]
pub enum RedisUnreachable {
    /// There is no connection.
    #[error("no connection to Redis: {0}")]
    Connection(#[from] PoolError),
    /// The connection broke.
    #[error("Redis does not answer: {0}")]
    Answer(#[from] RedisError),
    /// It takes too long.
    #[error("Redis did not answer within {PATIENCE:?}")]
    Slow,
}

/// A pool for `redis://` or `rediss://`. It opens no connection yet, so it works while Redis is down.
///
/// # Errors
/// [`UnusableRedisUrl`] if the URL is none of Redis.
pub fn connect(url: &Secret, connections_max: u32) -> Result<RedisPool, UnusableRedisUrl> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let manager = Manager::new_with_config(url.reveal(), config)?;
    let pool = Pool::builder(manager)
        .max_size(usize::try_from(connections_max).unwrap_or(usize::MAX))
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .recycle_timeout(Some(PATIENCE))
        .runtime(Runtime::Tokio1)
        .build()?;
    Ok(pool)
}

/// Asks Redis whether it is there, for at most a second.
///
/// # Errors
/// [`RedisUnreachable`] if it does not say so.
pub async fn ping(pool: &RedisPool) -> Result<(), RedisUnreachable> {
    let asked = async {
        let mut connection = pool.get().await?;
        cmd("PING").query_async::<()>(&mut connection).await?;
        Ok(())
    };
    timeout(PATIENCE, asked)
        .await
        .map_err(|_| RedisUnreachable::Slow)
        .flatten()
}
