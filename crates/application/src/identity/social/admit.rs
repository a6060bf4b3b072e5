//! Finding, linking or creating the user whom a provider vouches for.

use domain::UserId;
use domain::identity::{Role, SessionKind, User, Vouched, vouched};
use domain::text::Email;
use ports::audit::AuditEntry;
use ports::mail::NewMail;
use ports::orders::Inserted;
use ports::{StoreError, Tx};

use super::{Guest, SocialFailure, SocialSignIn, free};
use crate::caller::actor;
use crate::identity::account::{greetings, insert_with_wallet, new_user};
use crate::identity::entrance::{Arrival, Entrance};
use crate::identity::refusals::Refusal;
use crate::identity::session::Remember;
use crate::mail::post;
use crate::retry::{MaybeContended, retry_contended};

/// Why nobody is admitted.
enum Denied {
    Because(SocialFailure),
    Store(StoreError),
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SocialFailure> for Denied {
    fn from(failure: SocialFailure) -> Self {
        Self::Because(failure)
    }
}

impl MaybeContended for Denied {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl SocialSignIn {
    /// Signs the guest in; whether they are new.
    pub(super) async fn admit(&self, guest: &Guest<'_>) -> Result<(Entrance, bool), SocialFailure> {
        let admitted = retry_contended(|| self.record(guest)).await;
        if let (Err(Denied::Because(failure)), Some(email)) = (&admitted, &guest.profile.email) {
            let refusal = match failure {
                SocialFailure::Banned => Refusal::Banned,
                _ => Refusal::Unproven,
            };
            self.refused.note(email, guest.browser, refusal).await;
        }
        admitted.map_err(|denied| match denied {
            Denied::Because(failure) => failure,
            Denied::Store(error) => {
                tracing::error!(%error, "a user could not be signed in with an account elsewhere");
                SocialFailure::NotRecorded
            }
        })
    }

    /// In one transaction: who it is, what signs them in from now on, and their session. Whoever has a second factor is
    /// asked for it here too: else a stolen account elsewhere would open this one as well.
    async fn record(&self, guest: &Guest<'_>) -> Result<(Entrance, bool), Denied> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let (provider, account) = (guest.provider, guest.profile.account.as_str());
        let linked = tx.social().linked(provider, account).await?;
        let (user, is_new) = match linked {
            Some(id) => (self.known(&mut *tx, &id).await?, false),
            None => self.stranger(&mut *tx, guest).await?,
        };
        if user.ban.is_some() {
            tx.identity().lift_expired_ban(&user.id, now).await?;
        }
        let user = free(user);
        let arrival = Arrival {
            kind: SessionKind::Browser,
            browser: guest.browser,
            remember: Remember::Yes,
            device: guest.device,
        };
        let entrance = arrival.admit(&mut *tx, &self.ports, &user).await?;
        tx.commit().await?;
        Ok((entrance, is_new))
    }

    /// A user by id, locked, unless they are banned. Whoever bans them waits, and then ends the session that this opens.
    async fn known(&self, tx: &mut dyn Tx, id: &UserId) -> Result<User, Denied> {
        let found = tx.identity().lock_user(id).await?;
        // They were removed a moment ago: look again.
        let user = found.ok_or(StoreError::Contended)?.user;
        if user.is_banned(self.ports.clock.now()) {
            return Err(SocialFailure::Banned.into());
        }
        Ok(user)
    }

    async fn stranger(&self, tx: &mut dyn Tx, guest: &Guest<'_>) -> Result<(User, bool), Denied> {
        let email = guest.profile.email.as_ref().ok_or(SocialFailure::NoAddress)?;
        let here = match tx.social().user_with(email).await? {
            Some(id) => Some(self.known(tx, &id).await?),
            None => None,
        };
        // Somebody moved to another address a moment ago: look again.
        if here.as_ref().is_some_and(|user| user.email != *email) {
            return Err(StoreError::Contended.into());
        }
        let proven_here = here.as_ref().map(|user| user.email_verified);
        let (user, is_new) = match (vouched(guest.profile.email_verified, proven_here), here) {
            (Vouched::Create, None) => (self.create(tx, guest, email).await?, true),
            (Vouched::Link, Some(user)) => (user, false),
            (Vouched::TakeOver, Some(user)) => (self.take_over(tx, user).await?, false),
            _ => return Err(SocialFailure::NotLinked.into()),
        };
        let id = self.ports.ids.text_id();
        let account = guest.profile.account.as_str();
        let now = self.ports.clock.now();
        let linked = tx.social().link(&id, guest.provider, account, &user.id, now);
        if linked.await? == Inserted::AlreadyThere {
            return Err(StoreError::Contended.into());
        }
        let entry = AuditEntry::new(actor(&user), "user.link", format!("user:{}", user.id), now)
            .from(&guest.browser.origin())
            .with("provider", guest.provider)
            .with("new_user", is_new)
            .with("replaces_all", proven_here == Some(false));
        tx.audit().append(&entry).await?;
        Ok((user, is_new))
    }

    async fn create(&self, tx: &mut dyn Tx, guest: &Guest<'_>, email: &Email) -> Result<User, Denied> {
        let profile = guest.profile;
        let now = self.ports.clock.now();
        let user = User {
            email_verified: true,
            image: profile.image.as_ref().map(|image| image.as_str().to_owned()),
            ..new_user(
                profile.name.clone(),
                email.clone(),
                Role::User,
                now,
                &*self.ports.ids,
            )
        };
        let mails: Vec<NewMail> = greetings(&self.ports.office, &user, None)?;
        if insert_with_wallet(tx, &user).await? == Inserted::AlreadyThere {
            return Err(StoreError::Contended.into());
        }
        for mail in &mails {
            post(tx, mail).await?;
        }
        Ok(user)
    }

    /// Whoever chose the password never proved that the address is theirs, and may be waiting for its owner. Nothing of
    /// what they had signs anybody in from now on, their app is asked for no code, and no link that they asked for leads
    /// anywhere.
    async fn take_over(&self, tx: &mut dyn Tx, user: User) -> Result<User, Denied> {
        let user = User {
            email_verified: true,
            second_factor: None,
            updated_at: self.ports.clock.now(),
            ..user
        };
        tx.identity().save_user(&user).await?;
        tx.two_factor().remove(&user.id, user.updated_at).await?;
        tx.identity().delete_sessions_of(&user.id, None).await?;
        tx.social().drop_accounts(&user.id).await?;
        tx.tokens().revoke_all(&user.id).await?;
        Ok(user)
    }
}
