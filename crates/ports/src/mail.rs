//! Mail: how it looks, who carries it, and what is recorded about it.

use std::time::Duration;

use async_trait::async_trait;
use domain::mail::{MailKind, MailState};
use domain::providers::SealedSecret;
use domain::text::{Email, Name};
use domain::{MailId, PageSize, Secret, Timestamp, UserId};

use crate::store::StoreError;

/// What a mail says, before it is put into words.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What it is about.
    pub kind: MailKind,
    /// How long its link works.
    pub lifetime: Duration,
    /// The name of the reader.
    pub name: Name,
    /// Where its button leads. It may hold a token.
    pub link: String,
    /// The new address, if the mail is about one.
    pub new_address: Option<Email>,
    /// The code to sign in with, if the mail carries one.
    pub code: Option<Secret>,
}

/// A letter in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// For programs that show text only.
    pub text: String,
    /// For all others. Whatever users wrote is escaped.
    pub html: String,
}

/// Why a letter could not be put into words; a defect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail cannot be rendered: {0}")]
pub struct RenderError(pub String);

/// Puts letters into words.
pub trait MailRenderer: Send + Sync {
    /// The words of a letter.
    ///
    /// # Errors
    /// [`RenderError`], which is a defect.
    fn render(&self, letter: &Letter) -> Result<Rendered, RenderError>;
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same for every attempt to send it: a carrier that knows such keys sends it once.
    pub key: String,
    /// To whom.
    pub to: Email,
    /// What it says.
    pub content: Rendered,
}

/// What a carrier said about a mail. The texts hold neither the mail nor a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It took the mail, or took it before.
    Accepted,
    /// It will never take this mail.
    Refused(String),
    /// It does not take it now, or nobody knows.
    TryLater {
        /// Why.
        reason: String,
        /// When it wants to be asked again, if it said so.
        after: Option<Duration>,
        /// Whether it takes no other mail either, so that it is better left alone for a while.
        nobody: bool,
    },
}

/// Carries mails. One call sends at most one mail and ends within half a minute.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a mail.
    async fn send(&self, mail: &Mail) -> Delivery;

    /// What it is, for operators: where it sends to. `Err` says that nothing can be sent, and why.
    async fn check(&self) -> Result<String, String>;
}

/// A mail to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// What it is about.
    pub kind: MailKind,
    /// What caused it; one cause sends one mail.
    pub cause: String,
    /// Whom it is for, if that is known: mails to forgotten accounts find out later.
    pub user: Option<UserId>,
    /// The address.
    pub to: Email,
    /// What only the reader may know, sealed for the cause. Wiped as soon as it is of no use.
    pub sealed: SealedSecret,
    /// When it was caused.
    pub at: Timestamp,
}

/// A mail as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// Counts up.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// What caused it.
    pub cause: String,
    /// Whom it is for, if that is known.
    pub user: Option<UserId>,
    /// The address.
    pub to: Email,
    /// How far it got.
    pub state: MailState,
    /// Deliveries that were begun.
    pub attempts: u32,
    /// What only the reader may know; gone when the mail has ended.
    pub sealed: Option<SealedSecret>,
    /// What the last attempt failed with.
    pub reason: Option<String>,
    /// When it was caused.
    pub created_at: Timestamp,
    /// When anything last became of it.
    pub updated_at: Timestamp,
}

/// What became of a mail that was to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailNews {
    /// How far it got. Whatever is not waiting any more loses what was sealed.
    pub state: MailState,
    /// What it failed with.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Mails inside a transaction.
#[async_trait]
pub trait MailRepository: Send {
    /// Records a mail to be sent, unless its cause has sent one already.
    async fn insert(&mut self, mail: &NewMail) -> Result<Option<MailId>, StoreError>;

    /// Counts an attempt to send the mail; how many there are now. `None` if it is not waiting any more.
    async fn begin_attempt(&mut self, id: MailId, now: Timestamp) -> Result<Option<u32>, StoreError>;

    /// Records what became of a waiting mail. `false` if it was not waiting any more.
    async fn settle(&mut self, id: MailId, news: &MailNews) -> Result<bool, StoreError>;

    /// Forgets every mail to a user who is gone: those for them, and those to their address.
    async fn forget(&mut self, user: &UserId, address: &Email) -> Result<u64, StoreError>;

    /// Forgets mails that ended before `before`, and tokens, codes and trust in devices that did, so many of each at most;
    /// how many.
    async fn prune(&mut self, before: Timestamp, limit: u16) -> Result<u64, StoreError>;
}

/// Mails of one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailCount {
    /// The state.
    pub state: MailState,
    /// How many.
    pub mails: u64,
}

/// Mails for reading.
#[async_trait]
pub trait MailQueries: Send + Sync {
    /// A mail by id.
    async fn mail(&self, id: MailId) -> Result<Option<StoredMail>, StoreError>;

    /// Mails, newest first, below `before` if given, of one state if given. What is sealed is not read.
    async fn mails(
        &self,
        state: Option<MailState>,
        before: Option<MailId>,
        size: PageSize,
    ) -> Result<Vec<StoredMail>, StoreError>;

    /// How many mails wait and how many failed. Those that ended well are not counted.
    async fn troubled(&self) -> Result<Vec<MailCount>, StoreError>;

    /// Mails that wait since before `before` and have no job that will send them.
    async fn forgotten(&self, before: Timestamp, limit: u16) -> Result<Vec<MailId>, StoreError>;
}
