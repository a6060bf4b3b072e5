//! A job sends a mail.
//!
//! An attempt is counted before the carrier is called, and what it said is recorded afterwards. Whoever dies between the
//! two leaves a mail that is sent again: a mail may arrive twice, and never is it lost because somebody died.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::identity::User;
use domain::mail::{MailKind, MailState, pause_after};
use domain::{MailId, Secret, Timestamp};
use ports::crypto::TokenDigester;
use ports::identity::{IdentityQueries, TokenDigest};
use ports::mail::{
    Delivery, Letter, Mail, MailNews, MailQueries, MailRenderer, Mailer, RenderError, StoredMail,
};
use ports::tokens::Grant;
use ports::{Clock, Store, StoreError};
use tokio::sync::Semaphore;

use super::office::{Contents, MailOffice};
use crate::jobs::Verdict;
use crate::line::Standing;
use crate::retry::retry_contended;

/// Mails of one process that are on their way at the same time at most, so that a slow carrier never takes the workers
/// that orders need.
const PLACES: usize = 4;
/// How soon a mail comes back that found no place.
const CROWDED_PAUSE: Duration = Duration::from_millis(500);
/// How long a carrier is left alone that takes nothing from anybody; it doubles with every such answer in a row.
const REST_MIN: Duration = Duration::from_secs(5);
/// It doubles up to this.
const REST_MAX: Duration = Duration::from_mins(2);
/// How long a mail waits for the key that opens it.
const KEY_PAUSE: Duration = Duration::from_mins(1);
/// The longest reason that is kept, in characters.
const REASON_MAX_CHARS: usize = 300;

/// What sending needs.
#[derive(Clone)]
pub struct DeliveryPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Mails.
    pub mails: Arc<dyn MailQueries>,
    /// Their readers.
    pub identity: Arc<dyn IdentityQueries>,
    /// Their words.
    pub renderer: Arc<dyn MailRenderer>,
    /// Who carries them.
    pub mailer: Arc<dyn Mailer>,
    /// Digests of their tokens.
    pub digester: Arc<dyn TokenDigester>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The use case.
pub struct DeliverMail {
    ports: DeliveryPorts,
    office: MailOffice,
    places: Semaphore,
    carrier: Mutex<Carrier>,
}

/// What is known about the carrier.
struct Carrier {
    standing: Standing,
    /// Until when it is left alone, by the monotonic clock.
    rests_until: Duration,
    /// How long it rests the next time.
    next_rest: Duration,
}

/// A mail that can be sent, or why there is none.
enum Readiness {
    Ready {
        mail: Mail,
        /// What the token in it becomes good for.
        token: Option<(TokenDigest, Grant)>,
    },
    Ended(MailState, &'static str),
    Sealed(String),
}

impl DeliverMail {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: DeliveryPorts, office: MailOffice) -> Self {
        Self {
            ports,
            office,
            places: Semaphore::new(PLACES),
            carrier: Mutex::new(Carrier {
                standing: Standing::new(PLACES),
                rests_until: Duration::ZERO,
                next_rest: REST_MIN,
            }),
        }
    }

    /// Sends a mail, if it still waits and is still of use.
    ///
    /// # Errors
    /// [`StoreError`] if that could not be found out or recorded.
    pub async fn deliver(&self, id: MailId) -> Result<Verdict, StoreError> {
        let Some(mail) = self.ports.mails.mail(id).await? else {
            return Ok(Verdict::Done);
        };
        let now = self.ports.clock.now();
        if mail.state != MailState::Waiting {
            return Ok(Verdict::Done);
        }
        let policy = self.office.policy();
        if now >= policy.ends(mail.kind, mail.created_at) {
            let reason = mail.reason.as_deref().unwrap_or("no attempt was made in time");
            return self.end(&mail, MailState::GivenUp, reason).await;
        }
        let Ok(_place) = self.places.try_acquire() else {
            let now = self.ports.clock.monotonic();
            let pause = self.carrier().standing.crowded(now, CROWDED_PAUSE);
            return Ok(Verdict::Later(pause));
        };
        if let Some(rest) = self.rest() {
            return Ok(self.turn_away(rest));
        }
        match self.readiness(&mail).await? {
            Readiness::Ended(state, reason) => self.end(&mail, state, reason).await,
            Readiness::Sealed(reason) => {
                self.record(&mail, MailState::Waiting, Some(&reason)).await?;
                Ok(Verdict::Later(KEY_PAUSE))
            }
            Readiness::Ready { mail: ready, token } => self.send(&mail, &ready, token.as_ref(), now).await,
        }
    }

