//! Tokens that are mailed to somebody and are good for one thing, once.

use async_trait::async_trait;
use domain::mail::TokenPurpose;
use domain::text::Email;
use domain::{Timestamp, UserId};

use crate::identity::TokenDigest;
use crate::store::StoreError;

/// What a token is good for. The token itself is not stored; its digest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What its bearer may do.
    pub purpose: TokenPurpose,
    /// For whom.
    pub user: UserId,
    /// The address that it is about: the one to be proven, or the one to move to.
    pub address: Option<Email>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Tokens inside a transaction.
#[async_trait]
pub trait TokenRepository: Send {
    /// Makes a token good for something.
    async fn issue(&mut self, token: &TokenDigest, grant: &Grant, now: Timestamp) -> Result<(), StoreError>;

    /// Takes what a token is good for at `now`. Nobody can take it again.
    async fn take(
        &mut self,
        purpose: TokenPurpose,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError>;

    /// Makes every token of a user worthless, for whatever it is good; how many.
    async fn revoke_all(&mut self, user: &UserId) -> Result<u64, StoreError>;
}

/// Tokens for looking at before they are used.
#[async_trait]
pub trait TokenQueries: Send + Sync {
    /// What a token is good for at `now`.
    async fn grant(
        &self,
        purpose: TokenPurpose,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError>;

    /// Whether a token of this purpose was good for something, and its time is over.
    async fn has_expired(
        &self,
        purpose: TokenPurpose,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
