//! A visitor becomes a customer.

use std::sync::Arc;

use domain::identity::{Role, User};
use domain::orders::Actor;
use domain::text::{Email, Name};
use ports::audit::AuditEntry;
use ports::crypto::{PasswordError, PasswordHasher, TokenDigester};
use ports::mail::NewMail;
use ports::orders::Inserted;
use ports::{Clock, IdSource, Store, StoreError};

use super::account::{greetings, insert_account, new_user};
use super::password::Password;
use super::session::{Browser, NewSession, Opening, Remember, SignedIn};
use crate::mail::{MailOffice, post};
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
    /// The password could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates user, password account, wallet, session and the first mails in one transaction.
pub struct SignUp {
    store: Arc<dyn Store>,
    hasher: Arc<dyn PasswordHasher>,
    digester: Arc<dyn TokenDigester>,
    office: MailOffice,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl SignUp {
    /// Wires the use case.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        hasher: Arc<dyn PasswordHasher>,
        digester: Arc<dyn TokenDigester>,
        office: MailOffice,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            hasher,
            digester,
            office,
            ids,
            clock,
        }
    }

    /// Signs a visitor up and in.
    ///
    /// # Errors
    /// [`SignUpError`] if nothing was recorded, or nobody knows.
    pub async fn sign_up(&self, command: SignUpCommand) -> Result<SignedIn, SignUpError> {
        let hash = self.hasher.hash(command.password.secret()).await?;
        let now = self.clock.now();
        let user = new_user(command.name, command.email, Role::User, now, &*self.ids);
        let mails = greetings(&self.office, &user, command.callback.as_deref())?;
        let opened = Opening::of(&user, &command.browser, command.remember, now);
        let opened = opened.open(&*self.ids, &*self.digester);
        match retry_contended(|| self.record(&user, &hash, &opened, &mails)).await? {
            Inserted::AlreadyThere => Err(SignUpError::AddressTaken),
            Inserted::New => Ok(SignedIn {
                user,
                token: opened.token,
                remember: command.remember,
            }),
        }
    }

    async fn record(
        &self,
        user: &User,
        hash: &str,
        opened: &NewSession,
        mails: &[NewMail],
    ) -> Result<Inserted, StoreError> {
        let mut tx = self.store.begin().await?;
        if insert_account(&mut *tx, user, &self.ids.text_id(), hash).await? == Inserted::AlreadyThere {
            return Ok(Inserted::AlreadyThere);
        }
        for mail in mails {
            post(&mut *tx, mail).await?;
        }
        let target = format!("user:{}", user.id);
        let actor = Actor::Customer(user.id.clone());
        let entry = AuditEntry::new(actor, "user.sign_up", target, user.created_at);
        tx.audit().append(&entry.from(&opened.origin)).await?;
        opened.record(&mut *tx, user).await?;
        tx.commit().await?;
        Ok(Inserted::New)
    }
}
