//! A user says that they have paid.

use std::time::Duration;

use domain::currency::Currency;
use domain::funds::{
    Deposit, DepositState, NewDeposit, PAYTM, PaymentAnswer, ReferenceError, Verdict, manual_reference,
    paytm_reference,
};
use domain::{DepositId, Timestamp};
use ports::StoreError;
use ports::jobs::JobTopic;
use ports::limits::{Admission, Limit};
use ports::outbox::NewJob;
use rust_decimal::Decimal;

use super::funds_ports::FundsPorts;
use super::settle::{Credited, Settled, Settlement};
use crate::caller::Caller;
use crate::retry::retry_contended;

/// How often a user may claim. Whoever guesses references does not get far.
const CLAIMS: Limit = Limit {
    count: 20,
    period: Duration::from_hours(1),
    burst: 10,
};
/// When a job asks the gateway, if whoever claims is not answered before.
const JOB_AFTER: Duration = Duration::from_mins(1);
/// What an amount has at most.
const AMOUNT_DECIMALS: u32 = 6;
/// The largest amount of any currency that is read.
const AMOUNT_MAX: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// Why a text is not an amount that can be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// It is not a plain decimal, or has too many decimals.
    #[error("must be a decimal number such as 100.00")]
    NotAnAmount,
    /// Zero or less.
    #[error("must be above zero")]
    NotPositive,
    /// Nobody pays that much.
    #[error("is too large")]
    TooLarge,
}

