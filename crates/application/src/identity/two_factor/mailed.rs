//! A code is mailed to whoever has no app.

use std::time::Duration;

use domain::Secret;
use domain::identity::{CODE_WITHIN, MAILED_CODE_TRIES, mailed_code, takes_mailed_codes};
use domain::mail::MailKind;
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::mail::NewMail;
use ports::two_factor::MailedCode;

use super::awaited::Waiting;
use super::{MAILED, TwoFactor};
use crate::caller::actor;
use crate::identity::Browser;
use crate::identity::mail_limits::{TooManyMails, admit, admit_daily};
use crate::mail::{Note, post};
use crate::retry::retry_contended;

/// Why no code is on its way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendCodeError {
    /// It is for the user alone, and somebody acts as them.
    #[error("only the owner does this")]
    NotTheOwner,
    /// Nobody waits for a code, or not any more.
    #[error("nobody waits for a code")]
    NobodyWaits,
    /// The user's second factor is another one, or no mail can be sent.
    #[error("the user gets no codes by mail")]
    Off,
    /// Too many were asked for.
    #[error("too many mails were asked for")]
    TooMany {
        /// When to come back.
        retry_after: Duration,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TooManyMails> for SendCodeError {
    fn from(error: TooManyMails) -> Self {
        Self::TooMany {
            retry_after: error.retry_after,
        }
    }
}

impl TwoFactor {
    /// Mails a code, which is good where it was asked for, and replaces the one before it.
    ///
    /// # Errors
    /// [`SendCodeError`] if nothing was recorded, or nobody knows.
    pub async fn send_code(&self, waiting: &Waiting, browser: &Browser) -> Result<(), SendCodeError> {
        if waiting.stands_in() {
            return Err(SendCodeError::NotTheOwner);
        }
        let awaited = self.awaited(waiting).await?;
        let awaited = awaited.ok_or(SendCodeError::NobodyWaits)?;
        let people = &self.ports.people;
        let user = &awaited.user;
        let sealed = self.ports.queries.secret_of(&user.id).await?;
        let (Some(sealed), true) = (sealed, takes_mailed_codes(user)) else {
            return Err(SendCodeError::Off);
        };
        if !people.office.policy().has_carrier {
            return Err(SendCodeError::Off);
        }
        admit(&*people.limiter, "sign-in-code", &user.email, browser).await?;
        admit_daily(&*people.limiter, "sign-in-code", &user.id).await?;
        let (code, now) = (self.new_code(), people.clock.now());
        let secret = self.open(&user.id, &sealed)?;
        let mailed = MailedCode {
            subject: awaited.place.subject(),
            user: user.id.clone(),
            digest: self.digest(MAILED, &secret, code.reveal()),
            tries: MAILED_CODE_TRIES,
            expires_at: now.plus(CODE_WITHIN),
        };
        let cause = format!("sign-in-code:{}", people.ids.text_id());
        let note = Note::notice(MailKind::SignInCode, cause, &user.id, user.email.clone(), now);
        let mail = people.office.prepare_code(note, &code)?;
        let entry = AuditEntry::new(
            actor(user),
            "two_factor.mail_code",
            format!("user:{}", user.id),
            now,
        )
        .from(&browser.origin());
        retry_contended(|| self.record_code(&mailed, &mail, &entry)).await?;
        Ok(())
    }

    fn new_code(&self) -> Secret {
        let mut random = String::new();
        loop {
            random.push_str(&self.ports.people.ids.text_id());
            if let Some(code) = mailed_code(&random) {
                return Secret::new(code);
            }
        }
    }

    async fn record_code(
        &self,
        code: &MailedCode,
        mail: &NewMail,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.people.store.begin().await?;
        tx.identity().lock_user(&code.user).await?;
        tx.two_factor().mail_code(code).await?;
        tx.audit().append(entry).await?;
        post(&mut *tx, mail).await?;
        tx.commit().await
    }
}
