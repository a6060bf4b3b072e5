//! Users prove their address, and move to another.

mod moving;

use domain::identity::User;
use domain::mail::TokenPurpose;
use domain::{Secret, Timestamp};
use ports::audit::{AuditEntry, Origin};
use ports::identity::TokenDigest;
use ports::tokens::Grant;
use ports::{StoreError, Tx};

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::mail_limits::TooManyMails;
use super::session::{Browser, NewSession, Opening, Remember, SignedIn};
use crate::caller::actor;
use crate::retry::retry_contended;

/// Why a link proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyAddressError {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was never good, was used, or is about an address that the user does not have any more.
    #[error("the token is good for nothing")]
    Invalid,
    /// It moves somebody who is not signed in here. Staff who act as them do not count.
    #[error("somebody else has to be signed in")]
    Unauthorized,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no move has begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeAddressError {
    /// It is for the user alone, and somebody acts as them.
    #[error("only the owner does this")]
    NotTheOwner,
    /// It is the address that the user has.
    #[error("the address is the same")]
    Same,
    /// Too many moves were begun.
    #[error(transparent)]
    TooMany(#[from] TooManyMails),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a link did.
#[derive(Debug, Clone)]
pub enum Verified {
    /// The user's address is proven. The session, if proving signs in.
    Proven(Option<Box<SignedIn>>),
    /// A mail to the other address asks whether it is the user's.
    Asked,
    /// The user has another address now, and it is proven.
    Moved(Box<User>),
}

/// The use cases.
pub struct Addresses {
    ports: IdentityPorts,
}

impl Addresses {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self { ports }
    }

    /// Does what the link of a mail is good for. `callback` is the page of ours that further links lead to.
    ///
    /// # Errors
    /// [`VerifyAddressError`] if nothing was recorded, or nobody knows.
    pub async fn verify(
        &self,
        token: &Secret,
        session: Option<&ActiveSession>,
        browser: &Browser,
        callback: Option<&str>,
    ) -> Result<Verified, VerifyAddressError> {
        let now = self.ports.clock.now();
        let digest = self.ports.digester.digest(token.reveal());
        let grant = |purpose| self.ports.tokens.grant(purpose, &digest, now);
        if let Some(grant) = grant(TokenPurpose::VerifyAddress).await? {
            return self.prove(&digest, &grant, session, browser).await;
        }
        let theirs = |grant: &Grant| {
            let session = session.filter(|session| session.user.id == grant.user && !session.stands_in());
            session.ok_or(VerifyAddressError::Unauthorized)
        };
        if let Some(grant) = grant(TokenPurpose::ChangeAddress).await? {
            return self.agree(&digest, &grant, theirs(&grant)?, callback).await;
        }
        if let Some(grant) = grant(TokenPurpose::ProveNewAddress).await? {
            return self.arrive(&digest, &grant, theirs(&grant)?).await;
        }
        for purpose in [
            TokenPurpose::VerifyAddress,
            TokenPurpose::ChangeAddress,
            TokenPurpose::ProveNewAddress,
        ] {
            if self.ports.tokens.has_expired(purpose, &digest, now).await? {
                return Err(VerifyAddressError::Expired);
            }
        }
        Err(VerifyAddressError::Invalid)
    }

    async fn prove(
        &self,
        digest: &TokenDigest,
        grant: &Grant,
        session: Option<&ActiveSession>,
        browser: &Browser,
    ) -> Result<Verified, VerifyAddressError> {
        let proven = retry_contended(|| self.record_proof(digest, grant, session, browser)).await?;
        let (user, opened) = proven.ok_or(VerifyAddressError::Invalid)?;
        let opened = opened.map(|opened| Box::new(opened.signed_in(user, Remember::Yes)));
        Ok(Verified::Proven(opened))
    }

    /// `None` if the token is good for nothing any more.
    async fn record_proof(
        &self,
        digest: &TokenDigest,
        grant: &Grant,
        session: Option<&ActiveSession>,
        browser: &Browser,
    ) -> Result<Option<(User, Option<NewSession>)>, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let found = tx
            .identity()
            .lock_user(&grant.user)
            .await?
            .map(|found| found.user);
        let Some(mut user) = found.filter(|user| Some(&user.email) == grant.address.as_ref()) else {
            return Ok(None);
        };
        let taken = tx.tokens().take(TokenPurpose::VerifyAddress, digest, now).await?;
        if taken.is_none() {
            return Ok(None);
        }
        user.email_verified = true;
        user.updated_at = now;
        tx.identity().save_user(&user).await?;
        let is_signed_in = session.is_some_and(|session| session.user.id == user.id);
        let signs_in = self.ports.office.policy().sign_in_after_verification;
        let mut opened = None;
        // Whoever reads the mail has one factor.
        let is_enough = user.second_factor.is_none();
        if signs_in && is_enough && !is_signed_in && !user.is_banned(now) {
            let opening = Opening::of(&user, browser, Remember::Yes, now);
            let session = opening.open(&*self.ports.ids, &*self.ports.digester);
            session.record(&mut *tx, &user).await?;
            opened = Some(session);
        }
        append(&mut *tx, &user, "user.verify_address", &browser.origin(), now).await?;
        tx.commit().await?;
        Ok(Some((user, opened)))
    }
}

async fn append(
    tx: &mut dyn Tx,
    user: &User,
    action: &'static str,
    origin: &Origin,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = AuditEntry::new(actor(user), action, format!("user:{}", user.id), at);
    tx.audit().append(&entry.from(origin)).await
}