    async fn readiness(&self, mail: &StoredMail) -> Result<Readiness, StoreError> {
        let contents = match self.office.open(mail) {
            Ok(Some(contents)) => contents,
            Ok(None) => return Ok(Readiness::Ended(MailState::GivenUp, "its contents are gone")),
            Err(error) => return Ok(Readiness::Sealed(error.to_string())),
        };
        let Some(reader) = self.reader(mail).await? else {
            return Ok(Readiness::Ended(MailState::Dropped, "nobody has the address"));
        };
        if let Some(reason) = obsolete(mail, &reader) {
            return Ok(Readiness::Ended(MailState::Dropped, reason));
        }
        if mail.kind == MailKind::ProveNewAddress
            && self.ports.identity.credentials(&mail.to).await?.is_some()
        {
            return Ok(Readiness::Ended(MailState::Dropped, "somebody has the address"));
        }
        let digest = || self.ports.digester.digest(&contents.token);
        let token = self
            .grant(mail, &contents, &reader)
            .map(|grant| (digest(), grant));
        match self.rendered(mail, &contents, &reader) {
            Ok(mail) => Ok(Readiness::Ready { mail, token }),
            Err(error) => {
                tracing::error!(mail = mail.id.0, %error, "a mail has no words");
                Ok(Readiness::Ended(
                    MailState::GivenUp,
                    "it cannot be put into words",
                ))
            }
        }
    }

    async fn reader(&self, mail: &StoredMail) -> Result<Option<User>, StoreError> {
        match &mail.user {
            Some(id) => self.ports.identity.user(id).await,
            None => {
                let found = self.ports.identity.credentials(&mail.to).await?;
                Ok(found.map(|found| found.user))
            }
        }
    }

    /// What the token in the mail is good for.
    fn grant(&self, mail: &StoredMail, contents: &Contents, reader: &User) -> Option<Grant> {
        let purpose = mail.kind.purpose()?;
        let address = match mail.kind {
            MailKind::VerifyAddress | MailKind::ProveNewAddress => Some(mail.to.clone()),
            MailKind::ChangeAddress => contents.address.clone(),
            _ => None,
        };
        Some(Grant {
            purpose,
            user: reader.id.clone(),
            address,
            expires_at: self.office.policy().ends(mail.kind, mail.created_at),
        })
    }

    fn rendered(&self, mail: &StoredMail, contents: &Contents, reader: &User) -> Result<Mail, RenderError> {
        let letter = Letter {
            kind: mail.kind,
            lifetime: self.office.policy().lifetime(mail.kind),
            name: reader.name.clone(),
            link: self.office.policy().public_address.link(mail.kind, contents),
            new_address: contents.address.clone(),
            code: (mail.kind == MailKind::SignInCode).then(|| Secret::new(contents.token.as_str())),
        };
        Ok(Mail {
            key: mail.cause.clone(),
            to: mail.to.clone(),
            content: self.ports.renderer.render(&letter)?,
        })
    }

