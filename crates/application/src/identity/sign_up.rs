//! A visitor becomes a customer.

use domain::identity::{Role, User};
use domain::orders::Actor;
use domain::text::{Email, Name};
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::crypto::PasswordError;
use ports::mail::NewMail;
use ports::orders::Inserted;

use super::account::{greetings, insert_account, new_user};
use super::identity_ports::IdentityPorts;
use super::password::{Password, PasswordRefusal};
use super::refusals::{Refusal, RefusedSignIns};
use super::session::{Browser, NewSession, Opening, Remember, SignedIn};
use crate::mail::post;
use crate::retry::retry_contended;

/// What a visitor gives.
#[derive(Debug, Clone)]
pub struct SignUpCommand {
    /// Display name.
    pub name: Name,
    /// Address, which names the account.
    pub email: Email,
    /// The chosen password.
    pub password: Password,
    /// The page of ours that the link in the mail leads to. The caller has checked that it is one of ours.
    pub callback: Option<String>,
    /// Whether to stay signed in.
    pub remember: Remember,
    /// Who asks.
    pub browser: Browser,
}

/// Why nobody was signed up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignUpError {
    /// Somebody has the address.
    #[error("the address is taken")]
    AddressTaken,
    /// Nobody with this name or address may choose the password.
    #[error(transparent)]
    Refused(#[from] PasswordRefusal),
    /// The password could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates user, password account, wallet, session and the first mails in one transaction.
pub struct SignUp {
    ports: IdentityPorts,
    refused: RefusedSignIns,
}

impl SignUp {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: IdentityPorts) -> Self {
        let refused = RefusedSignIns::new(ports.clone());
        Self { ports, refused }
    }

    /// Signs a visitor up and in.
    ///
    /// # Errors
    /// [`SignUpError`] if nothing was recorded, or nobody knows.
    pub async fn sign_up(&self, command: SignUpCommand) -> Result<SignedIn, SignUpError> {
        let project = &self.ports.office.policy().project;
        let password = command.password.of(&command.name, &command.email, project)?;
        let hash = self.ports.hasher.hash(password).await?;
        let newcomer = self.newcomer(&command, command.email.clone(), hash)?;
        match retry_contended(|| self.record(&newcomer, Stay::Yes)).await? {
            Inserted::AlreadyThere => {
                self.rehearse(&command, newcomer.hash).await?;
                let (email, browser) = (&command.email, &command.browser);
                self.refused.note(email, browser, Refusal::Taken).await;
                Err(SignUpError::AddressTaken)
            }
            Inserted::New => Ok(newcomer.opened.signed_in(newcomer.user, command.remember)),
        }
    }

    fn newcomer(&self, command: &SignUpCommand, email: Email, hash: String) -> Result<Newcomer, StoreError> {
        let (ids, now) = (&*self.ports.ids, self.ports.clock.now());
        let user = new_user(command.name.clone(), email, Role::User, now, ids);
        let opening = Opening::of(&user, &command.browser, command.remember, now);
        Ok(Newcomer {
            mails: greetings(&self.ports.office, &user, command.callback.as_deref())?,
            opened: opening.open(ids, &*self.ports.digester),
            account: ids.text_id(),
            hash,
            user,
        })
    }

    /// Does for a made-up address what would have been done for one that nobody has, and takes it back: the answer
    /// comes neither sooner nor later because somebody has the address.
    async fn rehearse(&self, command: &SignUpCommand, hash: String) -> Result<(), StoreError> {
        let made_up = format!("{}@nobody.invalid", self.ports.ids.text_id());
        let Ok(made_up) = Email::parse(&made_up) else {
            return Ok(());
        };
        let nobody = self.newcomer(command, made_up, hash)?;
        retry_contended(|| self.record(&nobody, Stay::No))
            .await
            .map(|_| ())
    }

    async fn record(&self, newcomer: &Newcomer, stay: Stay) -> Result<Inserted, StoreError> {
        let Newcomer { user, opened, .. } = newcomer;
        let mut tx = self.ports.store.begin().await?;
        if insert_account(&mut *tx, user, &newcomer.account, &newcomer.hash).await? == Inserted::AlreadyThere
        {
            return Ok(Inserted::AlreadyThere);
        }
        for mail in &newcomer.mails {
            post(&mut *tx, mail).await?;
        }
        let target = format!("user:{}", user.id);
        let actor = Actor::Customer(user.id.clone());
        let entry = AuditEntry::new(actor, "user.sign_up", target, user.created_at);
        tx.audit().append(&entry.from(&opened.origin)).await?;
        opened.record(&mut *tx, user).await?;
        match stay {
            Stay::Yes => tx.commit().await?,
            Stay::No => drop(tx),
        }
        Ok(Inserted::New)
    }
}

/// Whether what was done is to stay.
#[derive(Clone, Copy)]
enum Stay {
    Yes,
    No,
}

/// Everything that is recorded of somebody who signs up.
struct Newcomer {
    user: User,
    account: String,
    hash: String,
    opened: NewSession,
    mails: Vec<NewMail>,
}
