//! Writing mails down, in the transaction of what causes them.

use std::sync::Arc;
use std::time::Duration;

use domain::mail::MailKind;
use domain::text::Email;
use domain::{Secret, Timestamp, UserId};
use ports::crypto::{SealError, SecretSealer};
use ports::jobs::JobTopic;
use ports::mail::{NewMail, StoredMail};
use ports::outbox::NewJob;
use ports::{IdSource, StoreError, Tx};

use super::links::PublicAddress;

/// Which mails are written, and where their links lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailPolicy {
    /// The name of the panel.
    pub project: String,
    /// What links begin with.
    pub public_address: PublicAddress,
    /// Whether there is a carrier. Without one nothing is written that nobody asked for.
    pub has_carrier: bool,
    /// Whether those who sign up are asked to prove their address.
    pub verify_on_sign_up: bool,
    /// Whether new users are greeted.
    pub welcome: bool,
    /// Whether proving an address signs in.
    pub sign_in_after_verification: bool,
    /// How long a link works that proves an address.
    pub verification: Duration,
}

impl MailPolicy {
    /// How long a mail is of use after it was caused, and its link with it.
    #[must_use]
    pub const fn lifetime(&self, kind: MailKind) -> Duration {
        match kind {
            MailKind::VerifyAddress | MailKind::ProveNewAddress => self.verification,
            _ => kind.lifetime(),
        }
    }

    /// When a mail, caused at `at`, is of no use any more.
    pub(super) fn ends(&self, kind: MailKind, at: Timestamp) -> Timestamp {
        at.plus(self.lifetime(kind))
    }
}

/// A mail that is to be written.
#[derive(Debug, Clone)]
pub struct Note {
    /// What it is about.
    pub kind: MailKind,
    /// What caused it: one cause sends one mail.
    pub cause: String,
    /// Whom it is for, if that is known. Else whoever has the address when it is sent, or nobody.
    pub user: Option<UserId>,
    /// The address.
    pub to: Email,
    /// The page of ours that the link leads to in the end. The caller has checked that it is one of ours.
    pub callback: Option<String>,
    /// The new address, if it is about one.
    pub address: Option<Email>,
    /// When it was caused.
    pub at: Timestamp,
}

impl Note {
    /// A mail to somebody who is known, which only says something.
    #[must_use]
    pub fn notice(kind: MailKind, cause: String, user: &UserId, to: Email, at: Timestamp) -> Self {
        Self {
            kind,
            cause,
            user: Some(user.clone()),
            to,
            callback: None,
            address: None,
            at,
        }
    }
}

/// What only the reader may know.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    /// Of the link, or a code; empty if there is neither.
    pub token: String,
    pub callback: Option<String>,
    pub address: Option<Email>,
}

/// One to a line, because none of them can hold a line's end.
impl Contents {
    fn write(&self) -> Secret {
        let callback = self.callback.as_deref().unwrap_or_default();
        let address = self.address.as_ref().map_or("", Email::as_str);
        Secret::new(format!("{}\n{callback}\n{address}", self.token))
    }

    fn read(text: &Secret) -> Self {
        let mut lines = text.reveal().split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty());
        Self {
            token: line().unwrap_or_default().to_owned(),
            callback: line().map(str::to_owned),
            address: line().map(Email::from_stored),
        }
    }
}

/// Seals mails and opens them.
#[derive(Clone)]
pub struct MailOffice {
    sealer: Arc<dyn SecretSealer>,
    ids: Arc<dyn IdSource>,
    policy: MailPolicy,
}

impl MailOffice {
    /// Wires it.
    #[must_use]
    pub fn new(sealer: Arc<dyn SecretSealer>, ids: Arc<dyn IdSource>, policy: MailPolicy) -> Self {
        Self { sealer, ids, policy }
    }

    /// Which mails are written.
    #[must_use]
    pub const fn policy(&self) -> &MailPolicy {
        &self.policy
    }

    /// A mail, ready to be recorded. Its token, if it is of a kind that has one, is made here and known to nobody else.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is no key to seal it with.
    pub fn prepare(&self, note: Note) -> Result<NewMail, StoreError> {
        let token = note.kind.purpose().map(|_| self.ids.text_id());
        self.sealed(note, token.unwrap_or_default())
    }

    /// A mail with a code in it, ready to be recorded.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is no key to seal it with.
    pub fn prepare_code(&self, note: Note, code: &Secret) -> Result<NewMail, StoreError> {
        self.sealed(note, code.reveal().to_owned())
    }

    fn sealed(&self, note: Note, token: String) -> Result<NewMail, StoreError> {
        let contents = Contents {
            token,
            callback: note.callback.filter(|it| !it.contains(['\n', '\r'])),
            address: note.address,
        };
        let sealed = self.sealer.seal(&contents.write(), &context(&note.cause));
        Ok(NewMail {
            sealed: sealed.map_err(|error| StoreError::Unavailable(format!("a mail: {error}")))?,
            kind: note.kind,
            cause: note.cause,
            user: note.user,
            to: note.to,
            at: note.at,
        })
    }

    /// As [`MailOffice::prepare`], for mails that nobody asked for: nothing if there is no carrier.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is no key to seal it with.
    pub fn prepare_unasked(&self, note: Note) -> Result<Option<NewMail>, StoreError> {
        if self.policy.has_carrier {
            self.prepare(note).map(Some)
        } else {
            Ok(None)
        }
    }

    /// What was sealed in a mail; nothing if it was wiped.
    pub(super) fn open(&self, mail: &StoredMail) -> Result<Option<Contents>, SealError> {
        let Some(sealed) = &mail.sealed else {
            return Ok(None);
        };
        let text = self.sealer.open(sealed, &context(&mail.cause))?;
        Ok(Some(Contents::read(&text)))
    }
}

fn context(cause: &str) -> String {
    format!("mails.ciphertext:{cause}")
}

/// Records a mail and the job that sends it, unless its cause has sent one already.
pub(crate) async fn post(tx: &mut dyn Tx, mail: &NewMail) -> Result<(), StoreError> {
    let Some(id) = tx.mails().insert(mail).await? else {
        return Ok(());
    };
    let job = NewJob {
        topic: JobTopic::DeliverMail,
        subject: id.0,
        due_at: mail.at,
    };
    tx.outbox().push_new(&[job]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_reads_back_whatever_is_missing() {
        let address = Some(Email::from_stored("new@example.com"));
        for (callback, address) in [
            (None, None),
            (Some("/a?b=c".to_owned()), None),
            (None, address.clone()),
            (Some("/".to_owned()), address),
        ] {
            let contents = Contents {
                token: "t".repeat(32),
                callback,
                address,
            };
            assert!(Contents::read(&contents.write()) == contents);
        }
    }
}
