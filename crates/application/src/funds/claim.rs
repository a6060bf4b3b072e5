//! A user says that they have paid.

use std::time::Duration;

use domain::currency::Currency;
use domain::funds::{
    Deposit, DepositState, NewDeposit, PAYTM, PaymentAnswer, ReferenceError, Verdict, manual_reference,
    paytm_reference,
};
use domain::{DepositId, Timestamp};
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::funds::PaymentGateway;
use ports::jobs::JobTopic;
use ports::outbox::NewJob;
use rust_decimal::Decimal;

use super::funds_ports::FundsPorts;
use super::guesses::Guesses;
use super::settle::{Credited, Settled, Settlement};
use crate::caller::Caller;
use crate::retry::retry_contended;

/// How often a payment is claimed at most in one request: claims that are wrong for good give way.
const CLAIMS_MAX: usize = 3;
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

impl ClaimError {
    /// Whether the claim may have been a guess that missed.
    const fn is_a_miss(&self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::Failed(_) | Self::Mismatch { .. } | Self::NotYours
        )
    }
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
    /// Somebody else's, and nobody knows yet whether it is right.
    Theirs(Box<Deposit>),
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
        let guesses = Guesses::of(self.ports(), caller);
        guesses.admit().await?;
        let claimed = self.claim(caller, &*gateway, &new).await;
        if !claimed.as_ref().is_err_and(ClaimError::is_a_miss) {
            guesses.was_none().await;
        }
        claimed
    }

    /// Binds the payment to the user and asks about it. An earlier claim that turns out to be wrong for good, the user's own
    /// or somebody else's, gives way: then the payment is claimed anew.
    async fn claim(
        &self,
        caller: &Caller,
        gateway: &dyn PaymentGateway,
        new: &NewDeposit,
    ) -> Result<Credited, ClaimError> {
        for _ in 0..CLAIMS_MAX {
            let (deposit, is_ours) = match self.claimed(caller, new).await? {
                Claimed::Ours(id) => (self.open(id).await?, true),
                Claimed::Theirs(deposit) => (*deposit, false),
                Claimed::NotOurs(error) => return Err(error),
            };
            // Nothing is held while it is asked. A stranger may have written the id in a way that means nothing there.
            let written = if is_ours { &deposit.written } else { &new.written };
            let answer = gateway.status(written).await;
            if let PaymentAnswer::Unknown(reason) = &answer {
                tracing::warn!(deposit = deposit.id.0, %reason, "a gateway said nothing usable about a payment; it is asked again");
            }
            if !is_ours {
                if !self.settlement.contest(&deposit, &answer).await? {
                    return Err(ClaimError::NotYours);
                }
                continue;
            }
            match self.settlement.settle(&deposit, &answer, false).await? {
                Settled::Credited(credited) => return Ok(*credited),
                Settled::NoRate => return Err(ClaimError::NoRate(deposit.currency)),
                Settled::Before(DepositState::Credited) => return Err(ClaimError::AlreadyCredited),
                Settled::Before(DepositState::Review) => return Err(ClaimError::InReview),
                Settled::Before(DepositState::Open) => return Err(ClaimError::Pending),
                // Claimed before it was paid, and now it is; or it ended in another request.
                Settled::Before(DepositState::Refused | DepositState::Expired)
                | Settled::Kept(Verdict::Early) => {}
                Settled::Kept(verdict) => return Err(refusal(&deposit, verdict)),
            }
        }
        Err(ClaimError::Pending)
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
        Guesses::of(self.ports(), caller).claim().await?;
        match self.claimed(caller, &new).await? {
            Claimed::Ours(id) => self.open(id).await,
            Claimed::Theirs(_) => Err(ClaimError::NotYours),
            Claimed::NotOurs(error) => Err(error),
        }
    }

    async fn open(&self, id: DepositId) -> Result<Deposit, ClaimError> {
        let deposit = self.ports().queries.deposit(id).await?;
        Ok(deposit.ok_or_else(|| StoreError::Unavailable(format!("deposit {id} has vanished")))?)
    }

    async fn claimed(&self, caller: &Caller, new: &NewDeposit) -> Result<Claimed, ClaimError> {
        Ok(retry_contended(|| self.record(caller, new)).await?)
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
                    if earlier.user != new.user {
                        tx.audit().append(&contest(caller, &earlier, new)).await?;
                    }
                    // Or nothing was written, but what was read is certain only after the commit.
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
        DepositState::Open if !is_ours => Some(Claimed::Theirs(Box::new(earlier.clone()))),
        DepositState::Review if !is_ours => Some(Claimed::NotOurs(ClaimError::NotYours)),
        DepositState::Review => Some(Claimed::NotOurs(ClaimError::InReview)),
        // Whatever its case it is one payment to us; but the gateway is asked in the way that was written last.
        DepositState::Open if (earlier.amount, &earlier.written) == (new.amount, &new.written) => {
            Some(Claimed::Ours(earlier.id))
        }
        DepositState::Open | DepositState::Refused | DepositState::Expired => None,
    }
}

/// The line of the audit log about two who say that they made the same payment. One of them may have guessed its id.
fn contest(caller: &Caller, earlier: &Deposit, new: &NewDeposit) -> AuditEntry {
    let (deposit, user, owner) = (earlier.id, &new.user, &earlier.user);
    tracing::warn!(%deposit, %user, %owner, "two users claim one payment");
    caller
        .entry("deposit.contest", format!("deposit:{deposit}"), new.at)
        .with("reference", &new.reference)
        .with("amount", new.amount)
        .with("owner", owner)
        .with("state", earlier.state.as_str())
}

fn refusal(deposit: &Deposit, verdict: Verdict) -> ClaimError {
    match verdict {
        Verdict::NotFound => ClaimError::NotFound,
        Verdict::Pending | Verdict::Unknown(_) | Verdict::Credit | Verdict::Early => ClaimError::Pending,
        Verdict::Failed(word) => ClaimError::Failed(word),
        Verdict::Mismatch(_) => ClaimError::Mismatch {
            claimed: deposit.amount,
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
