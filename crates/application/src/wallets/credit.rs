//! Staff put money into a wallet by hand.

use std::sync::Arc;

use domain::currency::Currency;
use domain::funds::{ADJUSTMENT, Deposit, DepositState, FundsPolicy, NewDeposit, adjustment_reference};
use domain::identity::right::WalletsAdjust;
use domain::text::{IdempotencyKey, TextError, plain};
use domain::wallets::{BALANCE_MAX, Movement, TransferKind, Wallet, WalletStatus};
use domain::{DepositId, Money, Timestamp, UserId};
use ports::funds::DepositNews;
use ports::identity::IdentityQueries;
use ports::wallets::{Applied, WalletQueries};
use ports::{Clock, IdSource, Store, StoreError, Tx};

use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// The longest reason in characters.
pub const REASON_MAX_CHARS: usize = 500;

/// A credit to be made.
#[derive(Debug, Clone)]
pub struct Credit {
    /// Whose wallet.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// Why; the customer sees it.
    pub reason: String,
    /// Makes a repeated request the same credit.
    pub key: Option<IdempotencyKey>,
}

/// What became of a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credited {
    /// The wallet now.
    pub wallet: Wallet,
    /// Whether it was made by an earlier request with the same key.
    pub replayed: bool,
    /// Nothing was credited yet: somebody else has to approve this deposit.
    pub awaits: Option<DepositId>,
}

/// Why nothing was credited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreditWalletError {
    /// Nothing, or less than nothing.
    #[error("the amount must be above zero")]
    NotPositive,
    /// The reason is missing or too long.
    #[error("the reason {0}")]
    Reason(#[from] TextError),
    /// It is the caller's own wallet.
    #[error("nobody credits their own wallet")]
    Own,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The key was used for another credit.
    #[error("the key was used for another credit")]
    KeyReused,
    /// The wallet cannot hold so much.
    #[error("the wallet cannot hold so much")]
    TooLarge,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for CreditWalletError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Credits wallets; frozen ones too.
pub struct CreditWallet {
    store: Arc<dyn Store>,
    users: Arc<dyn IdentityQueries>,
    wallets: Arc<dyn WalletQueries>,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
    policy: Arc<FundsPolicy>,
}

impl CreditWallet {
    /// Wires the use case.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        users: Arc<dyn IdentityQueries>,
        wallets: Arc<dyn WalletQueries>,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
        policy: Arc<FundsPolicy>,
    ) -> Self {
        Self {
            store,
            users,
            wallets,
            ids,
            clock,
            policy,
        }
    }

    /// Credits a wallet once, however often the request is repeated with the same key. A large credit is the word of one of
    /// two people: it waits among the deposits until somebody else approves it.
    ///
    /// # Errors
    /// [`CreditWalletError`] if nothing was credited, or nobody knows.
    pub async fn credit(
        &self,
        staff: &Staff<WalletsAdjust>,
        credit: &Credit,
    ) -> Result<Credited, CreditWalletError> {
        if !credit.amount.is_positive() {
            return Err(CreditWalletError::NotPositive);
        }
        if credit.amount > BALANCE_MAX {
            return Err(CreditWalletError::TooLarge);
        }
        let reason = plain(&credit.reason, REASON_MAX_CHARS)?;
        if credit.user == *staff.id() {
            return Err(CreditWalletError::Own);
        }
        if self.users.user(&credit.user).await?.is_none() {
            return Err(CreditWalletError::UnknownUser);
        }
        // A key belongs to the member of staff who chose it.
        let reference = match &credit.key {
            Some(key) => format!("{}:{key}", staff.id()),
            None => self.ids.text_id(),
        };
        let mut recording = retry_contended(|| self.record(staff, credit, reason, &reference)).await;
        if is_conflict(&recording) {
            // A racer with the same key was recorded first; now that it is, it can be compared.
            recording = retry_contended(|| self.record(staff, credit, reason, &reference)).await;
        }
        if is_conflict(&recording) {
            // Nobody else's credit is in the way: it is the limit of the wallet.
            return Err(CreditWalletError::TooLarge);
        }
        self.credited(credit, recording?).await
    }

    async fn credited(&self, credit: &Credit, recording: Recording) -> Result<Credited, CreditWalletError> {
        let (replayed, awaits) = match recording {
            Recording::Made => (false, None),
            Recording::MadeBefore => (true, None),
            Recording::Awaits { deposit, replayed } => (replayed, Some(deposit)),
        };
        let wallet = self
            .wallets
            .wallet(&credit.user)
            .await?
            .unwrap_or_else(|| Wallet {
                user: credit.user.clone(),
                available: if awaits.is_none() {
                    credit.amount
                } else {
                    Money::ZERO
                },
                held: Money::ZERO,
                status: WalletStatus::Active,
            });
        Ok(Credited {
            wallet,
            replayed,
            awaits,
        })
    }

    async fn record(
        &self,
        staff: &Member,
        credit: &Credit,
        reason: &str,
        reference: &str,
    ) -> Result<Recording, CreditWalletError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let earlier = tx.wallets().recorded(TransferKind::Adjustment, reference).await?;
        if let Some((user, amount)) = earlier {
            if user.as_ref() != Some(&credit.user) || amount != credit.amount {
                return Err(CreditWalletError::KeyReused);
            }
            // Nothing was written, but the credit is certain only after the commit.
            tx.commit().await?;
            return Ok(Recording::MadeBefore);
        }
        let waiting = adjustment_reference(reference);
        if let Some(earlier) = tx.funds().lock_claim(&waiting).await? {
            let recording = said_before(&earlier, credit)?;
            tx.commit().await?;
            return Ok(recording);
        }
        if credit.amount >= self.policy.second_approver_from {
            let deposit = ask_for_a_second(&mut *tx, staff, credit, reason, waiting, now).await?;
            tx.commit().await?;
            return Ok(Recording::Awaits {
                deposit,
                replayed: false,
            });
        }
        tx.wallets().create(&credit.user, now).await?;
        let movement = Movement::adjustment(&credit.user, credit.amount, reference, reason);
        let mut entry = staff
            .entry("wallet.credit", format!("user:{}", credit.user), now)
            .with("amount", credit.amount)
            .with("reason", reason)
            .with("reference", reference);
        if let Some(change) = &movement.wallet {
            match tx.wallets().apply(change, now).await? {
                Applied::Done { available, .. } => entry = entry.with("available", available),
                Applied::NoWallet | Applied::TooLow { .. } | Applied::Frozen => {
                    return Err(CreditWalletError::UnknownUser);
                }
            }
        }
        tx.wallets().record(&movement.transfers, now).await?;
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Recording::Made)
    }
}

