//! A user proves who they are by password.

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::identity::User;
use domain::text::Email;
use ports::crypto::{PasswordCheck, PasswordError, PasswordHasher, TokenDigester};
use ports::identity::{Credentials, IdentityQueries};
use ports::limits::RateLimiter;
use ports::{Clock, IdSource, Store, StoreError};

use super::session::{Browser, NewSession, Remember, SignedIn, new_session};
use super::throttle::{SignInLimits, admit};
use crate::retry::retry_contended;

/// What a user gives.
#[derive(Debug, Clone)]
pub struct SignInCommand {
    /// Address of the account.
    pub email: Email,
    /// The password as typed, whatever its length.
    pub password: Secret,
    /// Whether to stay signed in.
    pub remember: Remember,
    /// Who asks.
    pub browser: Browser,
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Too many attempts for this account or from this address.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When to come back.
        retry_after: Duration,
    },
    /// No such account, no password, or another one. Deliberately one and the same.
    #[error("wrong address or password")]
    WrongCredentials,
    /// The password is right, but the user is banned.
    #[error("the user is banned")]
    Banned,
    /// The password could not be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a password and opens a session. Takes as long for an unknown address as for a known one.
pub struct SignIn {
    store: Arc<dyn Store>,
    queries: Arc<dyn IdentityQueries>,
    hasher: Arc<dyn PasswordHasher>,
    digester: Arc<dyn TokenDigester>,
    limiter: Arc<dyn RateLimiter>,
    limits: SignInLimits,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl SignIn {
    /// Wires the use case.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "the root calls it once, with ports of different types"
    )]
    pub fn new(
        store: Arc<dyn Store>,
        queries: Arc<dyn IdentityQueries>,
        hasher: Arc<dyn PasswordHasher>,
        digester: Arc<dyn TokenDigester>,
        limiter: Arc<dyn RateLimiter>,
        limits: SignInLimits,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            queries,
            hasher,
            digester,
            limiter,
            limits,
            ids,
            clock,
        }
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// [`SignInError`] if no session was opened, or nobody knows.
    pub async fn sign_in(&self, command: SignInCommand) -> Result<SignedIn, SignInError> {
        admit(
            &*self.limiter,
            &self.limits,
            &command.email,
            command.browser.ip_address.as_deref(),
        )
        .await
        .map_err(|retry_after| SignInError::TooManyAttempts { retry_after })?;
        let checked = self.check(&command).await?;
        let now = self.clock.now();
        if checked.user.is_banned(now) {
            return Err(SignInError::Banned);
        }
        let opened = new_session(
            &checked.user.id,
            &command.browser,
            command.remember,
            now,
            &*self.ids,
            &*self.digester,
        );
        retry_contended(|| self.record(&checked, &opened)).await?;
        // A ban that still counts was refused above; what is left has run out and was lifted.
        let user = User {
            ban: None,
            ..checked.user
        };
        Ok(SignedIn {
            user,
            token: opened.token,
            remember: command.remember,
        })
    }

    async fn check(&self, command: &SignInCommand) -> Result<Checked, SignInError> {
        let found = self.queries.credentials(&command.email).await?;
        let stored = found.as_ref().and_then(|it| it.password_hash.as_deref());
        let check = self.hasher.check(&command.password, stored).await?;
        let (Some(Credentials { user, password_hash }), PasswordCheck::Match | PasswordCheck::MatchOutdated) =
            (found, check)
        else {
            return Err(SignInError::WrongCredentials);
        };
        let upgrade = match (check, password_hash) {
            (PasswordCheck::MatchOutdated, Some(old)) => Some(HashUpgrade {
                new: self.hasher.hash(&command.password).await?,
                old,
            }),
            _ => None,
        };
        Ok(Checked { user, upgrade })
    }

    async fn record(&self, checked: &Checked, opened: &NewSession) -> Result<(), StoreError> {
        let now = opened.session.created_at;
        let user = &checked.user;
        let mut tx = self.store.begin().await?;
        if let Some(HashUpgrade { old, new }) = &checked.upgrade {
            // Losing against a newer password is fine: that one stays.
            tx.identity().upgrade_password(&user.id, old, new, now).await?;
        }
        if user.ban.is_some() {
            tx.identity().lift_expired_ban(&user.id, now).await?;
        }
        tx.identity()
            .insert_session(&opened.session, &opened.digest)
            .await?;
        tx.commit().await
    }
}

/// A user whose password was right.
struct Checked {
    user: User,
    upgrade: Option<HashUpgrade>,
}

/// A weaker hash and the stronger one of the same password.
struct HashUpgrade {
    old: String,
    new: String,
}
