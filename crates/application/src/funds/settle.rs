//! A gateway is asked about a claim, and what it says is recorded: by whoever claims, and by a job until it is known.

use std::time::Duration;

use domain::funds::{Deposit, DepositState, PaymentAnswer, Trouble, Verdict, ask_again_after, verdict};
use domain::orders::Actor;
use domain::{DepositId, Money, Timestamp};
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::funds::DepositNews;
use tokio::sync::Semaphore;

use super::funds_ports::{FundsPorts, Worth};
use super::ledger::credit;
use crate::currency::ShowError;
use crate::jobs;
use crate::retry::retry_contended;

/// Claims of one process that a gateway is asked about at the same time at most, so that one that stalls never takes the
/// workers that orders need.
const PLACES: usize = 4;
/// How soon a claim comes back that found no place.
const CROWDED_PAUSE: Duration = Duration::from_secs(2);
/// How soon a claim comes back that waits for a rate.
const NO_RATE_PAUSE: Duration = Duration::from_mins(5);
/// How soon a claim comes back whose gateway is not set up any more.
const NOT_SET_UP_PAUSE: Duration = Duration::from_hours(1);
/// The longest reason that is kept, in characters.
const REASON_MAX_CHARS: usize = 200;

/// A deposit that was just credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credited {
    /// Which.
    pub deposit: Deposit,
    /// What can be spent now.
    pub available: Money,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// It was credited now.
    Credited(Box<Credited>),
    /// It is not open: somebody else was first.
    Before(DepositState),
    /// It is now what it should be about, and this is what the gateway says.
    Kept(Verdict),
    /// It is true, and nobody knows what it is worth.
    NoRate,
}

/// Asks and records.
#[derive(Clone)]
pub(super) struct Settlement {
    pub(super) ports: FundsPorts,
}

impl Settlement {
    /// Records what `answer` means for `deposit`. It may have changed since it was read: then nothing of what was decided
    /// counts.
    pub(super) async fn settle(
        &self,
        deposit: &Deposit,
        answer: &PaymentAnswer,
        by_schedule: bool,
    ) -> Result<Settled, StoreError> {
        let now = self.ports.clock.now();
        let mut verdict = verdict(deposit, answer, &self.ports.policy, now);
        let mut worth = None;
        if verdict == Verdict::Credit {
            if self.ports.users.user(&deposit.user).await?.is_none() {
                verdict = Verdict::Review(Trouble::Wallet);
            } else {
                match self.ports.worth(deposit).await {
                    Ok(Some(known)) => worth = Some(known),
                    Ok(None) => verdict = Verdict::Review(Trouble::Amount),
                    Err(ShowError::Store(error)) => return Err(error),
                    Err(ShowError::NoRate(_)) => {}
                }
            }
        }
        let settled = retry_contended(|| self.record(deposit, &verdict, worth, by_schedule)).await;
        if !matches!(settled, Err(StoreError::Conflict { .. })) {
            return settled;
        }
        // The ledger has the payment already, or the wallet cannot hold it. Nothing was recorded.
        tracing::error!(deposit = deposit.id.0, "a payment could not be credited");
        let review = Verdict::Review(Trouble::Wallet);
        retry_contended(|| self.record(deposit, &review, None, by_schedule)).await
    }

    async fn record(
        &self,
        deposit: &Deposit,
        verdict: &Verdict,
        worth: Option<Worth>,
        by_schedule: bool,
    ) -> Result<Settled, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let Some(locked) = tx.funds().lock_deposit(deposit.id).await? else {
            return Ok(Settled::Before(DepositState::Expired));
        };
        if locked.state != DepositState::Open || !locked.is_the_claim(deposit) {
            // Nothing was written, but what was read is certain only after the commit.
            tx.commit().await?;
            return Ok(Settled::Before(locked.state));
        }
        let settled = if let Some(worth) = worth {
            match credit(&mut *tx, &locked, worth, None, now).await? {
                Some(available) => Settled::Credited(Box::new(Credited {
                    deposit: locked.clone(),
                    available,
                })),
                None => return Err(StoreError::Unavailable("the wallet has vanished".to_owned())),
            }
        } else {
            let news = news(&locked, verdict, by_schedule, now);
            tx.funds().change_deposit(locked.id, &news).await?;
            match verdict {
                Verdict::Credit => Settled::NoRate,
                kept => Settled::Kept(kept.clone()),
            }
        };
        if let Some(entry) = entry(&locked, &settled, worth, now) {
            tx.audit().append(&entry).await?;
        }
        failpoints::before_commit("deposit");
        tx.commit().await?;
        failpoints::after_commit("deposit");
        Ok(settled)
    }
}

impl Settlement {
    /// Somebody else claims the payment, about which the gateway says `answer`. A claim that is wrong for good ends; what it
    /// says of a right one is left to its owner and the job. Whether the payment may be free now.
    pub(super) async fn contest(
        &self,
        deposit: &Deposit,
        answer: &PaymentAnswer,
    ) -> Result<bool, StoreError> {
        let verdict = verdict(deposit, answer, &self.ports.policy, self.ports.clock.now());
        if !verdict.yields() {
            return Ok(false);
        }
        retry_contended(|| self.give_way(deposit, &verdict)).await
    }

