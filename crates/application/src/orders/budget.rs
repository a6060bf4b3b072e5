//! What the key of a program may spend.

use domain::{Money, Timestamp};
use ports::api_keys::Spent;
use ports::{StoreError, Tx};

use crate::caller::Caller;

/// Why the key does not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// It may not spend so much any more.
    #[error("the key may spend {left} more")]
    Cap {
        /// What it may still spend.
        left: Money,
    },
    /// It was removed or disabled meanwhile.
    #[error("the key was stopped")]
    Stopped,
}

/// Counts `price` against the cap of the key that the caller shows, if there are both. Whether the money is there is up
/// to the wallet.
pub(super) async fn spend(
    tx: &mut dyn Tx,
    caller: &Caller,
    price: Money,
    now: Timestamp,
) -> Result<Result<(), OverBudget>, StoreError> {
    let Some(key) = caller.budget() else {
        return Ok(Ok(()));
    };
    Ok(match tx.api_keys().spend(key, price, now).await? {
        Spent::Counted => Ok(()),
        Spent::TooMuch { left } => Err(OverBudget::Cap { left }),
        Spent::Stopped => Err(OverBudget::Stopped),
    })
}
