//! Who is behind a session token.

use std::sync::Arc;

use domain::identity::{Demands, Rights, Session, SessionPolicy, User};
use domain::{Secret, Timestamp};
use ports::StoreError;
use ports::audit::Origin;
use ports::identity::{OpenedSession, SessionKey, TokenDigest};
use ports::placing::KeptSession;

use super::identity_ports::IdentityPorts;
use super::session::Remember;
use crate::caller::Caller;
use crate::kept::Kept;
use crate::retry::retry_contended;

/// How many sessions are kept at most.
const KEPT_MAX: usize = 4_096;

/// A session that is open, and its user, who is not banned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveSession {
    /// The session.
    pub session: Session,
    /// Its user.
    pub user: User,
    /// The rights that its user was given.
    pub rights: Rights,
    /// Whether the browser was asked to keep it.
    pub remember: Remember,
    /// Where it is used from; whoever has the request fills it in.
    pub origin: Origin,
    /// When it was looked up.
    pub now: Timestamp,
}

impl ActiveSession {
    /// A session as it was found, if it still counts at `now`.
    pub(crate) fn of((session, user, rights): OpenedSession, now: Timestamp) -> Option<Self> {
        if !counts(&session, &user, now) {
            return None;
        }
        let remember = if session.may_be_kept(&SessionPolicy::of(user.role)) {
            Remember::Yes
        } else {
            Remember::No
        };
        Some(Self {
            session,
            user,
            rights,
            remember,
            origin: Origin::default(),
            now,
        })
    }

    /// See [`Session::stands_in`].
    #[must_use]
    pub const fn stands_in(&self) -> bool {
        self.session.stands_in()
    }

    /// The session's user as a caller.
    #[must_use]
    pub fn caller(self, demands: Demands) -> Caller {
        let stands_in = self.stands_in();
        let caller = Caller::new(self.user).given(self.rights).from(self.origin);
        let caller = caller.acted(stands_in);
        caller.under(demands, self.session.is_fresh(self.now))
    }
}

/// What somebody was let in with, so that it can be asked again whether they still may be in. Asking does not use the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The session.
    pub key: SessionKey,
    /// When what was shown ends by itself, however long the session lives.
    pub until: Option<Timestamp>,
}

/// Whether a session that was found counts at `now`.
pub(super) fn counts(session: &Session, user: &User, now: Timestamp) -> bool {
    !user.is_banned(now) && session.is_open(&SessionPolicy::of(user.role), now)
}

/// Looks sessions up and keeps those in use alive.
pub struct CurrentSession {
    ports: IdentityPorts,
    kept: Kept<TokenDigest, KeptSession>,
}

impl CurrentSession {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: IdentityPorts) -> Self {
        Self {
            ports,
            kept: Kept::at_most(KEPT_MAX),
        }
    }

    /// The session of `token` as it was found last, if it can still be open and need not be renewed. Somebody may have ended
    /// it since, or banned its user, so it is only for what compares it with the database: see
    /// [`PlaceOrder::at_once`](crate::orders::PlaceOrder::at_once).
    #[must_use]
    pub fn kept(&self, token: &Secret) -> Option<Arc<KeptSession>> {
        let kept = self.kept.get(&self.ports.digester.digest(token.reveal()))?;
        let (now, policy) = (self.ports.clock.now(), SessionPolicy::of(kept.user.role));
        let is_of_use =
            counts(&kept.session, &kept.user, now) && kept.session.renewal(&policy, now).is_none();
        is_of_use.then_some(kept)
    }

    /// The open session of `token`. A session in use is renewed from time to time; if that fails, it is still open.
    ///
    /// # Errors
    /// [`StoreError`] if the session could not be looked up.
    pub async fn find(&self, token: &Secret) -> Result<Option<ActiveSession>, StoreError> {
        let digest = self.ports.digester.digest(token.reveal());
        let Some(found) = self.look_up(&digest).await? else {
            self.kept.forget(&digest);
            return Ok(None);
        };
        let renewal = found
            .session
            .renewal(&SessionPolicy::of(found.user.role), found.now);
        let session = match renewal {
            Some(expires_at) => self.renew(found.session, expires_at, found.now).await,
            None => found.session,
        };
        self.keep(digest, &session, &found.user);
        Ok(Some(ActiveSession { session, ..found }))
    }

    /// Of somebody who was banned for a while nothing is kept: a ban that has ended looks like one that has not. Nor of staff who
    /// act as somebody: what a session is kept for is not for them.
    fn keep(&self, token: TokenDigest, session: &Session, user: &User) {
        let is_the_same = |kept: &KeptSession| kept.session == *session && kept.user == *user;
        let is_usable = user.ban.is_none() && !session.stands_in();
        if !is_usable || self.kept.get(&token).is_some_and(|kept| is_the_same(&kept)) {
            return;
        }
        let kept = KeptSession {
            token: token.clone(),
            session: session.clone(),
            user: user.clone(),
        };
        self.kept.put(token, Arc::new(kept));
    }

    /// What whoever has `token` is let in with.
    #[must_use]
    pub fn shown(&self, token: &Secret) -> Shown {
        Shown {
            key: SessionKey::Browser(self.ports.digester.digest(token.reveal())),
            until: None,
        }
    }

    async fn look_up(&self, token: &TokenDigest) -> Result<Option<ActiveSession>, StoreError> {
        let now = self.ports.clock.now();
        let found = self.ports.queries.session(token, now).await?;
        Ok(found.and_then(|found| ActiveSession::of(found, now)))
    }

    async fn renew(&self, session: Session, expires_at: Timestamp, now: Timestamp) -> Session {
        match retry_contended(|| self.record(&session, expires_at, now)).await {
            Ok(true) => Session {
                expires_at,
                updated_at: now,
                ..session
            },
            Ok(false) => session,
            Err(error) => {
                tracing::warn!(%error, "a session could not be renewed");
                session
            }
        }
    }

    async fn record(
        &self,
        session: &Session,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let renewed = tx.identity().renew_session(&session.id, expires_at, now).await?;
        tx.commit().await?;
        Ok(renewed)
    }
}
