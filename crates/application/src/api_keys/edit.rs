//! Owners change what a key may do.

use domain::api_keys::{ApiKey, ErrorWords, Networks, Scopes, SpendCap};
use domain::{ApiKeyId, Timestamp};

use super::manage::{KeyError, ManageKeys, entry, facts, is_owner};
use crate::caller::Caller;
use crate::retry::retry_contended;

/// What changes; the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyEdit {
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Option<Scopes>,
    /// Where it may be used from.
    pub networks: Option<Networks>,
    /// When it stops by itself, if it does.
    pub expires_at: Option<Option<Timestamp>>,
    /// How much it may spend, if there is a cap.
    pub cap: Option<Option<SpendCap>>,
    /// How many requests it may make in a minute.
    pub requests_per_minute: Option<u32>,
    /// Whether it may be used at all.
    pub enabled: Option<bool>,
    /// In which words it is told no.
    pub words: Option<ErrorWords>,
    /// Whether a GET request may order.
    pub orders_by_get: Option<bool>,
}

impl KeyEdit {
    /// Whether a stranger at the browser could do no harm with it.
    fn is_harmless(&self) -> bool {
        let harmless = Self {
            name: self.name.clone(),
            enabled: self.enabled.filter(|enabled| !enabled),
            ..Self::default()
        };
        *self == harmless
    }

    fn applied(&self, key: ApiKey, now: Timestamp) -> ApiKey {
        let edit = self.clone();
        let cap = edit.cap.unwrap_or(key.cap);
        let changed = ApiKey {
            name: edit.name.unwrap_or(key.name),
            scopes: edit.scopes.unwrap_or(key.scopes),
            networks: edit.networks.unwrap_or(key.networks),
            expires_at: edit.expires_at.unwrap_or(key.expires_at),
            requests_per_minute: edit.requests_per_minute.unwrap_or(key.requests_per_minute),
            enabled: edit.enabled.unwrap_or(key.enabled),
            words: edit.words.unwrap_or(key.words),
            orders_by_get: edit.orders_by_get.unwrap_or(key.orders_by_get),
            updated_at: now,
            ..key
        };
        changed.capped(cap, now)
    }
}

impl ManageKeys {
    /// Changes a key of the caller's; the key afterwards. It counts from the next request on, on every node.
    ///
    /// # Errors
    /// [`KeyError`] if nothing was changed, or nobody knows.
    pub async fn edit(&self, caller: &Caller, id: &ApiKeyId, edit: &KeyEdit) -> Result<ApiKey, KeyError> {
        if edit.is_harmless() {
            is_owner(caller)?;
        } else {
            self.may_hand_out(caller)?;
        }
        let now = self.ports.clock.now();
        if edit.expires_at.flatten().is_some_and(|end| end <= now) {
            return Err(KeyError::Ended);
        }
        retry_contended(|| self.record_edit(caller, id, edit, now)).await
    }

    async fn record_edit(
        &self,
        caller: &Caller,
        id: &ApiKeyId,
        edit: &KeyEdit,
        now: Timestamp,
    ) -> Result<ApiKey, KeyError> {
        let mut tx = self.ports.store.begin().await?;
        let before = tx.api_keys().lock(&caller.user().id, id).await?;
        let before = before.ok_or(KeyError::Missing)?;
        let after = edit.applied(before.clone(), now);
        tx.api_keys().save(&after).await?;
        let mut entry = entry(caller, "api_key.edit", &after, now);
        for ((name, before_name, now), (_, _, then)) in facts(&after).into_iter().zip(facts(&before)) {
            if now != then {
                entry = entry.with(before_name, then).with(name, now);
            }
        }
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(after)
    }
}
