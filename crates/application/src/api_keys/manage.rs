//! Owners look after their keys.

use domain::api_keys::{
    ApiKey, ErrorWords, KEYS_MAX, KeyToken, Networks, REQUESTS_PER_MINUTE, Scopes, SpendCap,
};
use domain::identity::Caution;
use domain::{ApiKeyId, Money, Secret, Timestamp};
use ports::StoreError;
use ports::api_keys::KeySecret;
use ports::audit::AuditEntry;
use ports::crypto::SealError;

use super::{KeyPorts, context};
use crate::caller::{Caller, Denied};
use crate::retry::{MaybeContended, retry_contended};

/// The web application's page makes keys without asking for the password.
pub(super) const CAUTION: Caution = Caution::Strict;

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Where it may be used from.
    pub networks: Networks,
    /// When it stops by itself.
    pub expires_at: Option<Timestamp>,
    /// How much it may spend.
    pub cap: Option<SpendCap>,
    /// How many requests it may make in a minute.
    pub requests_per_minute: u32,
    /// In which words it is told no.
    pub words: ErrorWords,
    /// Whether a GET request may order.
    pub orders_by_get: bool,
}

impl NewKey {
    /// A key for everything, as the web application's page makes them.
    #[must_use]
    pub fn named(name: String) -> Self {
        Self {
            name,
            scopes: Scopes::every(),
            networks: Networks::default(),
            expires_at: None,
            cap: None,
            requests_per_minute: REQUESTS_PER_MINUTE,
            words: ErrorWords::English,
            orders_by_get: false,
        }
    }
}

/// A key with what is to be shown, this time at least.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// The key.
    pub key: ApiKey,
    /// What programs show.
    pub token: KeyToken,
}

/// A key as its owner sees it.
#[derive(Debug, Clone)]
pub struct ShownKey {
    /// The key.
    pub key: ApiKey,
    /// By which its latest secret is found.
    pub public_id: String,
    /// What programs show. `None` for whoever acts as the owner, and if it does not open any more.
    pub token: Option<Secret>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Whoever acts as somebody else is not given keys that stay theirs, and changes none.
    #[error("only the owner does this")]
    NotTheOwner,
    /// The caller proved too long ago who they are.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller has no such key.
    #[error("there is no such key")]
    Missing,
    /// The caller has [`KEYS_MAX`] keys.
    #[error("nobody has more than {KEYS_MAX} keys")]
    TooMany,
    /// Its end would be in the past.
    #[error("the end is in the past")]
    Ended,
    /// The key was rotated, and the secret before still opens it.
    #[error("the secret before still opens the key")]
    Rotating,
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for KeyError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Owners look after their keys.
pub struct ManageKeys {
    pub(super) ports: KeyPorts,
}

impl ManageKeys {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: KeyPorts) -> Self {
        Self { ports }
    }

