//! Somebody who is signed in proves once more who they are.

use domain::Secret;
use domain::identity::Session;
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::identity::TokenDigest;

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::proof::{PasswordProof, ProofError};
use super::session::Browser;
use super::throttle::SignInLimits;
use crate::caller::actor;
use crate::retry::retry_contended;

/// Why it was not proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReauthenticateError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The password is not proved.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks for the password again, before what is dangerous.
pub struct Reauthenticate {
    ports: IdentityPorts,
    proof: PasswordProof,
}

impl Reauthenticate {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: IdentityPorts, limits: SignInLimits) -> Self {
        let proof = PasswordProof::new(ports.clone(), limits);
        Self { ports, proof }
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
        self.proof.prove(session, password, browser).await?;
        let (user, now) = (&session.user, self.ports.clock.now());
        let target = format!("user:{}", user.id);
        let token = self.ports.ids.text_id();
        let digest = self.ports.digester.digest(&token);
        let entry = AuditEntry::new(actor(user), "session.reauthenticate", target, now).from(&session.origin);
        if !retry_contended(|| self.record(&session.session, &digest, &entry)).await? {
            return Err(ReauthenticateError::NotSignedIn);
        }
        Ok(Secret::new(token))
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
