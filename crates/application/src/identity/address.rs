//! Users prove their address, and move to another.

use domain::identity::User;
use domain::mail::{MailKind, TokenPurpose};
use domain::text::Email;
use domain::{Secret, Timestamp};
use ports::audit::AuditEntry;
use ports::identity::TokenDigest;
use ports::mail::NewMail;
use ports::tokens::Grant;
use ports::{StoreError, Tx};

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::mail_limits::{TooManyMails, admit};
use super::session::{Browser, NewSession, Opening, Remember, SignedIn};
use crate::caller::actor;
use crate::mail::{Note, post};
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
    /// It moves somebody who is not signed in here.
    #[error("somebody else has to be signed in")]
    Unauthorized,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no move has begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeAddressError {
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
    /// The user has another address now, which is to be proven.
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
        if let Some(grant) = grant(TokenPurpose::ChangeAddress).await? {
            let theirs = session.filter(|session| session.user.id == grant.user);
            let session = theirs.ok_or(VerifyAddressError::Unauthorized)?;
            return self.move_by(&digest, &grant, session, callback).await;
        }
        for purpose in [TokenPurpose::VerifyAddress, TokenPurpose::ChangeAddress] {
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
        append(&mut *tx, &user, "user.verify_address", now).await?;
        tx.commit().await?;
        Ok(Some((user, opened)))
    }

    async fn move_by(
        &self,
        digest: &TokenDigest,
        grant: &Grant,
        session: &ActiveSession,
        callback: Option<&str>,
    ) -> Result<Verified, VerifyAddressError> {
        let to = grant.address.clone().ok_or(VerifyAddressError::Invalid)?;
        let moved = self.moved(session, &to, callback, Some(digest)).await?;
        if let Some(user) = moved {
            return Ok(Verified::Moved(Box::new(user)));
        }
        // Somebody has the address, or the link was used meanwhile. Neither is told.
        let mut tx = self.ports.store.begin().await?;
        tx.tokens()
            .take(TokenPurpose::ChangeAddress, digest, self.ports.clock.now())
            .await?;
        tx.commit().await?;
        Ok(Verified::Moved(Box::new(session.user.clone())))
    }

    /// Begins to move the session's user to another address. If the address that the user has is proven, a mail to it asks
    /// first. The answer does not tell whether somebody has the other address.
    ///
    /// # Errors
    /// [`ChangeAddressError`] if nothing was recorded, or nobody knows.
    pub async fn change(
        &self,
        session: &ActiveSession,
        to: &Email,
        callback: Option<String>,
        browser: &Browser,
    ) -> Result<(), ChangeAddressError> {
        let user = &session.user;
        if *to == user.email {
            return Err(ChangeAddressError::Same);
        }
        admit(&*self.ports.limiter, "change-email", &user.email, browser).await?;
        if !user.email_verified {
            self.moved(session, to, callback.as_deref(), None).await?;
            return Ok(());
        }
        let cause = format!("change-email:{}", self.ports.ids.text_id());
        let mail = self.ports.office.prepare(Note {
            callback,
            address: Some(to.clone()),
            ..Note::notice(
                MailKind::ChangeAddress,
                cause,
                &user.id,
                user.email.clone(),
                self.ports.clock.now(),
            )
        })?;
        retry_contended(|| self.record_mail(&mail)).await?;
        Ok(())
    }

    async fn record_mail(&self, mail: &NewMail) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        post(&mut *tx, mail).await?;
        tx.commit().await
    }

    /// Moves the user; `None` if somebody has the address, or the token is good for nothing.
    async fn moved(
        &self,
        session: &ActiveSession,
        to: &Email,
        callback: Option<&str>,
        token: Option<&TokenDigest>,
    ) -> Result<Option<User>, StoreError> {
        let mails = self.mails_of_move(&session.user, to, callback)?;
        match retry_contended(|| self.record_move(session, to, token, &mails)).await {
            Err(StoreError::Conflict { .. }) => Ok(None),
            moved => moved,
        }
    }

    /// A proof of the new address is asked for there; the old one is told, if it was the user's.
    fn mails_of_move(
        &self,
        user: &User,
        to: &Email,
        callback: Option<&str>,
    ) -> Result<Vec<NewMail>, StoreError> {
        let now = self.ports.clock.now();
        let note = |kind, word: &str, address: &Email| {
            let cause = format!("{word}:{}", self.ports.ids.text_id());
            Note::notice(kind, cause, &user.id, address.clone(), now)
        };
        let mut notes = vec![Note {
            callback: callback.map(str::to_owned),
            ..note(MailKind::VerifyAddress, "verify-email", to)
        }];
        if user.email_verified {
            notes.push(note(MailKind::AddressChanged, "address-changed", &user.email));
        }
        let mails = notes
            .into_iter()
            .map(|note| self.ports.office.prepare_unasked(note));
        let mails: Result<Vec<_>, _> = mails.collect();
        Ok(mails?.into_iter().flatten().collect())
    }

    async fn record_move(
        &self,
        session: &ActiveSession,
        to: &Email,
        token: Option<&TokenDigest>,
        mails: &[NewMail],
    ) -> Result<Option<User>, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let found = tx.identity().lock_user(&session.user.id).await?;
        // The address is that of the decision.
        let found = found.filter(|found| found.user.email == session.user.email);
        let Some(mut user) = found.map(|found| found.user) else {
            return Ok(None);
        };
        if let Some(token) = token {
            let taken = tx.tokens().take(TokenPurpose::ChangeAddress, token, now).await?;
            if taken.is_none() {
                return Ok(None);
            }
        }
        user.email = to.clone();
        user.email_verified = false;
        user.updated_at = now;
        tx.identity().save_user(&user).await?;
        // Whatever was mailed to the old address is worthless, and nobody else stays signed in.
        tx.tokens().revoke_all(&user.id).await?;
        tx.identity()
            .delete_sessions_of(&user.id, Some(&session.session.id))
            .await?;
        append(&mut *tx, &user, "user.change_address", now).await?;
        for mail in mails {
            post(&mut *tx, mail).await?;
        }
        tx.commit().await?;
        Ok(Some(user))
    }
}

async fn append(tx: &mut dyn Tx, user: &User, action: &'static str, at: Timestamp) -> Result<(), StoreError> {
    let entry = AuditEntry::new(actor(user), action, format!("user:{}", user.id), at);
    tx.audit().append(&entry).await
}
