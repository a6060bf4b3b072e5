//! What makes a request the same as an earlier one.

use std::time::Duration;

use domain::text::IdempotencyKey;
use domain::{Fingerprint, Timestamp, UserId};
use ports::orders::{KeyClaim, KeyLife};
use ports::{Store, StoreError, Tx};

/// The claim of a request to be new.
pub(super) struct Claim {
    pub(super) user: UserId,
    pub(super) key: IdempotencyKey,
    pub(super) fingerprint: Fingerprint,
    life: KeyLife,
    now: Timestamp,
}

impl Claim {
    /// The claim of a request at `now`. Without a key of the caller's, the same request is an accident for
    /// `twin_window`.
    pub(super) fn new(
        user: &UserId,
        key: Option<IdempotencyKey>,
        fingerprint: Fingerprint,
        now: Timestamp,
        twin_window: Duration,
    ) -> Self {
        let (key, life) = match key {
            Some(key) => (key, KeyLife::Forever),
            // A caller's key holds no blank, so this one can never be theirs.
            None => (
                IdempotencyKey::from_stored(format!("twin {}", fingerprint.as_str())),
                KeyLife::NotBefore(now.minus(twin_window)),
            ),
        };
        Self {
            user: user.clone(),
            key,
            fingerprint,
            life,
            now,
        }
    }

    /// Whether the key is the caller's.
    pub(super) fn is_the_callers(&self) -> bool {
        self.life == KeyLife::Forever
    }

    /// Claims the key within a transaction.
    ///
    /// # Errors
    /// As the store's.
    pub(super) async fn make(&self, tx: &mut dyn Tx) -> Result<KeyClaim, StoreError> {
        tx.orders()
            .claim_key(&self.user, &self.key, &self.fingerprint, self.life, self.now)
            .await
    }

    /// What the caller's key was used for. What an earlier request placed is not taken back because the offer changed
    /// since.
    ///
    /// # Errors
    /// As the store's.
    pub(super) async fn look_up(&self, store: &dyn Store) -> Result<KeyClaim, StoreError> {
        if !self.is_the_callers() {
            return Ok(KeyClaim::Fresh);
        }
        // A fresh claim is not committed, so a key that was never used stays so.
        let mut tx = store.begin().await?;
        let claimed = self.make(&mut *tx).await?;
        if let KeyClaim::Replay(_) = claimed {
            // The earlier order is certain only after the commit.
            tx.commit().await?;
        }
        Ok(claimed)
    }
}
