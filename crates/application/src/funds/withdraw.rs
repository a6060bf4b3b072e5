//! A user asks for money back.

use std::time::Duration;

use domain::funds::{Withdrawal, masked};
use domain::identity::Caution;
use domain::text::{IdempotencyKey, TextError, plain};
use domain::wallets::Movement;
use domain::{Money, Secret, WithdrawalId};
use ports::StoreError;
use ports::funds::NewWithdrawal;
use ports::limits::{Admission, Limit};
use ports::wallets::Applied;

use super::destinations::{open, seal};
use super::funds_ports::FundsPorts;
use crate::caller::{Caller, Denied};
use crate::retry::{MaybeContended, retry_contended};

/// How often a user may ask.
const REQUESTS: Limit = Limit {
    count: 20,
    period: Duration::from_hours(1),
    burst: 10,
};
/// The longest destination, in characters.
const DESTINATION_MAX_CHARS: usize = 500;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct WithdrawalWish {
    /// How much.
    pub amount: Money,
    /// Where to.
    pub destination: String,
    /// Makes a repeated request the same withdrawal.
    pub key: Option<IdempotencyKey>,
}

/// A withdrawal that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// It.
    pub withdrawal: Withdrawal,
    /// Whether an earlier request with the same key asked for it.
    pub replayed: bool,
}

/// Why nothing was put aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawError {
    /// Somebody else acts as the user. They could pay themselves, and decide about it as staff.
    #[error("only the owner of the account does this")]
    NotTheOwner,
    /// The user proved too long ago who they are.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is less than what is paid out.
    #[error("at least {0} is paid out")]
    TooLittle(Money),
    /// The destination is missing or too long.
    #[error("the destination {0}")]
    Destination(#[from] TextError),
    /// The user asks too often.
    #[error("too many requests")]
    TooOften {
        /// When to come back.
        retry_after: Duration,
    },
    /// The wallet has less.
    #[error("the wallet has {available}")]
    InsufficientBalance {
        /// What is there.
        available: Money,
    },
    /// The wallet is frozen.
    #[error("the wallet is frozen")]
    WalletFrozen,
    /// The key was used for another withdrawal.
    #[error("the key was used for another withdrawal")]
    KeyReused,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for WithdrawError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// The use case.
pub struct RequestWithdrawal {
    ports: FundsPorts,
}

impl RequestWithdrawal {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: FundsPorts) -> Self {
        Self { ports }
    }

    /// Takes the amount out of the wallet at once, and asks staff to pay it out.
    ///
    /// # Errors
    /// [`WithdrawError`] if nothing was taken, or nobody knows.
    pub async fn request(&self, caller: &Caller, wish: &WithdrawalWish) -> Result<Requested, WithdrawError> {
        if caller.stands_in() {
            return Err(WithdrawError::NotTheOwner);
        }
        caller.proven(Caution::Always)?;
        let least = self.ports.policy.withdrawal_min;
        if wish.amount < least || !wish.amount.is_positive() {
            return Err(WithdrawError::TooLittle(least));
        }
        let destination = plain(&wish.destination, DESTINATION_MAX_CHARS)?;
        let user = &caller.user().id;
        let key = format!("withdrawals:{user}");
        if let Admission::Denied { retry_after } = self.ports.limiter.take(&key, REQUESTS).await {
            return Err(WithdrawError::TooOften { retry_after });
        }
        // A key belongs to the user who chose it.
        let reference = match &wish.key {
            Some(key) => format!("{user}:{key}"),
            None => self.ports.ids.text_id(),
        };
        let new = NewWithdrawal {
            user: user.clone(),
            amount: wish.amount,
            destination: masked(destination),
            sealed: seal(&*self.ports.sealer, &Secret::new(destination), &reference)?,
            reference,
            at: self.ports.clock.now(),
        };
        let (id, replayed) = retry_contended(|| self.record(caller, &new, destination)).await?;
        let withdrawal = self.ports.queries.withdrawal(id).await?;
        let withdrawal =
            withdrawal.ok_or_else(|| StoreError::Unavailable(format!("withdrawal {id} has vanished")))?;
        Ok(Requested { withdrawal, replayed })
    }

    async fn record(
        &self,
        caller: &Caller,
        new: &NewWithdrawal,
        destination: &str,
    ) -> Result<(WithdrawalId, bool), WithdrawError> {
        let mut tx = self.ports.store.begin().await?;
        let Some(id) = tx.funds().insert_withdrawal(new).await? else {
            let earlier = tx.funds().withdrawal_with(&new.reference).await?;
            let earlier = earlier.ok_or(StoreError::Contended)?;
            let is_same = match open(&*self.ports.sealer, &earlier)? {
                Some(before) => before.reveal() == destination,
                // An earlier version left it in plain, and it is not sealed yet.
                None => earlier.destination == new.destination,
            };
            if earlier.amount != new.amount || !is_same {
                return Err(WithdrawError::KeyReused);
            }
            // Nothing was written, but the withdrawal is certain only after the commit.
            tx.commit().await?;
            return Ok((earlier.id, true));
        };
        let entry = caller
            .entry("withdrawal.request", format!("withdrawal:{id}"), new.at)
            .with("amount", new.amount)
            .with("reference", &new.reference);
        tx.audit().append(&entry).await?;
        let movement = Movement::withdrawal(&new.user, new.amount, &new.reference);
        tx.wallets().create(&new.user, new.at).await?;
        tx.wallets().record(&movement.transfers, new.at).await?;
        // The wallet comes last: its row is the one that many orders wait for.
        if let Some(change) = &movement.wallet {
            match tx.wallets().apply(change, new.at).await? {
                Applied::Done { .. } => {}
                Applied::TooLow { available } => {
                    return Err(WithdrawError::InsufficientBalance { available });
                }
                Applied::NoWallet => {
                    let available = Money::ZERO;
                    return Err(WithdrawError::InsufficientBalance { available });
                }
                Applied::Frozen => return Err(WithdrawError::WalletFrozen),
            }
        }
        failpoints::before_commit("withdrawal");
        tx.commit().await?;
        failpoints::after_commit("withdrawal");
        Ok((id, false))
    }
}
