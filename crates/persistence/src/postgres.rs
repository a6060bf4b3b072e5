//! Connections to PostgreSQL.

use std::str::FromStr;
use std::sync::Arc;

use ports::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use crate::error::driver_error;
use crate::pool_sizes::PoolSizes;
use crate::shelf::{AGE_MAX, PING_AFTER_IDLE, note_opened};
use crate::submission::Lineage;

/// The longest that one statement may run on PostgreSQL, in milliseconds.
const STATEMENT_TIMEOUT_MS: &str = "5000";
/// The longest that one statement may wait for a row, in milliseconds; shorter than the above, so that waiting for
/// another transaction is reported as contention.
const LOCK_TIMEOUT_MS: &str = "4000";
/// The longest that a transaction may do nothing, in milliseconds: a process that hangs must not keep rows locked.
const IDLE_TIMEOUT_MS: &str = "30000";
/// Lists end after a few rows of an index that has them in order. PostgreSQL rather fetches all of them from a bitmap and sorts
/// them if its statistics say that there are few, as they do of a queue that was empty when they were made.
const BITMAP_SCANS: &str = "off";
/// Requests and jobs read a few rows by an index. PostgreSQL compiles statements that it fears to read many, which took a hundred
/// times as long as running them.
const COMPILING: &str = "off";

/// Connects; how, and the pool.
pub(crate) async fn connect(
    url: &str,
    sizes: PoolSizes,
    lineage: &Arc<Lineage>,
) -> Result<(PgConnectOptions, PgPool), StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| driver_error(&error))?
        .application_name("smm-guru")
        .options([
            ("statement_timeout", STATEMENT_TIMEOUT_MS),
            ("lock_timeout", LOCK_TIMEOUT_MS),
            ("idle_in_transaction_session_timeout", IDLE_TIMEOUT_MS),
            ("enable_bitmapscan", BITMAP_SCANS),
            ("jit", COMPILING),
        ]);
    let (greeter, keeper) = (Arc::clone(lineage), Arc::clone(lineage));
    let pool = PgPoolOptions::new()
        .max_connections(sizes.postgres.max(1))
        .acquire_timeout(sizes.wait)
        .max_lifetime(AGE_MAX)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let lineage = Arc::clone(&greeter);
            Box::pin(async move {
                lineage.greet(connection).await?;
                note_opened();
                Ok(())
            })
        })
        .before_acquire(move |connection, usage| {
            let is_current = keeper.is_current(usage.age);
            Box::pin(async move {
                let fresh = usage.idle_for < PING_AFTER_IDLE;
                Ok(is_current && (fresh || connection.ping().await.is_ok()))
            })
        })
        .connect_with(options.clone())
        .await;
    match pool {
        Ok(pool) => Ok((options, pool)),
        // The pool tried until its time was over and does not say what was in the way.
        Err(error @ sqlx::Error::PoolTimedOut) => {
            let reason = options.connect().await.err().unwrap_or(error);
            Err(driver_error(&reason))
        }
        Err(error) => Err(driver_error(&error)),
    }
}
