//! A carrier, an envelope and a hasher that a test decides about.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use application::identity::{AskForMail, Browser, DeleteAccounts, IdentityPorts, ResetPassword, Wanted};
use application::jobs::Verdict;
use async_trait::async_trait;
use domain::mail::TokenPurpose;
use domain::providers::SealedSecret;
use domain::text::Email;
use domain::{MailId, Secret};
use ports::crypto::{PasswordCheck, PasswordError, PasswordHasher, SealError, SecretSealer, TokenDigester};
use ports::identity::TokenDigest;
use ports::mail::{Delivery, Letter, Mail, MailRenderer, Mailer, NewMail, RenderError, Rendered, StoredMail};
use tokio::sync::Semaphore;

use crate::bench::Desk;

/// Takes every mail, unless it was told what to say.
#[derive(Default)]
pub struct FakeCarrier {
    says: Mutex<VecDeque<Delivery>>,
    taken: Mutex<Vec<Mail>>,
    slow: Mutex<Option<std::sync::Arc<Semaphore>>>,
}

impl FakeCarrier {
    /// It says so to the next mails, one after the other.
    pub fn says(&self, delivery: Delivery) {
        self.says.lock().unwrap().push_back(delivery);
    }

    /// What it was offered, in order.
    pub fn offered(&self) -> Vec<Mail> {
        self.taken.lock().unwrap().clone()
    }

    /// From now on it takes as long as the test wants: until there is a permit for each mail.
    pub fn is_slow(&self) -> std::sync::Arc<Semaphore> {
        let gate = std::sync::Arc::new(Semaphore::new(0));
        *self.slow.lock().unwrap() = Some(gate.clone());
        gate
    }
}

#[async_trait]
impl Mailer for FakeCarrier {
    async fn send(&self, mail: &Mail) -> Delivery {
        self.taken.lock().unwrap().push(mail.clone());
        let slow = self.slow.lock().unwrap().clone();
        if let Some(gate) = slow {
            gate.acquire().await.unwrap().forget();
        }
        let said = self.says.lock().unwrap().pop_front();
        said.unwrap_or(Delivery::Accepted)
    }

    async fn check(&self) -> Result<String, String> {
        Ok("fake".to_owned())
    }
}

/// Words, digests and hashes that a test can read.
pub struct Plain;

impl MailRenderer for Plain {
    fn render(&self, letter: &Letter) -> Result<Rendered, RenderError> {
        if letter.name.as_str() == "Poison" {
            return Err(RenderError("poison".to_owned()));
        }
        Ok(Rendered {
            subject: letter.kind.as_str().to_owned(),
            text: letter.link.clone(),
            html: String::new(),
        })
    }
}

impl TokenDigester for Plain {
    fn digest(&self, token: &str) -> TokenDigest {
        TokenDigest(format!("digest-of-{token}"))
    }

    fn fits(&self, token: &str, digest: &TokenDigest) -> bool {
        self.digest(token) == *digest
    }
}

#[async_trait]
impl PasswordHasher for Plain {
    async fn hash(&self, password: &Secret) -> Result<String, PasswordError> {
        Ok(format!("hash-of-{}", password.reveal()))
    }

    fn knows(&self, stored: &str) -> bool {
        stored.starts_with("hash-of-")
    }

    async fn check(&self, password: &Secret, stored: Option<&str>) -> Result<PasswordCheck, PasswordError> {
        let hash = format!("hash-of-{}", password.reveal());
        Ok(if stored == Some(hash.as_str()) {
            PasswordCheck::Match
        } else {
            PasswordCheck::Mismatch
        })
    }
}

/// Opens only what was sealed for the same row, and only while it has its key.
#[derive(Default)]
pub struct Envelope {
    lost: AtomicBool,
}

impl Envelope {
    pub fn loses_its_key(&self, lost: bool) {
        self.lost.store(lost, Ordering::SeqCst);
    }
}

impl SecretSealer for Envelope {
    fn seal(&self, secret: &Secret, context: &str) -> Result<SealedSecret, SealError> {
        Ok(SealedSecret {
            key_version: 1,
            nonce: vec![0; 12],
            ciphertext: format!("{context}|{}", secret.reveal()).into_bytes(),
        })
    }

    fn open(&self, sealed: &SealedSecret, context: &str) -> Result<Secret, SealError> {
        if self.lost.load(Ordering::SeqCst) {
            return Err(SealError::UnknownKey);
        }
        let text = String::from_utf8(sealed.ciphertext.clone()).map_err(|_| SealError::Damaged)?;
        let secret = text.strip_prefix(&format!("{context}|"));
        secret.map(Secret::new).ok_or(SealError::Damaged)
    }
}

impl Desk {
    pub fn people(&self) -> IdentityPorts {
        IdentityPorts {
            store: self.backend.store.clone(),
            queries: self.backend.identity.clone(),
            tokens: self.backend.tokens.clone(),
            hasher: std::sync::Arc::new(Plain),
            digester: std::sync::Arc::new(Plain),
            limiter: self.limiter.clone(),
            office: self.office(),
            ids: self.ids.clone(),
            clock: self.clock.clone(),
        }
    }

    pub fn resetting(&self) -> ResetPassword {
        ResetPassword::new(self.people())
    }

    pub fn deleting(&self) -> DeleteAccounts {
        DeleteAccounts::new(self.people())
    }

    pub fn asking(&self) -> AskForMail {
        AskForMail::new(self.people())
    }

    /// Somebody forgot the password of an account with this address; the mail.
    pub async fn forgot(&self, address: &str) -> MailId {
        let to = Email::parse(address).unwrap();
        let asking = self.asking();
        asking
            .ask(Wanted::PasswordReset, to, None, &Browser::default())
            .await
            .unwrap();
        self.latest_mail().await.id
    }

    /// Writes a mail down.
    pub async fn write(&self, mail: &NewMail) -> MailId {
        let mut tx = self.backend.store.begin().await.unwrap();
        let id = tx.mails().insert(mail).await.unwrap().expect("the cause is new");
        tx.commit().await.unwrap();
        id
    }

    pub async fn latest_mail(&self) -> StoredMail {
        let size = domain::PageSize::DEFAULT;
        let mails = self.backend.mails.mails(None, None, size).await.unwrap();
        mails.into_iter().next().expect("a mail")
    }

    pub async fn mail(&self, id: MailId) -> StoredMail {
        self.backend.mails.mail(id).await.unwrap().expect("the mail")
    }

    /// A worker of its own sends the mail.
    pub async fn deliver(&self, id: MailId) -> Verdict {
        self.mailing().deliver(id).await.unwrap()
    }

    /// Whether the token can reset a password.
    pub async fn resets(&self, token: &str) -> bool {
        let digest = Plain.digest(token);
        let now = self.now();
        let tokens = &self.backend.tokens;
        let grant = tokens.grant(TokenPurpose::ResetPassword, &digest, now).await;
        grant.unwrap().is_some()
    }
}

/// The token in the link of a reset mail.
pub fn token_in(mail: &Mail) -> String {
    let (_, rest) = mail
        .content
        .text
        .split_once("/reset-password/")
        .expect("a reset link");
    rest.split('?').next().unwrap().to_owned()
}