/// Why a claim was not credited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no such way to pay here.
    #[error("this way to pay is not set up")]
    NotSetUp,
    /// The reference names no payment.
    #[error("the reference {0}")]
    Reference(#[from] ReferenceError),
    /// The amount is none.
    #[error("the amount {0}")]
    Amount(#[from] AmountError),
    /// The user claims too often.
    #[error("too many claims")]
    TooOften {
        /// When to come back.
        retry_after: Duration,
    },
    /// The payment was credited before.
    #[error("the payment was credited before")]
    AlreadyCredited,
    /// Somebody else claimed it first.
    #[error("somebody else claimed the payment first")]
    NotYours,
    /// A person looks at it.
    #[error("a person looks at the payment")]
    InReview,
    /// It was not made.
    #[error("the payment was not made: {0}")]
    Failed(String),
    /// Another amount was paid.
    #[error("another amount was paid")]
    Mismatch {
        /// What was claimed.
        claimed: Decimal,
        /// What was paid.
        paid: Decimal,
    },
    /// The gateway has not heard of it yet. It is asked again.
    #[error("the gateway does not know the payment yet")]
    NotFound,
    /// The gateway does not know yet. It is asked again.
    #[error("the gateway does not know yet")]
    Pending,
    /// Nobody knows what it is worth. It is credited when somebody does.
    #[error("there is no rate for the payment's currency")]
    NoRate(Currency),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A payment that staff have to look at.
#[derive(Debug, Clone)]
pub struct ManualClaim {
    /// How it was paid.
    pub method: String,
    /// What the bank calls it.
    pub reference: String,
    /// How much, as the user wrote it.
    pub amount: String,
    /// In which currency.
    pub currency: Currency,
}

/// The use case.
pub struct ClaimDeposit {
    settlement: Settlement,
}

enum Claimed {
    Ours(DepositId),
    NotOurs(ClaimError),
}

impl ClaimDeposit {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: FundsPorts) -> Self {
        Self {
            settlement: Settlement { ports },
        }
    }

    const fn ports(&self) -> &FundsPorts {
        &self.settlement.ports
    }

    /// Claims an order at Paytm, and credits it if Paytm says that it was paid. However often it is claimed, and wherever,
    /// it is credited once. What Paytm does not know yet is kept, and a job asks again.
    ///
    /// # Errors
    /// [`ClaimError`] if nothing was credited now.
    pub async fn paytm(&self, caller: &Caller, order: &str, amount: &str) -> Result<Credited, ClaimError> {
        let gateway = self.ports().paytm.clone().ok_or(ClaimError::NotSetUp)?;
        let order = order.trim();
        let new = NewDeposit {
            user: caller.user().id.clone(),
            method: PAYTM.to_owned(),
            reference: paytm_reference(order)?,
            written: order.to_owned(),
            currency: Currency::from_stored("INR"),
            amount: parsed(amount)?,
            state: DepositState::Open,
            at: self.ports().clock.now(),
        };
        let id = self.claimed(caller, &new).await?;
        let deposit = self.open(id).await?;
        // Nothing is held while it is asked.
        let answer = gateway.status(&deposit.written).await;
        if let PaymentAnswer::Unknown(reason) = &answer {
            tracing::warn!(deposit = id.0, %reason, "a gateway said nothing usable about a payment; it is asked again");
        }
        match self.settlement.settle(&deposit, &answer, false).await? {
            Settled::Credited(credited) => Ok(*credited),
            Settled::NoRate => Err(ClaimError::NoRate(deposit.currency)),
            Settled::Before(DepositState::Credited) => Err(ClaimError::AlreadyCredited),
            Settled::Before(DepositState::Review) => Err(ClaimError::InReview),
            Settled::Before(DepositState::Refused | DepositState::Expired) => {
                Err(ClaimError::Failed("TXN_FAILURE".to_owned()))
            }
            Settled::Before(DepositState::Open) => Err(ClaimError::Pending),
            Settled::Kept(verdict) => Err(refusal(&deposit, verdict)),
        }
    }

    /// Claims a payment that staff look at.
    ///
    /// # Errors
    /// [`ClaimError`] if it was not taken.
    pub async fn manual(&self, caller: &Caller, claim: &ManualClaim) -> Result<Deposit, ClaimError> {
        let methods = &self.ports().policy.manual_methods;
        if !methods.contains(&claim.method) {
            return Err(ClaimError::NotSetUp);
        }
        let new = NewDeposit {
            user: caller.user().id.clone(),
            method: claim.method.clone(),
            reference: manual_reference(&claim.method, &claim.reference)?,
            written: claim.reference.trim().to_owned(),
            currency: claim.currency.clone(),
            amount: parsed(&claim.amount)?,
            state: DepositState::Review,
            at: self.ports().clock.now(),
        };
        let id = self.claimed(caller, &new).await?;
        self.open(id).await
    }

    async fn open(&self, id: DepositId) -> Result<Deposit, ClaimError> {
        let deposit = self.ports().queries.deposit(id).await?;
        Ok(deposit.ok_or_else(|| StoreError::Unavailable(format!("deposit {id} has vanished")))?)
    }

    async fn claimed(&self, caller: &Caller, new: &NewDeposit) -> Result<DepositId, ClaimError> {
        let key = format!("deposits:{}", new.user);
        if let Admission::Denied { retry_after } = self.ports().limiter.take(&key, CLAIMS).await {
            return Err(ClaimError::TooOften { retry_after });
        }
        match retry_contended(|| self.record(caller, new)).await? {
            Claimed::Ours(id) => Ok(id),
            Claimed::NotOurs(error) => Err(error),
        }
    }

    /// Binds the payment to the user, and leaves a job behind, so that it is asked about whatever becomes of us.
    async fn record(&self, caller: &Caller, new: &NewDeposit) -> Result<Claimed, StoreError> {
        let mut tx = self.ports().store.begin().await?;
        let id = match tx.funds().insert_deposit(new).await? {
            Some(id) => id,
            None => {
                let earlier = tx.funds().lock_claim(&new.reference).await?;
                let Some(earlier) = earlier else {
                    return Err(StoreError::Contended);
                };
                if let Some(claimed) = standing(&earlier, new) {
                    // Nothing was written, but what was read is certain only after the commit.
                    tx.commit().await?;
                    return Ok(claimed);
                }
                tx.funds().claim_anew(earlier.id, new).await?;
                earlier.id
            }
        };
        if new.state == DepositState::Open {
            tx.outbox().push(job(id, new.at)).await?;
        }
        let entry = caller
            .entry("deposit.claim", format!("deposit:{id}"), new.at)
            .with("reference", &new.reference)
            .with("amount", new.amount)
            .with("currency", &new.currency);
        tx.audit().append(&entry).await?;
        failpoints::before_commit("claim");
        tx.commit().await?;
        failpoints::after_commit("claim");
        Ok(Claimed::Ours(id))
    }
}

fn job(id: DepositId, at: Timestamp) -> NewJob {
    NewJob {
        topic: JobTopic::CheckDeposit,
        subject: id.0,
        due_at: at.plus(JOB_AFTER),
    }
}

/// What an earlier claim of the payment leaves of a new one; `None` if it may be claimed anew.
fn standing(earlier: &Deposit, new: &NewDeposit) -> Option<Claimed> {
    let is_ours = earlier.user == new.user;
    match earlier.state {
        DepositState::Credited => Some(Claimed::NotOurs(ClaimError::AlreadyCredited)),
        DepositState::Open | DepositState::Review if !is_ours => Some(Claimed::NotOurs(ClaimError::NotYours)),
        DepositState::Review => Some(Claimed::NotOurs(ClaimError::InReview)),
        DepositState::Open if earlier.amount == new.amount => Some(Claimed::Ours(earlier.id)),
        DepositState::Open | DepositState::Refused | DepositState::Expired => None,
    }
}

fn refusal(deposit: &Deposit, verdict: Verdict) -> ClaimError {
    match verdict {
        Verdict::NotFound => ClaimError::NotFound,
        Verdict::Pending | Verdict::Unknown(_) | Verdict::Credit => ClaimError::Pending,
        Verdict::Failed(word) => ClaimError::Failed(word),
        Verdict::Mismatch(paid) => ClaimError::Mismatch {
            claimed: deposit.amount,
            paid,
        },
        Verdict::Review(_) => ClaimError::InReview,
    }
}

/// A plain decimal above zero.
fn parsed(text: &str) -> Result<Decimal, AmountError> {
    let text = text.trim();
    let amount = Decimal::from_str_exact(text).ok().filter(|_| !text.contains('_'));
    let amount = amount.ok_or(AmountError::NotAnAmount)?.normalize();
    if amount <= Decimal::ZERO {
        Err(AmountError::NotPositive)
    } else if amount > AMOUNT_MAX {
        Err(AmountError::TooLarge)
    } else if amount.scale() > AMOUNT_DECIMALS {
        Err(AmountError::NotAnAmount)
    } else {
        Ok(amount)
    }
}