    /// The caller's keys, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<ShownKey>, StoreError> {
        let keys = self.ports.queries.keys_of(&caller.user().id).await?;
        let shown = keys.into_iter().map(|(key, secret)| ShownKey {
            token: self.token(caller, &key, &secret),
            public_id: secret.public_id,
            key,
        });
        Ok(shown.collect())
    }

    fn token(&self, caller: &Caller, key: &ApiKey, secret: &KeySecret) -> Option<Secret> {
        if caller.stands_in() {
            return None;
        }
        let opened = self
            .ports
            .sealer
            .open(&secret.sealed, &context(&secret.public_id));
        match opened {
            Ok(token) => Some(token),
            Err(error) => {
                tracing::error!(key = %key.id, %error, "an API key cannot be shown");
                None
            }
        }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`KeyError`] if there is none, or nobody knows.
    pub async fn make(&self, caller: &Caller, new: &NewKey) -> Result<MadeKey, KeyError> {
        self.may_hand_out(caller)?;
        let now = self.ports.clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyError::Ended);
        }
        let key = ApiKey {
            id: ApiKeyId::new(self.ports.ids.text_id()),
            user: caller.user().id.clone(),
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            networks: new.networks.clone(),
            expires_at: new.expires_at,
            cap: None,
            spent: Money::ZERO,
            spent_from: Timestamp::EPOCH,
            requests_per_minute: new.requests_per_minute,
            enabled: true,
            words: new.words,
            orders_by_get: new.orders_by_get,
            uses: 0,
            last_used_at: None,
            created_at: now,
            updated_at: now,
        };
        let key = key.capped(new.cap, now);
        let (token, secret) = self.secret(now)?;
        retry_contended(|| self.record_made(caller, &key, &secret)).await?;
        Ok(MadeKey { key, token })
    }

    async fn record_made(&self, caller: &Caller, key: &ApiKey, secret: &KeySecret) -> Result<(), KeyError> {
        let mut tx = self.ports.store.begin().await?;
        // Of two that make the last one at once, one waits here and then counts it.
        if tx.identity().lock_user(&key.user).await?.is_none() {
            return Err(KeyError::Missing);
        }
        if tx.api_keys().count(&key.user).await? >= KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        tx.api_keys().insert(key, secret).await?;
        let facts = facts(key).into_iter().map(|(name, _, value)| (name, value));
        let entry = entry(caller, "api_key.create", key, key.created_at).with_all(facts);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a key. It opens nothing any more from then on, on no node.
    ///
    /// # Errors
    /// [`KeyError`] if nothing was removed, or nobody knows.
    pub async fn delete(&self, caller: &Caller, id: &ApiKeyId) -> Result<(), KeyError> {
        is_owner(caller)?;
        retry_contended(|| self.record_deleted(caller, id)).await
    }

    async fn record_deleted(&self, caller: &Caller, id: &ApiKeyId) -> Result<(), KeyError> {
        let user = &caller.user().id;
        let mut tx = self.ports.store.begin().await?;
        let key = tx.api_keys().lock(user, id).await?.ok_or(KeyError::Missing)?;
        tx.api_keys().delete(user, id).await?;
        let entry = entry(caller, "api_key.delete", &key, self.ports.clock.now()).with("name", &key.name);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A new secret, as it is shown and as it is kept.
    pub(super) fn secret(&self, now: Timestamp) -> Result<(KeyToken, KeySecret), KeyError> {
        let random = format!("{}{}", self.ports.ids.text_id(), self.ports.ids.text_id());
        let token = KeyToken::of(&random)
            .ok_or_else(|| StoreError::Unavailable("ids are too short for keys".to_owned()))?;
        let public_id = token.public_id().to_owned();
        let secret = KeySecret {
            digest: self.ports.digester.digest(token.secret().reveal()),
            sealed: self.ports.sealer.seal(token.secret(), &context(&public_id))?,
            public_id,
            created_at: now,
            ends_at: None,
        };
        Ok((token, secret))
    }

    /// Whether the caller may be handed a key, or make one stronger.
    pub(super) fn may_hand_out(&self, caller: &Caller) -> Result<(), KeyError> {
        is_owner(caller)?;
        Ok(caller.proven(CAUTION)?)
    }
}

/// Staff who act as the owner neither make keys nor take them away.
pub(super) fn is_owner(caller: &Caller) -> Result<(), KeyError> {
    if caller.stands_in() {
        return Err(KeyError::NotTheOwner);
    }
    Ok(())
}

pub(super) fn entry(caller: &Caller, action: &'static str, key: &ApiKey, at: Timestamp) -> AuditEntry {
    caller.entry(action, format!("api_key:{}", key.id), at)
}

/// A fact about a key for the audit log: what it is called, what it was called before, and its value.
pub(super) type Fact = (&'static str, &'static str, String);

/// What the audit log says about a key.
pub(super) fn facts(key: &ApiKey) -> [Fact; 9] {
    let cap = key.cap.map_or_else(
        || "none".to_owned(),
        |cap| format!("{} {}", cap.amount, cap.period.as_str()),
    );
    let end = key
        .expires_at
        .map_or_else(|| "never".to_owned(), |end| end.micros().to_string());
    [
        ("name", "name_before", key.name.clone()),
        ("scopes", "scopes_before", key.scopes.to_text()),
        ("networks", "networks_before", key.networks.to_text()),
        ("expires_at", "expires_at_before", end),
        ("cap", "cap_before", cap),
        (
            "requests_per_minute",
            "requests_per_minute_before",
            key.requests_per_minute.to_string(),
        ),
        ("enabled", "enabled_before", key.enabled.to_string()),
        ("words", "words_before", key.words.as_str().to_owned()),
        (
            "orders_by_get",
            "orders_by_get_before",
            key.orders_by_get.to_string(),
        ),
    ]
}
