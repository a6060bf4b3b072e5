//! Tokens with which programs keep their sessions. Each is good once and followed by the next.

use async_trait::async_trait;
use domain::{SessionId, Timestamp, UserId};

use crate::identity::TokenDigest;
use crate::store::StoreError;

/// A token that was issued for a session that has not been ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session that it keeps.
    pub session: SessionId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was used, if it was.
    pub used_at: Option<Timestamp>,
}

/// Refresh tokens inside a transaction. They go with their session.
#[async_trait]
pub trait RefreshRepository: Send {
    /// Makes a token good. A session has one good token: a second one is a [`StoreError::Conflict`].
    async fn issue(
        &mut self,
        token: &TokenDigest,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Uses a token of a session. `false` if it was used before: of many who try at once, one gets `true`.
    async fn take(
        &mut self,
        token: &TokenDigest,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends all sessions of a user's programs; how many.
    async fn end_sessions(&mut self, user: &UserId) -> Result<u64, StoreError>;

    /// Forgets tokens of a session that were used before `moment`; how many.
    async fn forget_used(&mut self, session: &SessionId, moment: Timestamp) -> Result<u64, StoreError>;
}
