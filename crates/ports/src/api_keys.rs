//! API keys and their secrets.

use async_trait::async_trait;
use domain::api_keys::ApiKey;
use domain::identity::User;
use domain::providers::SealedSecret;
use domain::{ApiKeyId, Money, Timestamp, UserId};

use crate::identity::TokenDigest;
use crate::store::StoreError;

/// A secret as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySecret {
    /// By which it is found.
    pub public_id: String,
    /// The digest of the whole key.
    pub digest: TokenDigest,
    /// The whole key, for its owner to look at.
    pub sealed: SealedSecret,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing; `None` for the latest one.
    pub ends_at: Option<Timestamp>,
}

/// A key that was found by a secret of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// The key.
    pub key: ApiKey,
    /// Its owner, also one who is banned.
    pub owner: User,
    /// The digest of the secret that was asked for.
    pub digest: TokenDigest,
    /// From when on that secret opens nothing.
    pub ends_at: Option<Timestamp>,
}

/// What became of an order's price in the count of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It is counted, or the key has no cap.
    Counted,
    /// It would be too much; nothing changed.
    TooMuch {
        /// What is left.
        left: Money,
    },
    /// The key is gone or disabled.
    Stopped,
}

/// API keys inside a transaction.
#[async_trait]
pub trait ApiKeyRepository: Send {
    /// How many keys a user has. Exact only while the user's row is locked.
    async fn count(&mut self, user: &UserId) -> Result<u64, StoreError>;

    /// Adds a key with its first secret.
    async fn insert(&mut self, key: &ApiKey, secret: &KeySecret) -> Result<(), StoreError>;

    /// Reads a key of the user and locks its row.
    async fn lock(&mut self, user: &UserId, id: &ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Writes a locked key over its row.
    async fn save(&mut self, key: &ApiKey) -> Result<(), StoreError>;

    /// Gives a locked key another secret. The one before opens it until `overlap_ends`; one that is older still, or has
    /// ended at `now`, is gone. `false` if there are two already that open it and `overlap_ends` is after `now`: then
    /// nothing changed, because whoever uses the older one was not told of the latest yet.
    async fn rotate(
        &mut self,
        id: &ApiKeyId,
        secret: &KeySecret,
        overlap_ends: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes a key of the user with its secrets. `false` if there is none.
    async fn delete(&mut self, user: &UserId, id: &ApiKeyId) -> Result<bool, StoreError>;

    /// Disables every key of a user; how many were enabled.
    async fn disable_all(&mut self, user: &UserId, now: Timestamp) -> Result<u64, StoreError>;

    /// Counts what an order costs that was decided on at `now`, if the key's cap has room for it. One conditional
    /// statement: of orders that race for the last of the money exactly those are counted that fit.
    async fn spend(&mut self, id: &ApiKeyId, price: Money, now: Timestamp) -> Result<Spent, StoreError>;

    /// Notes that a key was used so often, the last time at `at`.
    async fn note_uses(&mut self, id: &ApiKeyId, uses: u64, at: Timestamp) -> Result<(), StoreError>;
}

/// API keys for reading.
#[async_trait]
pub trait ApiKeyQueries: Send + Sync {
    /// The key that a secret belongs to, with its owner unless they were removed, in one round trip.
    async fn by_public_id(&self, public_id: &str) -> Result<Option<FoundKey>, StoreError>;

    /// The keys of a user with the latest secret of each, newest first.
    async fn keys_of(&self, user: &UserId) -> Result<Vec<(ApiKey, KeySecret)>, StoreError>;
}
