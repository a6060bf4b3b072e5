//! Staff freeze a wallet and open it again.

use std::sync::Arc;

use domain::UserId;
use domain::identity::right::WalletsFreeze;
use domain::text::{TextError, plain};
use domain::wallets::WalletStatus;
use ports::{Clock, Store, StoreError};

use super::credit::REASON_MAX_CHARS;
use crate::caller::{Member, Staff};
use crate::retry::retry_contended;

/// Why a wallet's status was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetWalletStatusError {
    /// The reason is missing or too long.
    #[error("the reason {0}")]
    Reason(#[from] TextError),
    /// There is no such user, or they have no wallet.
    #[error("there is no such wallet")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens and freezes wallets.
pub struct SetWalletStatus {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl SetWalletStatus {
    /// Wires the use case.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Sets a wallet's status. A frozen wallet pays for nothing; credits and refunds still reach it.
    ///
    /// # Errors
    /// [`SetWalletStatusError`] if it was not set, or nobody knows.
    pub async fn set(
        &self,
        staff: &Staff<WalletsFreeze>,
        user: &UserId,
        status: WalletStatus,
        reason: &str,
    ) -> Result<(), SetWalletStatusError> {
        let reason = plain(reason, REASON_MAX_CHARS)?;
        if retry_contended(|| self.record(staff, user, status, reason)).await? {
            Ok(())
        } else {
            Err(SetWalletStatusError::Missing)
        }
    }

    async fn record(
        &self,
        staff: &Member,
        user: &UserId,
        status: WalletStatus,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.wallets().set_status(user, status, now).await? {
            return Ok(false);
        }
        let entry = staff
            .entry("wallet.status", format!("user:{user}"), now)
            .with("status", status.as_str())
            .with("reason", reason);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
