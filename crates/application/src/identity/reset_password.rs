//! Whoever follows the link in the mail chooses another password.

use domain::mail::TokenPurpose;
use domain::orders::Actor;
use domain::{Secret, UserId};
use ports::StoreError;
use ports::audit::{AuditEntry, Origin};
use ports::crypto::PasswordError;
use ports::identity::TokenDigest;
use ports::mail::NewMail;

use super::identity_ports::IdentityPorts;
use super::password::{Password, PasswordRefusal, changed_notice};
use crate::mail::post;
use crate::retry::retry_contended;

/// Why the password is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResetPasswordError {
    /// The token was never good, was used, or its time is over.
    #[error("the token is good for nothing")]
    InvalidToken,
    /// Nobody with this name or address may choose the password.
    #[error(transparent)]
    Refused(#[from] PasswordRefusal),
    /// The password could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Resets passwords. A reset ends every session of the user and makes every token worthless that was mailed to them.
pub struct ResetPassword {
    ports: IdentityPorts,
}

impl ResetPassword {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self { ports }
    }

    /// Whether a token can be used. Looking at it does not use it.
    ///
    /// # Errors
    /// [`StoreError`] if nobody knows.
    pub async fn is_valid(&self, token: &Secret) -> Result<bool, StoreError> {
        Ok(self
            .user(&self.ports.digester.digest(token.reveal()))
            .await?
            .is_some())
    }

    /// Uses a token to set a password.
    ///
    /// # Errors
    /// [`ResetPasswordError`] if nothing was recorded, or nobody knows.
    pub async fn reset(
        &self,
        token: &Secret,
        password: &Password,
        origin: &Origin,
    ) -> Result<(), ResetPasswordError> {
        let digest = self.ports.digester.digest(token.reveal());
        // Before the hashing, which costs much more than a guess.
        let user = match self.user(&digest).await? {
            Some(id) => self.ports.queries.user(&id).await?,
            None => None,
        };
        let user = user.ok_or(ResetPasswordError::InvalidToken)?;
        let password = password.of(&user.name, &user.email, &self.ports.office.policy().project)?;
        let hash = self.ports.hasher.hash(password).await?;
        let notice = changed_notice(&self.ports, &user)?;
        if retry_contended(|| self.record(&user.id, &digest, &hash, (notice.as_ref(), origin))).await? {
            Ok(())
        } else {
            Err(ResetPasswordError::InvalidToken)
        }
    }

    async fn user(&self, digest: &TokenDigest) -> Result<Option<UserId>, StoreError> {
        let now = self.ports.clock.now();
        let grant = self
            .ports
            .tokens
            .grant(TokenPurpose::ResetPassword, digest, now)
            .await?;
        Ok(grant.map(|grant| grant.user))
    }

    /// `false` if the token was used meanwhile, or the user is gone.
    async fn record(
        &self,
        user: &UserId,
        digest: &TokenDigest,
        hash: &str,
        (notice, origin): (Option<&NewMail>, &Origin),
    ) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        // Whoever signs in with the old password meanwhile waits, and then sees that it is the old one.
        if tx.identity().lock_user(user).await?.is_none() {
            return Ok(false);
        }
        let taken = tx.tokens().take(TokenPurpose::ResetPassword, digest, now).await?;
        if taken.is_none_or(|grant| grant.user != *user) {
            return Ok(false);
        }
        tx.identity()
            .set_password(&self.ports.ids.text_id(), user, hash, now)
            .await?;
        tx.identity().delete_sessions_of(user, None).await?;
        tx.tokens().revoke_all(user).await?;
        tx.api_keys().disable_all(user, now).await?;
        let actor = Actor::Customer(user.clone());
        let entry = AuditEntry::new(actor, "user.reset_password", format!("user:{user}"), now);
        tx.audit().append(&entry.from(origin)).await?;
        if let Some(notice) = notice {
            post(&mut *tx, notice).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
