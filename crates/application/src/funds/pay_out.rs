//! Staff pay withdrawals out, or give the money back.

use domain::funds::{Approval, Refusal, Withdrawal, WithdrawalState};
use domain::identity::Right;
use domain::identity::right::PaymentsApprove;
use domain::text::plain;
use domain::wallets::Movement;
use domain::{Timestamp, WithdrawalId};
use ports::Tx;
use ports::funds::WithdrawalNews;
use ports::wallets::Applied;

use super::decide::{DecideFundsError, Decided, heard};
use super::funds_ports::FundsPorts;
use crate::caller::{Member, Staff};
use crate::retry::retry_contended;
use crate::wallets::REASON_MAX_CHARS;

/// The use cases.
pub struct DecideWithdrawal {
    ports: FundsPorts,
}

impl DecideWithdrawal {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: FundsPorts) -> Self {
        Self { ports }
    }

    /// Says that a withdrawal was paid out, or, if it is large, that it may be when somebody else says so too.
    ///
    /// # Errors
    /// [`DecideFundsError`] if nothing was decided, or nobody knows.
    pub async fn approve(
        &self,
        staff: &Staff<PaymentsApprove>,
        id: WithdrawalId,
        note: &str,
    ) -> Result<Decided, DecideFundsError> {
        let note = plain(note, REASON_MAX_CHARS)?;
        retry_contended(|| self.record_approval(staff, id, note)).await
    }

    /// Gives the money back.
    ///
    /// # Errors
    /// [`DecideFundsError`] if nothing was decided, or nobody knows.
    pub async fn refuse(
        &self,
        staff: &Staff<PaymentsApprove>,
        id: WithdrawalId,
        reason: &str,
    ) -> Result<Decided, DecideFundsError> {
        let reason = plain(reason, REASON_MAX_CHARS)?;
        retry_contended(|| self.record_refusal(staff, id, reason)).await
    }

    async fn record_approval(
        &self,
        staff: &Member,
        id: WithdrawalId,
        note: &str,
    ) -> Result<Decided, DecideFundsError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let mut locked = locked(&mut *tx, id).await?;
        locked.approver = heard(&mut *tx, locked.approver, &[Right::PaymentsApprove], now).await?;
        let two_from = self.ports.policy.second_approver_from;
        let approval = locked
            .matter(WithdrawalState::Paid)
            .approve(staff.id(), locked.amount, two_from)?;
        let entry = staff
            .entry("withdrawal.approve", format!("withdrawal:{id}"), now)
            .with("user", &locked.user)
            .with("amount", locked.amount)
            .with("note", note);
        let news = match approval {
            Approval::SaidBefore => {
                tx.commit().await?;
                return Ok(Decided::Done);
            }
            Approval::StillFirst => return Ok(Decided::NeedsSecond),
            Approval::First => WithdrawalNews {
                approver: Some(staff.id().clone()),
                ..news(&locked, WithdrawalState::Pending, note, now)
            },
            Approval::Decides => WithdrawalNews {
                decided_by: Some(staff.id().clone()),
                ..news(&locked, WithdrawalState::Paid, note, now)
            },
        };
        tx.funds().change_withdrawal(id, &news).await?;
        tx.audit()
            .append(&entry.with("state", news.state.as_str()))
            .await?;
        if news.state == WithdrawalState::Pending {
            tx.commit().await?;
            return Ok(Decided::NeedsSecond);
        }
        let movement = Movement::withdrawal_paid(locked.amount, &locked.reference);
        tx.wallets().record(&movement.transfers, now).await?;
        failpoints::before_commit("withdrawal-paid");
        tx.commit().await?;
        failpoints::after_commit("withdrawal-paid");
        Ok(Decided::Done)
    }

    async fn record_refusal(
        &self,
        staff: &Member,
        id: WithdrawalId,
        reason: &str,
    ) -> Result<Decided, DecideFundsError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let locked = locked(&mut *tx, id).await?;
        if locked.matter(WithdrawalState::Refused).refuse(staff.id())? == Refusal::SaidBefore {
            tx.commit().await?;
            return Ok(Decided::Done);
        }
        let news = WithdrawalNews {
            approver: None,
            decided_by: Some(staff.id().clone()),
            ..news(&locked, WithdrawalState::Refused, reason, now)
        };
        tx.funds().change_withdrawal(id, &news).await?;
        let entry = staff
            .entry("withdrawal.refuse", format!("withdrawal:{id}"), now)
            .with("user", &locked.user)
            .with("amount", locked.amount)
            .with("reason", reason);
        tx.audit().append(&entry).await?;
        let movement = Movement::withdrawal_refused(&locked.user, locked.amount, &locked.reference);
        tx.wallets().record(&movement.transfers, now).await?;
        if let Some(change) = &movement.wallet {
            match tx.wallets().apply(change, now).await? {
                Applied::Done { .. } => {}
                Applied::NoWallet | Applied::TooLow { .. } | Applied::Frozen => {
                    return Err(DecideFundsError::NotTaken);
                }
            }
        }
        failpoints::before_commit("withdrawal-refused");
        tx.commit().await?;
        failpoints::after_commit("withdrawal-refused");
        Ok(Decided::Done)
    }
}

async fn locked(tx: &mut dyn Tx, id: WithdrawalId) -> Result<Withdrawal, DecideFundsError> {
    let locked = tx.funds().lock_withdrawal(id).await?;
    locked.ok_or(DecideFundsError::Missing)
}

fn news(withdrawal: &Withdrawal, state: WithdrawalState, reason: &str, at: Timestamp) -> WithdrawalNews {
    WithdrawalNews {
        state,
        reason: Some(reason.to_owned()),
        approver: withdrawal.approver.clone(),
        decided_by: None,
        at,
    }
}