    async fn give_way(&self, deposit: &Deposit, verdict: &Verdict) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let Some(locked) = tx.funds().lock_deposit(deposit.id).await? else {
            return Ok(true);
        };
        if locked.state != DepositState::Open || !locked.is_the_claim(deposit) {
            // Nothing was written, but what was read is certain only after the commit. Somebody was faster, perhaps the
            // newcomer in another request.
            tx.commit().await?;
            return Ok(true);
        }
        let news = DepositNews {
            state: DepositState::Refused,
            ..news(&locked, verdict, false, now)
        };
        tx.funds().change_deposit(locked.id, &news).await?;
        if let Some(entry) = entry(&locked, &Settled::Kept(verdict.clone()), None, now) {
            tx.audit().append(&entry.with("gave_way", true)).await?;
        }
        failpoints::before_commit("deposit");
        tx.commit().await?;
        failpoints::after_commit("deposit");
        Ok(true)
    }
}

/// Where an open claim goes that is not credited.
fn news(deposit: &Deposit, verdict: &Verdict, by_schedule: bool, now: Timestamp) -> DepositNews {
    let asked = deposit
        .asked
        .saturating_add(u32::from(by_schedule && *verdict != Verdict::Credit));
    let is_over = ask_again_after(asked, deposit.claimed_at, now).is_none();
    let (state, reason) = match verdict {
        Verdict::Review(trouble) => (DepositState::Review, trouble.as_str().to_owned()),
        Verdict::Failed(word) => (DepositState::Refused, format!("failed: {word}")),
        Verdict::Early => (DepositState::Refused, "claimed_before_payment".to_owned()),
        Verdict::NotFound if is_over => (DepositState::Expired, "not_found".to_owned()),
        _ if is_over => (DepositState::Review, Trouble::Undecided.as_str().to_owned()),
        Verdict::NotFound => (DepositState::Open, "not_found".to_owned()),
        Verdict::Pending => (DepositState::Open, "pending".to_owned()),
        Verdict::Unknown(reason) => (DepositState::Open, format!("unknown: {reason}")),
        // How much it was stands in the audit log: whoever claims sees the reason, and may be guessing.
        Verdict::Mismatch(_) => (DepositState::Open, "amount_mismatch".to_owned()),
        Verdict::Credit => (DepositState::Open, "no_rate".to_owned()),
    };
    DepositNews {
        state,
        reason: Some(reason.chars().take(REASON_MAX_CHARS).collect()),
        asked,
        credited: None,
        approver: None,
        decided_by: None,
        at: now,
    }
}

/// The line of the audit log, if something happened that is worth one.
fn entry(deposit: &Deposit, settled: &Settled, worth: Option<Worth>, now: Timestamp) -> Option<AuditEntry> {
    let line = |action| {
        AuditEntry::new(Actor::System, action, format!("deposit:{}", deposit.id), now)
            .with("user", &deposit.user)
            .with("reference", &deposit.reference)
            .with("amount", deposit.amount)
            .with("currency", &deposit.currency)
    };
    match (settled, worth) {
        (Settled::Credited(credited), Some(worth)) => Some(
            line("deposit.credit")
                .with("gross", worth.gross)
                .with("fee", worth.fee)
                .with("rate", worth.rate)
                .with("available", credited.available),
        ),
        (Settled::Kept(Verdict::Failed(word)), _) => Some(line("deposit.failed").with("status", word)),
        (Settled::Kept(Verdict::Mismatch(paid)), _) => Some(line("deposit.mismatch").with("paid", paid)),
        (Settled::Kept(Verdict::Early), _) => Some(line("deposit.early")),
        (Settled::Kept(Verdict::Review(trouble)), _) => {
            Some(line("deposit.review").with("reason", trouble.as_str()))
        }
        _ => None,
    }
}

/// The job about an open claim.
pub struct CheckDeposit {
    settlement: Settlement,
    places: Semaphore,
}

impl CheckDeposit {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: FundsPorts) -> Self {
        Self {
            settlement: Settlement { ports },
            places: Semaphore::new(PLACES),
        }
    }

    /// Asks the gateway about a claim, if it is still open.
    ///
    /// # Errors
    /// [`StoreError`] if that could not be found out or recorded.
    pub async fn check(&self, id: DepositId) -> Result<jobs::Verdict, StoreError> {
        let ports = &self.settlement.ports;
        let deposit = match ports.queries.deposit(id).await? {
            Some(deposit) if deposit.state == DepositState::Open => deposit,
            Some(_) | None => return Ok(jobs::Verdict::Done),
        };
        let Some(gateway) = &ports.paytm else {
            return Ok(jobs::Verdict::Later(NOT_SET_UP_PAUSE));
        };
        let Ok(_place) = self.places.try_acquire() else {
            return Ok(jobs::Verdict::Later(CROWDED_PAUSE));
        };
        let answer = gateway.status(&deposit.written).await;
        if let PaymentAnswer::Unknown(reason) = &answer {
            tracing::warn!(deposit = id.0, %reason, "a gateway said nothing usable about a payment; it is asked again");
        }
        Ok(match self.settlement.settle(&deposit, &answer, true).await? {
            Settled::Credited(_) => jobs::Verdict::Done,
            // Claimed anew meanwhile, or ended.
            Settled::Before(DepositState::Open) => jobs::Verdict::Later(CROWDED_PAUSE),
            Settled::Before(_) => jobs::Verdict::Done,
            Settled::NoRate => jobs::Verdict::Later(NO_RATE_PAUSE),
            Settled::Kept(Verdict::Failed(_) | Verdict::Early | Verdict::Review(_)) => jobs::Verdict::Done,
            Settled::Kept(_) => {
                let (asked, now) = (deposit.asked.saturating_add(1), ports.clock.now());
                match ask_again_after(asked, deposit.claimed_at, now) {
                    Some(pause) => jobs::Verdict::Later(pause),
                    None => jobs::Verdict::Done,
                }
            }
        })
    }
}
