//! Somebody who is signed in proves by password that it is them.

use std::time::Duration;

use domain::Secret;
use ports::StoreError;
use ports::crypto::{PasswordCheck, PasswordError};

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::refusals::{Refusal, RefusedSignIns};
use super::session::Browser;
use super::throttle::{SignInLimits, Throttle};

/// Why it was not proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is for the user alone, and somebody acts as them.
    #[error("only the owner does this")]
    NotTheOwner,
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

/// Asks for the password of whoever is signed in. Wrong ones count as at signing in.
pub(super) struct PasswordProof {
    ports: IdentityPorts,
    throttle: Throttle,
    refused: RefusedSignIns,
}

impl PasswordProof {
    pub(super) fn new(ports: IdentityPorts, limits: SignInLimits) -> Self {
        let throttle = Throttle::new(ports.limiter.clone(), "sign-in", limits);
        let refused = RefusedSignIns::new(ports.clone());
        Self {
            ports,
            throttle,
            refused,
        }
    }

    /// The stored hash of the password, which was right: whoever relies on it under the user's lock compares.
    pub(super) async fn prove(
        &self,
        session: &ActiveSession,
        password: &Secret,
        browser: &Browser,
    ) -> Result<String, ProofError> {
        if session.stands_in() {
            return Err(ProofError::NotTheOwner);
        }
        let email = &session.user.email;
        let attempt = match self.throttle.admit(email, browser).await {
            Ok(attempt) => attempt,
            Err(retry_after) => {
                self.refused.note(email, browser, Refusal::Slowed).await;
                return Err(ProofError::TooManyAttempts { retry_after });
            }
        };
        let outcome = self.check(session, password).await;
        if matches!(outcome, Err(ProofError::WrongPassword)) {
            self.refused.note(email, browser, Refusal::Password).await;
        } else {
            self.throttle.forgive(attempt).await;
        }
        outcome
    }

    async fn check(&self, active: &ActiveSession, password: &Secret) -> Result<String, ProofError> {
        let user = &active.user;
        let found = self.ports.queries.credentials(&user.email).await?;
        let stored = found.filter(|found| found.user.id == user.id);
        let stored = stored.and_then(|found| found.password_hash);
        let check = self.ports.hasher.check(password, stored.as_deref()).await?;
        match (check, stored) {
            (PasswordCheck::Match | PasswordCheck::MatchOutdated, Some(stored)) => Ok(stored),
            _ => Err(ProofError::WrongPassword),
        }
    }
}
