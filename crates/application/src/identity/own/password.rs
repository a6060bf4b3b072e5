//! Users change their password.

use std::time::Duration;

use domain::Secret;
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::crypto::{PasswordCheck, PasswordError};
use ports::mail::NewMail;

use super::OwnAccount;
use crate::caller::actor;
use crate::identity::password::changed_notice;
use crate::identity::refusals::Refusal;
use crate::identity::session::{NewSession, Opening};
use crate::identity::{ActiveSession, Browser, Password, PasswordRefusal, SignedIn};
use crate::mail::post;
use crate::retry::retry_contended;

/// The change.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// What the user says the password is: knowing it is the proof that the user is there.
    pub current: Secret,
    /// What it is to be.
    pub new: Password,
    /// Whether every other session ends, and this one goes on under another token.
    pub end_sessions: bool,
    /// Who asks.
    pub browser: Browser,
}

/// Why the password is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// It is for the user alone, and somebody acts as them.
    #[error("only the owner does this")]
    NotTheOwner,
    /// Too many wrong passwords, here or at signing in.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When to come back.
        retry_after: Duration,
    },
    /// The user signs in by other means.
    #[error("the user has no password")]
    NoPassword,
    /// The current password is another one.
    #[error("wrong password")]
    WrongPassword,
    /// Nobody with this name or address may choose the password.
    #[error(transparent)]
    Refused(#[from] PasswordRefusal),
    /// A password could not be hashed or checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OwnAccount {
    /// Changes the password of the session's user. Gives the session that replaces all others, if they end.
    ///
    /// # Errors
    /// [`ChangePasswordError`] if nothing was recorded, or nobody knows.
    pub async fn change_password(
        &self,
        session: &ActiveSession,
        change: &ChangePassword,
    ) -> Result<Option<SignedIn>, ChangePasswordError> {
        if session.stands_in() {
            return Err(ChangePasswordError::NotTheOwner);
        }
        let email = &session.user.email;
        let attempt = match self.throttle.admit(email, &change.browser).await {
            Ok(attempt) => attempt,
            Err(retry_after) => {
                self.refused.note(email, &change.browser, Refusal::Slowed).await;
                return Err(ChangePasswordError::TooManyAttempts { retry_after });
            }
        };
        let outcome = self.change(session, change).await;
        if matches!(outcome, Err(ChangePasswordError::WrongPassword)) {
            self.refused.note(email, &change.browser, Refusal::Password).await;
        } else {
            self.throttle.forgive(attempt).await;
        }
        Ok(outcome?.map(|opened| opened.signed_in(session.user.clone(), session.remember)))
    }

    async fn change(
        &self,
        session: &ActiveSession,
        change: &ChangePassword,
    ) -> Result<Option<NewSession>, ChangePasswordError> {
        let found = self.ports.queries.credentials(&session.user.email).await?;
        let stored = found.filter(|found| found.user.id == session.user.id);
        let stored = stored.and_then(|found| found.password_hash);
        let stored = stored.ok_or(ChangePasswordError::NoPassword)?;
        if self.ports.hasher.check(&change.current, Some(&stored)).await? == PasswordCheck::Mismatch {
            return Err(ChangePasswordError::WrongPassword);
        }
        let project = &self.ports.office.policy().project;
        let new = change.new.of(&session.user.name, &session.user.email, project)?;
        let hash = self.ports.hasher.hash(new).await?;
        let now = self.ports.clock.now();
        let opened = change.end_sessions.then(|| {
            Opening::of(&session.user, &change.browser, session.remember, now)
                .open(&*self.ports.ids, &*self.ports.digester)
        });
        let notice = changed_notice(&self.ports, &session.user)?;
        let recorded =
            retry_contended(|| self.record_change(session, &stored, &hash, opened.as_ref(), notice.as_ref()));
        if !recorded.await? {
            return Err(ChangePasswordError::WrongPassword);
        }
        Ok(opened)
    }

    /// `false` if the password is not the one that was checked any more.
    async fn record_change(
        &self,
        session: &ActiveSession,
        checked: &str,
        hash: &str,
        opened: Option<&NewSession>,
        notice: Option<&NewMail>,
    ) -> Result<bool, StoreError> {
        let (user, now) = (&session.user.id, self.ports.clock.now());
        let mut tx = self.ports.store.begin().await?;
        let current = tx.identity().lock_user(user).await?;
        if current.and_then(|current| current.password_hash).as_deref() != Some(checked) {
            return Ok(false);
        }
        tx.identity()
            .set_password(&self.ports.ids.text_id(), user, hash, now)
            .await?;
        // A program has its tokens for the password that was.
        tx.refresh_tokens().end_sessions(user).await?;
        if let Some(opened) = opened {
            tx.identity().delete_sessions_of(user, None).await?;
            tx.identity()
                .insert_session(&opened.session, &opened.digest)
                .await?;
        }
        let target = format!("user:{user}");
        let entry = AuditEntry::new(actor(&session.user), "user.change_password", target, now)
            .from(&session.origin)
            .with("sessions_ended", opened.is_some());
        tx.audit().append(&entry).await?;
        if let Some(notice) = notice {
            post(&mut *tx, notice).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
