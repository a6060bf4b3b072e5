//! Making a whole transaction again when another one was in its way.

use std::future::Future;
use std::time::Duration;

use ports::StoreError;

/// How often a transaction is made at most.
const ATTEMPTS_MAX: u32 = 6;
/// The first pause; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(2);

/// An error that may be a [`StoreError::Contended`].
pub trait MaybeContended {
    /// Whether making the transaction again can help.
    fn is_contended(&self) -> bool;
}

impl MaybeContended for StoreError {
    fn is_contended(&self) -> bool {
        *self == Self::Contended
    }
}

/// Runs `attempt` until it is not in another transaction's way, a bounded number of times.
///
/// # Errors
/// What the last attempt answered.
pub async fn retry_contended<T, E, F, A>(mut attempt: A) -> Result<T, E>
where
    E: MaybeContended,
    F: Future<Output = Result<T, E>> + Send,
    A: FnMut() -> F + Send,
{
    let mut pause = PAUSE_MIN;
    for _ in 1..ATTEMPTS_MAX {
        match attempt().await {
            Err(error) if error.is_contended() => tokio::time::sleep(pause).await,
            result => return result,
        }
        pause = pause.saturating_mul(2);
    }
    attempt().await
}