enum Recording {
    Made,
    MadeBefore,
    Awaits { deposit: DepositId, replayed: bool },
}

/// What an earlier request with the same key, which a second person had to agree to, leaves of this one.
fn said_before(earlier: &Deposit, credit: &Credit) -> Result<Recording, CreditWalletError> {
    let is_same = earlier.user == credit.user && earlier.amount == credit.amount.to_decimal();
    match earlier.state {
        DepositState::Credited if is_same => Ok(Recording::MadeBefore),
        DepositState::Review if is_same => Ok(Recording::Awaits {
            deposit: earlier.id,
            replayed: true,
        }),
        _ => Err(CreditWalletError::KeyReused),
    }
}

/// Puts a credit among the deposits that staff look at, with this member's word as the first.
async fn ask_for_a_second(
    tx: &mut dyn Tx,
    staff: &Member,
    credit: &Credit,
    reason: &str,
    reference: String,
    now: Timestamp,
) -> Result<DepositId, StoreError> {
    let new = NewDeposit {
        user: credit.user.clone(),
        method: ADJUSTMENT.to_owned(),
        reference,
        written: reason.to_owned(),
        currency: Currency::ledger(),
        amount: credit.amount.to_decimal(),
        state: DepositState::Review,
        at: now,
    };
    // A racer with the same key was first; the whole attempt is made again and finds its deposit.
    let deposit = tx.funds().insert_deposit(&new).await?;
    let deposit = deposit.ok_or(StoreError::Contended)?;
    let news = DepositNews {
        state: DepositState::Review,
        reason: None,
        asked: 0,
        credited: None,
        approver: Some(staff.id().clone()),
        decided_by: None,
        at: now,
    };
    tx.funds().change_deposit(deposit, &news).await?;
    let entry = staff
        .entry("wallet.credit", format!("user:{}", credit.user), now)
        .with("amount", credit.amount)
        .with("reason", reason)
        .with("reference", &new.reference)
        .with("needs", "a second word");
    tx.audit().append(&entry).await?;
    Ok(deposit)
}

const fn is_conflict(recording: &Result<Recording, CreditWalletError>) -> bool {
    matches!(
        recording,
        Err(CreditWalletError::Store(StoreError::Conflict { .. }))
    )
}
