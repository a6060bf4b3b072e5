//! Staff put money into a wallet by hand.

use std::sync::Arc;

use domain::identity::right::WalletsAdjust;
use domain::text::{IdempotencyKey, TextError, plain};
use domain::wallets::{Movement, TransferKind, Wallet, WalletStatus};
use domain::{Money, UserId};
use ports::identity::IdentityQueries;
use ports::wallets::{Applied, WalletQueries};
use ports::{Clock, IdSource, Store, StoreError};

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

/// A credit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credited {
    /// The wallet now.
    pub wallet: Wallet,
    /// Whether it was made by an earlier request with the same key.
    pub replayed: bool,
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
    ) -> Self {
        Self {
            store,
            users,
            wallets,
            ids,
            clock,
        }
    }

    /// Credits a wallet once, however often the request is repeated with the same key.
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
        let reason = plain(&credit.reason, REASON_MAX_CHARS)?;
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
        let replayed = matches!(recording?, Recording::MadeBefore);
        self.credited(credit, replayed).await
    }

    async fn credited(&self, credit: &Credit, replayed: bool) -> Result<Credited, CreditWalletError> {
        let wallet = self
            .wallets
            .wallet(&credit.user)
            .await?
            .unwrap_or_else(|| Wallet {
                user: credit.user.clone(),
                available: credit.amount,
                held: Money::ZERO,
                status: WalletStatus::Active,
            });
        Ok(Credited { wallet, replayed })
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
}

const fn is_conflict(recording: &Result<Recording, CreditWalletError>) -> bool {
    matches!(
        recording,
        Err(CreditWalletError::Store(StoreError::Conflict { .. }))
    )
}
