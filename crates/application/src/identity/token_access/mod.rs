//! Programs sign in with tokens instead of cookies.
//!
//! An access token counts for minutes and names a session, which is looked up with every request as a browser's is. So
//! whatever ends the session ends its tokens, on all nodes and with the same commit. A refresh token is good once and is
//! followed by the next.

mod refresh;
mod revoke;

use std::sync::Arc;

use domain::identity::{ACCESS_LIFETIME, Session, SessionKind, User};
use domain::{Secret, Timestamp};
use ports::StoreError;
use ports::crypto::{AccessClaims, AccessRefusal, AccessSigner};
use ports::identity::SessionKey;

pub use refresh::RefreshError;

use super::current_session::{ActiveSession, Shown};
use super::entrance::{Entrance, HalfSignedIn};
use super::identity_ports::IdentityPorts;
use super::session::{Remember, SignedIn};
use super::sign_in::{SignIn, SignInCommand, SignInError};

/// What a program goes on with.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// Whose tokens.
    pub user: User,
    /// The session behind them. It ends, and the refresh token with it, unless it is refreshed.
    pub session: Session,
    /// Signs requests in.
    pub access: Secret,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
    /// Gives the next pair, once.
    pub refresh: Secret,
    /// When they were issued.
    pub issued_at: Timestamp,
}

/// What a right password gives a program.
#[derive(Debug, Clone)]
pub enum Issued {
    /// Tokens.
    Pair(Box<TokenPair>),
    /// Nothing yet: a code is missing.
    Half(HalfSignedIn),
}

/// Why nobody knows whose token it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhoseTokenError {
    /// Its time is over, or it is none of ours, or its session has ended.
    #[error(transparent)]
    Refused(#[from] AccessRefusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Issues, refreshes and ends the tokens of programs.
pub struct TokenAccess {
    ports: IdentityPorts,
    sign_in: Arc<SignIn>,
    access: Arc<dyn AccessSigner>,
}

impl TokenAccess {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: IdentityPorts, sign_in: Arc<SignIn>, access: Arc<dyn AccessSigner>) -> Self {
        Self {
            ports,
            sign_in,
            access,
        }
    }

    /// Signs a program in, or half in, as a browser is signed in.
    ///
    /// # Errors
    /// [`SignInError`] if no session was opened, or nobody knows.
    pub async fn issue(&self, command: SignInCommand) -> Result<Issued, SignInError> {
        let command = SignInCommand {
            kind: SessionKind::Program,
            remember: Remember::Yes,
            device: None,
            ..command
        };
        Ok(match self.sign_in.sign_in(command).await? {
            Entrance::Open(admitted) => Issued::Pair(Box::new(self.first_pair(admitted.opened))),
            Entrance::Half(half) => Issued::Half(half),
        })
    }

    /// The tokens of a program that has just signed in.
    #[must_use]
    pub fn first_pair(&self, opened: SignedIn) -> TokenPair {
        let now = opened.session.created_at;
        self.pair(opened.user, opened.session, opened.token, now)
    }

    /// The open session that an access token names.
    ///
    /// # Errors
    /// [`WhoseTokenError`] if it counts for nothing, or nobody knows.
    pub async fn find(&self, token: &Secret) -> Result<ActiveSession, WhoseTokenError> {
        let now = self.ports.clock.now();
        let claims = self.access.verify(token.reveal(), now)?;
        let found = self
            .ports
            .queries
            .session_of_program(&claims.session, now)
            .await?;
        let found = found.filter(|(_, user, _)| user.id == claims.user);
        let found = found.and_then(|found| ActiveSession::of(found, now));
        Ok(found.ok_or(AccessRefusal::Invalid)?)
    }

    /// What whoever has `token` is let in with.
    ///
    /// # Errors
    /// [`AccessRefusal`] if its time is over, or it is none of ours.
    pub fn shown(&self, token: &Secret) -> Result<Shown, AccessRefusal> {
        let claims = self.access.verify(token.reveal(), self.ports.clock.now())?;
        Ok(Shown {
            key: SessionKey::Program(claims.session),
            until: Some(claims.expires_at),
        })
    }

    fn pair(&self, user: User, session: Session, refresh: Secret, now: Timestamp) -> TokenPair {
        let access_expires_at = now.plus(ACCESS_LIFETIME).min(session.expires_at);
        let claims = AccessClaims {
            user: user.id.clone(),
            session: session.id.clone(),
            id: self.ports.ids.text_id(),
            issued_at: now,
            expires_at: access_expires_at,
        };
        TokenPair {
            access: self.access.sign(&claims),
            user,
            session,
            access_expires_at,
            refresh,
            issued_at: now,
        }
    }
}
