//! Somebody who is signed in proves once more who they are.

use std::time::Duration;

use domain::Secret;
use domain::identity::Session;
use domain::orders::Actor;
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::crypto::{PasswordCheck, PasswordError};
use ports::identity::TokenDigest;

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::session::Browser;
use super::throttle::{SignInLimits, Throttle};
use crate::caller::actor;
use crate::retry::retry_contended;

/// Why it was not proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReauthenticateError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Too many attempts for this account or from this address.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When to come back.
        retry_after: Duration,
    },
    /// It is another password, or the user has none.
    #[error("wrong password")]
    WrongPassword,
    /// The password could not be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks for the password again, before what is dangerous.
pub struct Reauthenticate {
    ports: IdentityPorts,
    throttle: Throttle,
}

impl Reauthenticate {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: IdentityPorts, limits: SignInLimits) -> Self {
        let throttle = Throttle::new(ports.limiter.clone(), limits);
        Self { ports, throttle }
    }

    /// Checks the password of the session's user. The session goes on under the token that is answered.
    ///
    /// # Errors
    /// [`ReauthenticateError`] if nothing changed, or nobody knows.
    pub async fn prove(
        &self,
        session: &ActiveSession,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Secret, ReauthenticateError> {
        let attempt = self.throttle.admit(&session.user.email, browser).await;
        let attempt = attempt.map_err(|retry_after| ReauthenticateError::TooManyAttempts { retry_after })?;
        let outcome = self.check(session, password).await;
        if !matches!(outcome, Err(ReauthenticateError::WrongPassword)) {
            self.throttle.forgive(attempt).await;
        }
        outcome
    }

    async fn check(&self, active: &ActiveSession, password: &Secret) -> Result<Secret, ReauthenticateError> {
        let (ports, user, now) = (&self.ports, &active.user, self.ports.clock.now());
        let target = format!("user:{}", user.id);
        let stored = ports.queries.credentials(&user.email).await?;
        let stored = stored.filter(|found| found.user.id == user.id);
        let stored = stored.and_then(|found| found.password_hash);
        let check = ports.hasher.check(password, stored.as_deref()).await?;
        if check == PasswordCheck::Mismatch {
            let entry = AuditEntry::new(Actor::Visitor, "session.refuse", target, now)
                .from(&active.origin)
                .with("reason", "password");
            retry_contended(|| self.note(&entry)).await?;
            return Err(ReauthenticateError::WrongPassword);
        }
        let token = ports.ids.text_id();
        let digest = ports.digester.digest(&token);
        let entry = AuditEntry::new(actor(user), "session.reauthenticate", target, now).from(&active.origin);
        if !retry_contended(|| self.record(&active.session, &digest, &entry)).await? {
            return Err(ReauthenticateError::NotSignedIn);
        }
        Ok(Secret::new(token))
    }

    async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        tx.audit().append(entry).await?;
        tx.commit().await
    }

    async fn record(
        &self,
        session: &Session,
        digest: &TokenDigest,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if !tx
            .identity()
            .refresh_session(&session.id, digest, entry.at)
            .await?
        {
            return Ok(false);
        }
        tx.audit().append(entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
