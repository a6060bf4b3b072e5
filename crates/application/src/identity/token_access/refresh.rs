//! A program exchanges its refresh token for the next pair.

use domain::identity::{REFRESH_RETRY, Session, SessionPolicy, User};
use domain::orders::Actor;
use domain::text::IdempotencyKey;
use domain::{Secret, SessionId, Timestamp};
use ports::StoreError;
use ports::audit::{AuditEntry, Origin};
use ports::identity::TokenDigest;
use ports::refresh::RefreshToken;

use super::{TokenAccess, TokenPair};
use crate::identity::current_session::counts;
use crate::identity::session::new_refresh_token;
use crate::retry::retry_contended;

/// Why there is no next pair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The token was never good, or its session has ended.
    #[error("the refresh token is good for nothing")]
    Unknown,
    /// The token was used before: two have it. Its session was ended, so that neither of them goes on.
    #[error("the refresh token was used before; its session was ended")]
    Reused,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A refresh that is under way.
struct Refresh<'a> {
    token: &'a TokenDigest,
    next: &'a TokenDigest,
    session: Session,
    user: &'a User,
    now: Timestamp,
}

/// What came of it.
enum Taken {
    /// The next token is the good one.
    Next(Session),
    /// Somebody else was first.
    UsedBefore,
    /// The session has ended.
    Ended,
}

impl TokenAccess {
    /// Exchanges a refresh token, once. Of many who present it at the same time one is served.
    ///
    /// Whoever presents it again ends the session, because two have the token and one of them is a thief. A program that
    /// lost the answer may ask again with the key that it asked with: it gets the same next token, as long as nobody has
    /// used that, and nobody else does, because a thief of the token does not have the key.
    ///
    /// # Errors
    /// [`RefreshError`] if there is no next pair, or nobody knows.
    pub async fn refresh(
        &self,
        token: &Secret,
        key: Option<&IdempotencyKey>,
        origin: &Origin,
    ) -> Result<TokenPair, RefreshError> {
        let now = self.ports.clock.now();
        let digest = self.ports.digester.digest(token.reveal());
        let (found, session, user) = self.look_up(&digest, now).await?;
        let next = match key {
            Some(key) => self.access.successor(token, key.as_str()),
            None => Secret::new(new_refresh_token(&*self.ports.ids)),
        };
        let next_digest = self.ports.digester.digest(next.reveal());
        if found.used_at.is_none() {
            let refresh = Refresh {
                token: &digest,
                next: &next_digest,
                session: session.clone(),
                user: &user,
                now,
            };
            match retry_contended(|| self.record(&refresh)).await? {
                Taken::Next(session) => return Ok(self.pair(user, session, next, now)),
                Taken::Ended => return Err(RefreshError::Unknown),
                Taken::UsedBefore => {}
            }
        }
        // Whoever has another key, or none, or comes too late, is told nothing but that.
        let followed = self.ports.queries.refresh_token(&next_digest).await?;
        let is_answer = |it: &RefreshToken| {
            it.session == session.id && it.used_at.is_none() && now.since(it.issued_at) <= REFRESH_RETRY
        };
        if key.is_some() && followed.as_ref().is_some_and(is_answer) {
            let (_, session, user) = self.look_up(&next_digest, now).await?;
            return Ok(self.pair(user, session, next, now));
        }
        retry_contended(|| self.end(&session.id, &user, origin, now)).await?;
        Err(RefreshError::Reused)
    }

    /// The token with the session that it keeps, if that counts.
    async fn look_up(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<(RefreshToken, Session, User), RefreshError> {
        let queries = &self.ports.queries;
        let found = queries.refresh_token(token).await?.ok_or(RefreshError::Unknown)?;
        let opened = queries.session_of_program(&found.session, now).await?;
        let opened = opened.filter(|(session, user, _)| counts(session, user, now));
        let (session, user, _) = opened.ok_or(RefreshError::Unknown)?;
        Ok((found, session, user))
    }

    async fn record(&self, refresh: &Refresh<'_>) -> Result<Taken, StoreError> {
        let Refresh { user, now, .. } = *refresh;
        let mut tx = self.ports.store.begin().await?;
        // Whoever bans the user waits, and then ends the session that this prolongs.
        let locked = tx.identity().lock_user(&user.id).await?;
        let Some(current) = locked.map(|found| found.user) else {
            return Ok(Taken::Ended);
        };
        let policy = SessionPolicy::of(current.role);
        let session = Session {
            expires_at: refresh.session.refreshed(&policy, now),
            updated_at: now,
            ..refresh.session.clone()
        };
        if !counts(&refresh.session, &current, now)
            || !tx
                .identity()
                .renew_session(&session.id, session.expires_at, now)
                .await?
        {
            return Ok(Taken::Ended);
        }
        if !tx.refresh_tokens().take(refresh.token, &session.id, now).await? {
            // Whoever was first may not be on the disk yet, and what is said now rests on it.
            tx.commit().await?;
            return Ok(Taken::UsedBefore);
        }
        tx.refresh_tokens().issue(refresh.next, &session.id, now).await?;
        let forgotten = now.minus(policy.lifetime);
        tx.refresh_tokens().forget_used(&session.id, forgotten).await?;
        tx.commit().await?;
        Ok(Taken::Next(session))
    }

    async fn end(
        &self,
        session: &SessionId,
        user: &User,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if tx.identity().delete_session_by_id(session, None).await? {
            tracing::warn!(user = %user.id, %session, "a refresh token was used twice; its session was ended");
            let entry = AuditEntry::new(Actor::Visitor, "token.reuse", format!("user:{}", user.id), now)
                .from(origin)
                .with("session", session);
            tx.audit().append(&entry).await?;
        }
        tx.commit().await
    }
}
