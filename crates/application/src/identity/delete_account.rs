//! Users delete their account.

use domain::mail::{MailKind, TokenPurpose};
use domain::orders::Actor;
use domain::{Secret, UserId};
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::crypto::{PasswordCheck, PasswordError};
use ports::identity::TokenDigest;
use ports::mail::NewMail;

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::mail_limits::{TooManyMails, admit};
use super::refusals::{Refusal, RefusedSignIns};
use super::removal::{Removal, Removed};
use super::session::Browser;
use crate::mail::{Note, post};
use crate::retry::retry_contended;

/// What the user gives.
#[derive(Debug, Clone, Default)]
pub struct DeleteAccount {
    /// The password, as a proof that the user is there.
    pub password: Option<Secret>,
    /// The token of the mail.
    pub token: Option<Secret>,
    /// The page of ours that the link in the mail leads to. The caller has checked that.
    pub callback: Option<String>,
}

/// What became of the wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// A mail asks whether it is meant.
    Asked,
    /// The account is gone.
    Deleted,
}

/// Why the account is still there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeleteAccountError {
    /// It is for the user alone, and somebody acts as them.
    #[error("only the owner does this")]
    NotTheOwner,
    /// Too many mails were asked for, or passwords tried.
    #[error(transparent)]
    TooMany(#[from] TooManyMails),
    /// The user signs in by other means.
    #[error("the user has no password")]
    NoPassword,
    /// Another password.
    #[error("wrong password")]
    WrongPassword,
    /// The user signed in too long ago to be believed without a password.
    #[error("the session is not fresh")]
    NotFresh,
    /// The token was never good, was used, is somebody else's, or its time is over.
    #[error("the token is good for nothing")]
    InvalidToken,
    /// There is money in the wallet.
    #[error("there is money in the wallet")]
    HasMoney,
    /// Orders have not ended.
    #[error("orders have not ended")]
    HasOpenOrders,
    /// Nobody would be left to administer anything.
    #[error("the last administrator cannot be removed")]
    LastAdmin,
    /// The password could not be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use cases.
pub struct DeleteAccounts {
    ports: IdentityPorts,
    refused: RefusedSignIns,
}

impl DeleteAccounts {
    /// Wires the use cases.
    #[must_use]
    pub fn new(ports: IdentityPorts) -> Self {
        let refused = RefusedSignIns::new(ports.clone());
        Self { ports, refused }
    }

    /// Deletes the account of the session's user, or asks by mail whether that is meant, if mails can be sent.
    ///
    /// # Errors
    /// [`DeleteAccountError`] if nothing was recorded, or nobody knows.
    pub async fn delete(
        &self,
        session: &ActiveSession,
        wish: DeleteAccount,
        browser: &Browser,
    ) -> Result<Deletion, DeleteAccountError> {
        if session.stands_in() {
            return Err(DeleteAccountError::NotTheOwner);
        }
        admit(
            &*self.ports.limiter,
            "delete-account",
            &session.user.email,
            browser,
        )
        .await?;
        let believed = self.believe(session, wish.password.as_ref()).await;
        if believed == Err(DeleteAccountError::WrongPassword) {
            let email = &session.user.email;
            self.refused.note(email, browser, Refusal::Password).await;
        }
        believed?;
        if let Some(token) = &wish.token {
            self.confirm(session, token).await?;
            return Ok(Deletion::Deleted);
        }
        if !self.ports.office.policy().has_carrier {
            return self.remove(session, None).await.map(|()| Deletion::Deleted);
        }
        let user = &session.user;
        let cause = format!("delete-account:{}", self.ports.ids.text_id());
        let now = self.ports.clock.now();
        let mail = self.ports.office.prepare(Note {
            callback: wish.callback,
            ..Note::notice(MailKind::DeleteAccount, cause, &user.id, user.email.clone(), now)
        })?;
        refusal(retry_contended(|| self.record_wish(&user.id, &mail)).await?)?;
        Ok(Deletion::Asked)
    }

    /// Deletes the account by the link of the mail, in a browser in which its user is signed in.
    ///
    /// # Errors
    /// [`DeleteAccountError`] if nothing was recorded, or nobody knows.
    pub async fn confirm(&self, session: &ActiveSession, token: &Secret) -> Result<(), DeleteAccountError> {
        if session.stands_in() {
            return Err(DeleteAccountError::NotTheOwner);
        }
        let digest = self.ports.digester.digest(token.reveal());
        let now = self.ports.clock.now();
        let grant = self
            .ports
            .tokens
            .grant(TokenPurpose::DeleteAccount, &digest, now)
            .await?;
        let theirs = grant.filter(|grant| grant.user == session.user.id);
        theirs.ok_or(DeleteAccountError::InvalidToken)?;
        self.remove(session, Some(&digest)).await
    }

    async fn believe(
        &self,
        session: &ActiveSession,
        password: Option<&Secret>,
    ) -> Result<(), DeleteAccountError> {
        let Some(password) = password else {
            return if session.session.is_fresh(self.ports.clock.now()) {
                Ok(())
            } else {
                Err(DeleteAccountError::NotFresh)
            };
        };
        let found = self.ports.queries.credentials(&session.user.email).await?;
        let found = found.filter(|found| found.user.id == session.user.id);
        let stored = found.and_then(|found| found.password_hash);
        let stored = stored.ok_or(DeleteAccountError::NoPassword)?;
        match self.ports.hasher.check(password, Some(&stored)).await? {
            PasswordCheck::Match | PasswordCheck::MatchOutdated => Ok(()),
            PasswordCheck::Mismatch => Err(DeleteAccountError::WrongPassword),
        }
    }

    /// Nobody is asked about what cannot be.
    async fn record_wish(&self, user: &UserId, mail: &NewMail) -> Result<Removed, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let removal = Removal::of(user, self.ports.clock.now());
        let obstacle = removal.obstacle(&mut *tx).await?;
        if obstacle == Removed::Done {
            post(&mut *tx, mail).await?;
            tx.commit().await?;
        }
        Ok(obstacle)
    }

    async fn remove(
        &self,
        session: &ActiveSession,
        token: Option<&TokenDigest>,
    ) -> Result<(), DeleteAccountError> {
        refusal(retry_contended(|| self.record_removal(session, token)).await?)
    }

    async fn record_removal(
        &self,
        session: &ActiveSession,
        token: Option<&TokenDigest>,
    ) -> Result<Removed, StoreError> {
        let (user, now) = (&session.user.id, self.ports.clock.now());
        let mut tx = self.ports.store.begin().await?;
        if let Some(token) = token {
            let taken = tx.tokens().take(TokenPurpose::DeleteAccount, token, now).await?;
            if taken.is_none() {
                return Ok(Removed::NotThere);
            }
        }
        let removed = Removal::of(user, now).settled(&mut *tx).await?;
        if removed == Removed::Done {
            let actor = Actor::Customer(user.clone());
            let entry = AuditEntry::new(actor, "user.delete", format!("user:{user}"), now);
            tx.audit().append(&entry.from(&session.origin)).await?;
            tx.commit().await?;
        }
        Ok(removed)
    }
}

const fn refusal(removed: Removed) -> Result<(), DeleteAccountError> {
    match removed {
        Removed::Done => Ok(()),
        Removed::NotThere => Err(DeleteAccountError::InvalidToken),
        Removed::HasMoney => Err(DeleteAccountError::HasMoney),
        Removed::HasOpenOrders => Err(DeleteAccountError::HasOpenOrders),
        Removed::LastAdmin => Err(DeleteAccountError::LastAdmin),
    }
}
