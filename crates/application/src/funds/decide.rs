//! Staff decide about deposits that a person has to look at.

use domain::currency::Currency;
use domain::funds::{Approval, Contradiction, Deposit, DepositState, Refusal, Stage, Unheard, creditable};
use domain::identity::Right;
use domain::identity::right::PaymentsApprove;
use domain::text::{TextError, plain};
use domain::{DepositId, Money, Timestamp, UserId};
use ports::funds::DepositNews;
use ports::{StoreError, Tx};

use super::funds_ports::{FundsPorts, Worth};
use super::ledger::credit;
use crate::caller::{Member, Staff};
use crate::currency::ShowError;
use crate::identity::still_holds;
use crate::retry::{MaybeContended, retry_contended};
use crate::wallets::REASON_MAX_CHARS;

/// What a decision did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is done. Saying the same again does nothing and is this too.
    Done,
    /// Somebody else has to say the same.
    NeedsSecond,
}

/// Why nothing was decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideFundsError {
    /// There is no such deposit or withdrawal.
    #[error("there is no such deposit or withdrawal")]
    Missing,
    /// It is the caller's own.
    #[error("nobody decides about their own money")]
    Own,
    /// It is not up to a person, any more or yet.
    #[error("it is not up to a person now")]
    NotNow,
    /// The reason is missing or too long.
    #[error("the reason {0}")]
    Reason(#[from] TextError),
    /// It is outside of the limits, or the fee would leave nothing of it.
    #[error("the amount is outside of the limits")]
    OutOfLimits,
    /// The gateway says something else than the claim.
    #[error(transparent)]
    Contradicted(#[from] Contradiction),
    /// Nobody knows what it is worth.
    #[error("there is no rate for its currency")]
    NoRate(Currency),
    /// The wallet cannot hold it, or the ledger has the payment already.
    #[error("the wallet does not take it")]
    NotTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unheard> for DecideFundsError {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Own => Self::Own,
            Unheard::NotNow => Self::NotNow,
        }
    }
}

impl MaybeContended for DecideFundsError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// The use cases.
pub struct DecideDeposit {
    ports: FundsPorts,
}

