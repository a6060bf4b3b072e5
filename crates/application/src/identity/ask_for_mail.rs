//! Anybody asks for a mail to an address: one to choose another password with, or one to prove the address.
//!
//! Whether anybody has the address is found out by the job that sends the mail. Until then a known and an unknown
//! address are the same work and the same answer.

use domain::mail::MailKind;
use domain::text::Email;
use ports::StoreError;
use ports::mail::NewMail;

use super::identity_ports::IdentityPorts;
use super::mail_limits::{TooManyMails, admit};
use super::session::Browser;
use crate::mail::{Note, post};
use crate::retry::retry_contended;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A link to choose another password with.
    PasswordReset,
    /// A link that proves the address.
    Verification,
}

/// Why no mail will be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Too many were asked for.
    #[error(transparent)]
    TooMany(#[from] TooManyMails),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use case.
pub struct AskForMail {
    ports: IdentityPorts,
}

impl AskForMail {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self { ports }
    }

    /// Notes that the mail is wanted. `callback` is the page of ours that its link leads to; the caller has checked that.
    ///
    /// # Errors
    /// [`AskError`] if nothing was recorded, or nobody knows.
    pub async fn ask(
        &self,
        wanted: Wanted,
        to: Email,
        callback: Option<String>,
        browser: &Browser,
    ) -> Result<(), AskError> {
        let (kind, word) = match wanted {
            Wanted::PasswordReset => (MailKind::ResetPassword, "reset-password"),
            Wanted::Verification => (MailKind::VerifyAddress, "verify-email"),
        };
        admit(&*self.ports.limiter, word, &to, browser).await?;
        let mail = self.ports.office.prepare(Note {
            kind,
            cause: format!("{word}:{}", self.ports.ids.text_id()),
            user: None,
            to,
            callback,
            address: None,
            at: self.ports.clock.now(),
        })?;
        retry_contended(|| self.record(&mail)).await?;
        Ok(())
    }

    async fn record(&self, mail: &NewMail) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        post(&mut *tx, mail).await?;
        tx.commit().await
    }
}