    async fn send(
        &self,
        mail: &StoredMail,
        ready: &Mail,
        token: Option<&(TokenDigest, Grant)>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let begun = retry_contended(|| self.begin(mail, token, now)).await?;
        let Some(attempts) = begun else {
            return Ok(Verdict::Done);
        };
        let started = self.ports.clock.monotonic();
        self.carrier().standing.call_begins(started);
        let delivery = self.ports.mailer.send(ready).await;
        self.learn(&delivery, started);
        match delivery {
            Delivery::Accepted => {
                self.record(mail, MailState::Delivered, None).await?;
                Ok(Verdict::Done)
            }
            Delivery::Refused(reason) => {
                tracing::warn!(mail = mail.id.0, kind = mail.kind.as_str(), %reason, "a mail was refused");
                self.end(mail, MailState::Refused, &reason).await
            }
            Delivery::TryLater { reason, after, .. } => {
                tracing::warn!(mail = mail.id.0, attempts, %reason, "a mail was not taken; it is tried again");
                self.record(mail, MailState::Waiting, Some(&reason)).await?;
                let pause = pause_after(attempts).max(after.unwrap_or_default());
                Ok(Verdict::Later(pause))
            }
        }
    }

    /// Counts the attempt. The token becomes good with the first one: were it made good with every attempt, it would be
    /// good again after it was used.
    async fn begin(
        &self,
        mail: &StoredMail,
        token: Option<&(TokenDigest, Grant)>,
        now: Timestamp,
    ) -> Result<Option<u32>, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let attempts = tx.mails().begin_attempt(mail.id, now).await?;
        if let (Some(1), Some((digest, grant))) = (attempts, token) {
            tx.tokens().issue(digest, grant, now).await?;
        }
        tx.commit().await?;
        Ok(attempts)
    }

    async fn end(&self, mail: &StoredMail, state: MailState, reason: &str) -> Result<Verdict, StoreError> {
        if state == MailState::GivenUp {
            tracing::error!(mail = mail.id.0, kind = mail.kind.as_str(), %reason, "a mail was given up");
        }
        self.record(mail, state, Some(reason)).await?;
        Ok(Verdict::Done)
    }

    async fn record(
        &self,
        mail: &StoredMail,
        state: MailState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let news = MailNews {
            state,
            reason: reason.map(|reason| reason.chars().take(REASON_MAX_CHARS).collect()),
            at: self.ports.clock.now(),
        };
        retry_contended(|| self.settle(mail.id, &news)).await
    }

    async fn settle(&self, id: MailId, news: &MailNews) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        tx.mails().settle(id, news).await?;
        tx.commit().await
    }

    fn turn_away(&self, at_least: Duration) -> Verdict {
        let now = self.ports.clock.monotonic();
        Verdict::Later(self.carrier().standing.turn_away(now, at_least))
    }

    /// How long the carrier is still left alone.
    fn rest(&self) -> Option<Duration> {
        let left = self
            .carrier()
            .rests_until
            .saturating_sub(self.ports.clock.monotonic());
        (left > Duration::ZERO).then_some(left)
    }

    fn learn(&self, delivery: &Delivery, started: Duration) {
        let now = self.ports.clock.monotonic();
        let mut carrier = self.carrier();
        carrier.standing.call_took(now, now.saturating_sub(started));
        if let Delivery::TryLater {
            after, nobody: true, ..
        } = delivery
        {
            let rest = carrier.next_rest.max(after.unwrap_or_default());
            carrier.rests_until = now.saturating_add(rest);
            carrier.next_rest = carrier.next_rest.saturating_mul(2).min(REST_MAX);
        } else {
            carrier.next_rest = REST_MIN;
        }
    }

    fn carrier(&self) -> std::sync::MutexGuard<'_, Carrier> {
        self.carrier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a mail is of no use any more, if so.
fn obsolete(mail: &StoredMail, reader: &User) -> Option<&'static str> {
    match mail.kind {
        MailKind::VerifyAddress if reader.email != mail.to => Some("the address is not the user's any more"),
        MailKind::VerifyAddress if reader.email_verified => Some("the address is proven already"),
        MailKind::ResetPassword | MailKind::ChangeAddress | MailKind::DeleteAccount
            if reader.email != mail.to =>
        {
            Some("the address is not the user's any more")
        }
        _ => None,
    }
}
