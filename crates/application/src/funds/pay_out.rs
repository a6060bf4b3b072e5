//! Staff pay withdrawals out, or give the money back.

use domain::funds::{Withdrawal, WithdrawalState};
use domain::identity::right::PaymentsApprove;
use domain::text::plain;
use domain::wallets::Movement;
use domain::{Timestamp, WithdrawalId};
use ports::Tx;
use ports::funds::WithdrawalNews;
use ports::wallets::Applied;

use super::decide::{DecideFundsError, Decided};
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
        let locked = pending(&mut *tx, staff, id, WithdrawalState::Paid).await?;
        let Some(locked) = locked else {
            // The second of two clicks.
            tx.commit().await?;
            return Ok(Decided::Done);
        };
        let entry = staff
            .entry("withdrawal.approve", format!("withdrawal:{id}"), now)
            .with("user", &locked.user)
            .with("amount", locked.amount)
            .with("note", note);
        let is_large = locked.amount >= self.ports.policy.second_approver_from;
        let news = match &locked.approver {
            Some(first) if first == staff.id() => return Ok(Decided::NeedsSecond),
            None if is_large => WithdrawalNews {
                approver: Some(staff.id().clone()),
                ..news(&locked, WithdrawalState::Pending, note, now)
            },
            _ => WithdrawalNews {
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
        let Some(locked) = pending(&mut *tx, staff, id, WithdrawalState::Refused).await? else {
            tx.commit().await?;
            return Ok(Decided::Done);
        };
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

/// The withdrawal, locked, if it waits for a decision that this member of staff may make. `None` if they have made
/// this one before.
async fn pending(
    tx: &mut dyn Tx,
    staff: &Member,
    id: WithdrawalId,
    wanted: WithdrawalState,
) -> Result<Option<Withdrawal>, DecideFundsError> {
    let locked = tx.funds().lock_withdrawal(id).await?;
    let locked = locked.ok_or(DecideFundsError::Missing)?;
    if locked.user == *staff.id() {
        return Err(DecideFundsError::Own);
    }
    if locked.state == WithdrawalState::Pending {
        return Ok(Some(locked));
    }
    if locked.state == wanted && locked.decided_by.as_ref() == Some(staff.id()) {
        return Ok(None);
    }
    Err(DecideFundsError::NotNow)
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
