//! A user proves who they are by password.

use std::time::Duration;

use domain::Secret;
use domain::identity::{SessionKind, User};
use domain::text::Email;
use ports::StoreError;
use ports::crypto::{PasswordCheck, PasswordError};
use ports::identity::Credentials;

use super::entrance::{Arrival, Entrance};
use super::identity_ports::IdentityPorts;
use super::refusals::{Refusal, RefusedSignIns};
use super::session::{Browser, Remember};
use super::throttle::{SignInLimits, Throttle};
use crate::retry::retry_contended;

/// What a user gives.
#[derive(Debug, Clone)]
pub struct SignInCommand {
    /// Address of the account.
    pub email: Email,
    /// The password as typed, whatever its length.
    pub password: Secret,
    /// What the session is for.
    pub kind: SessionKind,
    /// Whether to stay signed in.
    pub remember: Remember,
    /// Who asks.
    pub browser: Browser,
    /// What a trusted device presents instead of a code.
    pub device: Option<Secret>,
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

/// Checks a password and opens a session, or asks for the second factor. Takes as long for an unknown address as for a known one.
pub struct SignIn {
    ports: IdentityPorts,
    throttle: Throttle,
    refused: RefusedSignIns,
}

impl SignIn {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: IdentityPorts, limits: SignInLimits) -> Self {
        let throttle = Throttle::new(ports.limiter.clone(), "sign-in", limits);
        let refused = RefusedSignIns::new(ports.clone());
        Self {
            ports,
            throttle,
            refused,
        }
    }

    /// Signs a user in, or half in.
    ///
    /// # Errors
    /// [`SignInError`] if no session was opened, or nobody knows.
    pub async fn sign_in(&self, command: SignInCommand) -> Result<Entrance, SignInError> {
        let attempt = self.throttle.admit(&command.email, &command.browser).await;
        let attempt = match attempt {
            Ok(attempt) => attempt,
            Err(retry_after) => {
                self.note(&command, Refusal::Slowed).await;
                return Err(SignInError::TooManyAttempts { retry_after });
            }
        };
        let outcome = match self.open(&command).await {
            // Somebody signed in at the same time and the hash became a better one of the same password.
            Ok(None) => self.open(&command).await,
            outcome => outcome,
        };
        let outcome = outcome.and_then(|opened| opened.ok_or(SignInError::WrongCredentials));
        if !matches!(outcome, Err(SignInError::WrongCredentials)) {
            self.throttle.forgive(attempt).await;
        }
        match outcome {
            Err(SignInError::WrongCredentials) => self.note(&command, Refusal::Credentials).await,
            Err(SignInError::Banned) => self.note(&command, Refusal::Banned).await,
            _ => {}
        }
        outcome
    }

    async fn note(&self, command: &SignInCommand, refusal: Refusal) {
        self.refused.note(&command.email, &command.browser, refusal).await;
    }

    /// `None` if the user was changed after the password was checked.
    async fn open(&self, command: &SignInCommand) -> Result<Option<Entrance>, SignInError> {
        let checked = self.check(command).await?;
        let now = self.ports.clock.now();
        if checked.found.user.is_banned(now) {
            return Err(SignInError::Banned);
        }
        match retry_contended(|| self.record(&checked, command)).await? {
            Recorded::Changed => Ok(None),
            Recorded::Banned => Err(SignInError::Banned),
            Recorded::Admitted(entrance) => Ok(Some(*entrance)),
        }
    }

    async fn check(&self, command: &SignInCommand) -> Result<Checked, SignInError> {
        let found = self.ports.queries.credentials(&command.email).await?;
        let stored = found.as_ref().and_then(|it| it.password_hash.as_deref());
        let check = self.ports.hasher.check(&command.password, stored).await?;
        let (Some(found), PasswordCheck::Match | PasswordCheck::MatchOutdated) = (found, check) else {
            return Err(SignInError::WrongCredentials);
        };
        let better_hash = match check {
            PasswordCheck::MatchOutdated => Some(self.ports.hasher.hash(&command.password).await?),
            PasswordCheck::Match | PasswordCheck::Mismatch => None,
        };
        Ok(Checked { found, better_hash })
    }

    /// Opens the session if the user still is who was found: whoever bans them, or changes the password, at the same
    /// time, ends the sessions that there are, and this must not become one more.
    async fn record(&self, checked: &Checked, command: &SignInCommand) -> Result<Recorded, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let Some(current) = tx.identity().lock_user(&checked.found.user.id).await? else {
            return Ok(Recorded::Changed);
        };
        if current.password_hash != checked.found.password_hash {
            return Ok(Recorded::Changed);
        }
        if current.user.is_banned(now) {
            return Ok(Recorded::Banned);
        }
        // A ban that still counts was refused above; what is left has run out and is lifted.
        let had_ban = current.user.ban.is_some();
        let user = User {
            ban: None,
            ..current.user
        };
        if let (Some(old), Some(new)) = (&current.password_hash, &checked.better_hash) {
            tx.identity().upgrade_password(&user.id, old, new, now).await?;
        }
        if had_ban {
            tx.identity().lift_expired_ban(&user.id, now).await?;
        }
        let arrival = Arrival {
            kind: command.kind,
            browser: &command.browser,
            remember: command.remember,
            device: command.device.as_ref(),
        };
        let entrance = arrival.admit(&mut *tx, &self.ports, &user).await?;
        tx.commit().await?;
        Ok(Recorded::Admitted(Box::new(entrance)))
    }
}

/// A user whose password was right.
struct Checked {
    found: Credentials,
    /// Of the same password, if the stored hash is weaker than new ones are.
    better_hash: Option<String>,
}

/// What came of it.
enum Recorded {
    /// The user is in, or is asked for a code.
    Admitted(Box<Entrance>),
    /// The user was removed, or has another password since.
    Changed,
    /// The user was banned since.
    Banned,
}