impl DecideDeposit {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: FundsPorts) -> Self {
        Self { ports }
    }

    /// Credits a deposit, or, if it is large, says that it may be credited when somebody else says so too.
    ///
    /// # Errors
    /// [`DecideFundsError`] if nothing was decided, or nobody knows.
    pub async fn approve(
        &self,
        staff: &Staff<PaymentsApprove>,
        id: DepositId,
    ) -> Result<Decided, DecideFundsError> {
        let deposit = self.ports.queries.deposit(id).await?;
        let deposit = deposit.ok_or(DecideFundsError::Missing)?;
        if deposit.user == *staff.id() {
            return Err(DecideFundsError::Own);
        }
        let said = self.creditable(&deposit).await?;
        let worth = match self.ports.worth(&said).await {
            Ok(worth) => worth.ok_or(DecideFundsError::OutOfLimits),
            Err(ShowError::NoRate(currency)) => Err(DecideFundsError::NoRate(currency)),
            Err(ShowError::Store(error)) => Err(error.into()),
        };
        match retry_contended(|| self.record_approval(staff, &deposit, &worth)).await {
            Err(DecideFundsError::Store(StoreError::Conflict { .. })) => Err(DecideFundsError::NotTaken),
            decided => decided,
        }
    }

    /// The deposit with what may be credited of it: the gateway's word goes before the claimant's. Nothing is held while it is
    /// asked.
    async fn creditable(&self, deposit: &Deposit) -> Result<Deposit, DecideFundsError> {
        let mut said = deposit.clone();
        if let Some(gateway) = self.ports.paytm.as_ref().filter(|_| deposit.asks_a_gateway()) {
            let answer = gateway.status(&deposit.written).await;
            said.amount = creditable(deposit, &answer)?;
        }
        Ok(said)
    }

    async fn record_approval(
        &self,
        staff: &Member,
        deposit: &Deposit,
        worth: &Result<Worth, DecideFundsError>,
    ) -> Result<Decided, DecideFundsError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let locked = tx.funds().lock_deposit(deposit.id).await?;
        let mut locked = locked.ok_or(DecideFundsError::Missing)?;
        let rights: &[Right] = if locked.is_an_adjustment() {
            &[Right::PaymentsApprove, Right::WalletsAdjust]
        } else {
            &[Right::PaymentsApprove]
        };
        locked.approver = heard(&mut *tx, locked.approver, rights, now).await?;
        let mut matter = locked.matter(DepositState::Credited);
        if matter.stage == Stage::Waiting && !locked.is_the_claim(deposit) {
            matter.stage = Stage::Past;
        }
        // What has no worth is refused for that only if it is up to this person at all.
        let gross = worth.as_ref().map_or(Money::ZERO, |worth| worth.gross);
        let approval = matter.approve(staff.id(), gross, self.ports.policy.second_approver_from)?;
        if approval == Approval::SaidBefore {
            tx.commit().await?;
            return Ok(Decided::Done);
        }
        let worth = worth.clone()?;
        let mut entry = staff
            .entry("deposit.approve", format!("deposit:{}", locked.id), now)
            .with("user", &locked.user)
            .with("reference", &locked.reference)
            .with("gross", worth.gross)
            .with("fee", worth.fee)
            .with("rate", worth.rate);
        match approval {
            Approval::SaidBefore | Approval::StillFirst => return Ok(Decided::NeedsSecond),
            Approval::First => {
                let news = DepositNews {
                    approver: Some(staff.id().clone()),
                    ..unchanged(&locked, now)
                };
                tx.funds().change_deposit(locked.id, &news).await?;
                tx.audit().append(&entry.with("needs", "a second word")).await?;
                tx.commit().await?;
                return Ok(Decided::NeedsSecond);
            }
            Approval::Decides => {
                if let Some(first) = &locked.approver {
                    entry = entry.with("first", first);
                }
            }
        }
        let available = credit(&mut *tx, &locked, worth, Some(staff.id()), now).await?;
        let available = available.ok_or(DecideFundsError::NotTaken)?;
        tx.audit().append(&entry.with("available", available)).await?;
        failpoints::before_commit("deposit-approved");
        tx.commit().await?;
        failpoints::after_commit("deposit-approved");
        Ok(Decided::Done)
    }

    /// Refuses a deposit that a person looks at. Whoever claims the payment next begins anew.
    ///
    /// # Errors
    /// [`DecideFundsError`] if nothing was decided, or nobody knows.
    pub async fn refuse(
        &self,
        staff: &Staff<PaymentsApprove>,
        id: DepositId,
        reason: &str,
    ) -> Result<Decided, DecideFundsError> {
        let reason = plain(reason, REASON_MAX_CHARS)?;
        retry_contended(|| self.record_refusal(staff, id, reason)).await
    }

    async fn record_refusal(
        &self,
        staff: &Member,
        id: DepositId,
        reason: &str,
    ) -> Result<Decided, DecideFundsError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let locked = tx.funds().lock_deposit(id).await?;
        let locked = locked.ok_or(DecideFundsError::Missing)?;
        if locked.matter(DepositState::Refused).refuse(staff.id())? == Refusal::SaidBefore {
            tx.commit().await?;
            return Ok(Decided::Done);
        }
        let news = DepositNews {
            state: DepositState::Refused,
            reason: Some(reason.to_owned()),
            approver: None,
            decided_by: Some(staff.id().clone()),
            ..unchanged(&locked, now)
        };
        tx.funds().change_deposit(id, &news).await?;
        let entry = staff
            .entry("deposit.refuse", format!("deposit:{id}"), now)
            .with("user", &locked.user)
            .with("reference", &locked.reference)
            .with("reason", reason);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }
}

/// The first word, if it still counts: it does not outlive the right to say it, which is one of these.
pub(super) async fn heard(
    tx: &mut dyn Tx,
    first: Option<UserId>,
    rights: &[Right],
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    Ok(match first {
        Some(first) if still_holds(tx, &first, rights, now).await? => Some(first),
        _ => None,
    })
}

fn unchanged(deposit: &Deposit, now: Timestamp) -> DepositNews {
    DepositNews {
        state: deposit.state,
        reason: deposit.reason.clone(),
        asked: deposit.asked,
        credited: None,
        approver: deposit.approver.clone(),
        decided_by: deposit.decided_by.clone(),
        at: now,
    }
}
