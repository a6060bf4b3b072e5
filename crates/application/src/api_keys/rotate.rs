//! A key gets another secret, and the one before goes on for a while.

use std::time::Duration;

use domain::api_keys::OVERLAP_MAX;
use domain::{ApiKeyId, Timestamp};
use ports::api_keys::KeySecret;

use super::manage::{KeyError, MadeKey, ManageKeys, entry};
use crate::caller::Caller;
use crate::retry::retry_contended;

impl ManageKeys {
    /// Gives a key of the caller's another secret. The one before opens it for `overlap` more, [`OVERLAP_MAX`] at most, so
    /// that programs can be told one after the other; without an overlap all earlier ones end at once.
    ///
    /// # Errors
    /// [`KeyError`] if nothing was changed, or nobody knows.
    pub async fn rotate(
        &self,
        caller: &Caller,
        id: &ApiKeyId,
        overlap: Duration,
    ) -> Result<MadeKey, KeyError> {
        self.may_hand_out(caller)?;
        let now = self.ports.clock.now();
        let (token, secret) = self.secret(now)?;
        let overlap_ends = now.plus(overlap.min(OVERLAP_MAX));
        let record = || self.record_rotated(caller, id, &secret, overlap_ends, now);
        let key = retry_contended(record).await?;
        Ok(MadeKey { key, token })
    }

    async fn record_rotated(
        &self,
        caller: &Caller,
        id: &ApiKeyId,
        secret: &KeySecret,
        overlap_ends: Timestamp,
        now: Timestamp,
    ) -> Result<domain::api_keys::ApiKey, KeyError> {
        let mut tx = self.ports.store.begin().await?;
        let key = tx.api_keys().lock(&caller.user().id, id).await?;
        let mut key = key.ok_or(KeyError::Missing)?;
        if !tx.api_keys().rotate(id, secret, overlap_ends, now).await? {
            return Err(KeyError::Rotating);
        }
        key.updated_at = now;
        tx.api_keys().save(&key).await?;
        let entry = entry(caller, "api_key.rotate", &key, now).with("overlap_ends", overlap_ends.micros());
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(key)
    }
}
