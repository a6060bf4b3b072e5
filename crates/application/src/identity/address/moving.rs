//! Moving to another address.
//!
//! An account keeps its address until the link is followed that is mailed to the other one. If its address is proven, a mail
//! to that asks first. Whether somebody has the other address is found out by the job that would send the mail there: nothing
//! that the user sees before the link is followed depends on it.

use domain::identity::User;
use domain::mail::{MailKind, TokenPurpose};
use domain::text::Email;
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::mail::NewMail;
use ports::tokens::Grant;

use super::{Addresses, ChangeAddressError, Verified, VerifyAddressError, append};
use crate::identity::current_session::ActiveSession;
use crate::identity::mail_limits::admit;
use crate::identity::session::Browser;
use crate::mail::{Note, post};
use crate::retry::retry_contended;

impl Addresses {
    /// Begins to move the session's user to another address. `callback` is the page of ours that links lead to.
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
        if session.stands_in() {
            return Err(ChangeAddressError::NotTheOwner);
        }
        let user = &session.user;
        if *to == user.email {
            return Err(ChangeAddressError::Same);
        }
        admit(&*self.ports.limiter, "change-email", &user.email, browser).await?;
        let mail = if user.email_verified {
            self.question(user, to, callback)?
        } else {
            self.proof(user, to, callback)?
        };
        retry_contended(|| self.record_wish(session, &mail)).await?;
        Ok(())
    }

    /// Asks at the address that the user has.
    fn question(&self, user: &User, to: &Email, callback: Option<String>) -> Result<NewMail, StoreError> {
        let cause = format!("change-email:{}", self.ports.ids.text_id());
        let now = self.ports.clock.now();
        self.ports.office.prepare(Note {
            callback,
            address: Some(to.clone()),
            ..Note::notice(MailKind::ChangeAddress, cause, &user.id, user.email.clone(), now)
        })
    }

    /// Asks at the address that the user wants.
    fn proof(&self, user: &User, to: &Email, callback: Option<String>) -> Result<NewMail, StoreError> {
        let cause = format!("new-email:{}", self.ports.ids.text_id());
        let now = self.ports.clock.now();
        self.ports.office.prepare(Note {
            callback,
            ..Note::notice(MailKind::ProveNewAddress, cause, &user.id, to.clone(), now)
        })
    }

    async fn record_wish(&self, session: &ActiveSession, mail: &NewMail) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        post(&mut *tx, mail).await?;
        append(
            &mut *tx,
            &session.user,
            "user.ask_address",
            &session.origin,
            mail.at,
        )
        .await?;
        tx.commit().await
    }

    /// The user agreed by the link in the mail to the address that they have.
    pub(super) async fn agree(
        &self,
        digest: &TokenDigest,
        grant: &Grant,
        session: &ActiveSession,
        callback: Option<&str>,
    ) -> Result<Verified, VerifyAddressError> {
        let to = grant.address.as_ref().ok_or(VerifyAddressError::Invalid)?;
        let mail = self.proof(&session.user, to, callback.map(str::to_owned))?;
        if retry_contended(|| self.record_agreement(digest, session, &mail)).await? {
            Ok(Verified::Asked)
        } else {
            Err(VerifyAddressError::Invalid)
        }
    }

    async fn record_agreement(
        &self,
        digest: &TokenDigest,
        session: &ActiveSession,
        mail: &NewMail,
    ) -> Result<bool, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let taken = tx
            .tokens()
            .take(TokenPurpose::ChangeAddress, digest, mail.at)
            .await?;
        if taken.is_none() {
            return Ok(false);
        }
        post(&mut *tx, mail).await?;
        append(
            &mut *tx,
            &session.user,
            "user.agree_to_address",
            &session.origin,
            mail.at,
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The user followed the link in the mail to the other address.
    pub(super) async fn arrive(
        &self,
        digest: &TokenDigest,
        grant: &Grant,
        session: &ActiveSession,
    ) -> Result<Verified, VerifyAddressError> {
        let to = grant.address.as_ref().ok_or(VerifyAddressError::Invalid)?;
        let farewell = self.farewell(&session.user)?;
        match retry_contended(|| self.record_move(session, to, digest, farewell.as_ref())).await {
            Ok(Some(user)) => Ok(Verified::Moved(Box::new(user))),
            // The link was used, or somebody took the address since the mail was sent.
            Ok(None) | Err(StoreError::Conflict { .. }) => Err(VerifyAddressError::Invalid),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells the address that the user had, if it was theirs.
    fn farewell(&self, user: &User) -> Result<Option<NewMail>, StoreError> {
        if !user.email_verified {
            return Ok(None);
        }
        let cause = format!("address-changed:{}", self.ports.ids.text_id());
        let now = self.ports.clock.now();
        let note = Note::notice(MailKind::AddressChanged, cause, &user.id, user.email.clone(), now);
        self.ports.office.prepare_unasked(note)
    }

    async fn record_move(
        &self,
        session: &ActiveSession,
        to: &Email,
        token: &TokenDigest,
        farewell: Option<&NewMail>,
    ) -> Result<Option<User>, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let found = tx.identity().lock_user(&session.user.id).await?;
        // The address is that of the decision.
        let found = found.filter(|found| found.user.email == session.user.email);
        let Some(mut user) = found.map(|found| found.user) else {
            return Ok(None);
        };
        let taken = tx
            .tokens()
            .take(TokenPurpose::ProveNewAddress, token, now)
            .await?;
        if taken.is_none() {
            return Ok(None);
        }
        user.email = to.clone();
        user.email_verified = true;
        user.updated_at = now;
        tx.identity().save_user(&user).await?;
        // Whatever was mailed to the old address is worthless, and nobody else stays signed in.
        tx.tokens().revoke_all(&user.id).await?;
        tx.identity()
            .delete_sessions_of(&user.id, Some(&session.session.id))
            .await?;
        append(&mut *tx, &user, "user.change_address", &session.origin, now).await?;
        if let Some(mail) = farewell {
            post(&mut *tx, mail).await?;
        }
        tx.commit().await?;
        Ok(Some(user))
    }
}
