//! Whose first factor was right comes in, or is asked for the second one. Every way in ends here.

use std::time::Duration;

use domain::Secret;
use domain::identity::{CODE_WITHIN, SessionKind, TRUSTED_FOR, User};
use ports::audit::AuditEntry;
use ports::two_factor::HalfSignIn;
use ports::{StoreError, Tx};

use super::identity_ports::IdentityPorts;
use super::session::{Browser, Opening, Remember, SignedIn};
use crate::caller::actor;

/// What a right first factor opens.
#[derive(Debug, Clone)]
pub enum Entrance {
    /// The session.
    Open(Box<Admitted>),
    /// Nothing yet: a code is missing.
    Half(HalfSignedIn),
}

/// Somebody who is in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The session.
    pub opened: SignedIn,
    /// What the browser presents next time so that no code is asked for, if its user trusts it.
    pub device: Option<Secret>,
}

/// A sign-in that waits for its code.
#[derive(Debug, Clone)]
pub struct HalfSignedIn {
    /// What the browser presents with the code.
    pub token: Secret,
    /// For how long.
    pub lifetime: Duration,
}

/// How somebody comes in.
pub(super) struct Arrival<'a> {
    /// What with.
    pub kind: SessionKind,
    /// Who asks.
    pub browser: &'a Browser,
    /// Whether to stay signed in.
    pub remember: Remember,
    /// What a trusted device presents.
    pub device: Option<&'a Secret>,
}

impl Arrival<'_> {
    /// Lets in a user whose row is locked, who is not banned and whose first factor was right.
    pub(super) async fn admit(
        &self,
        tx: &mut dyn Tx,
        ports: &IdentityPorts,
        user: &User,
    ) -> Result<Entrance, StoreError> {
        if user.second_factor.is_none() {
            return self.open(tx, ports, user, None).await;
        }
        match self.renewed(tx, ports, user).await? {
            Some(device) => self.open(tx, ports, user, Some(device)).await,
            None => self.ask(tx, ports, user).await,
        }
    }

    async fn open(
        &self,
        tx: &mut dyn Tx,
        ports: &IdentityPorts,
        user: &User,
        device: Option<Secret>,
    ) -> Result<Entrance, StoreError> {
        let opening = Opening {
            kind: self.kind,
            ..Opening::of(user, self.browser, self.remember, ports.clock.now())
        };
        let opened = opening.open(&*ports.ids, &*ports.digester);
        let shown = device.as_ref().map(|_| "trusted_device");
        opened.record_with(tx, user, shown).await?;
        let opened = opened.signed_in(user.clone(), self.remember);
        Ok(Entrance::Open(Box::new(Admitted { opened, device })))
    }

    /// Another token for the device that its user trusts. Of two who present the same one, one gets it.
    async fn renewed(
        &self,
        tx: &mut dyn Tx,
        ports: &IdentityPorts,
        user: &User,
    ) -> Result<Option<Secret>, StoreError> {
        let Some(device) = self.device else {
            return Ok(None);
        };
        let (token, now) = (ports.ids.text_id(), ports.clock.now());
        let (old, new) = (
            ports.digester.digest(device.reveal()),
            ports.digester.digest(&token),
        );
        let until = now.plus(TRUSTED_FOR);
        let is_trusted = tx.two_factor().renew_trust(&old, &user.id, &new, until, now);
        Ok(is_trusted.await?.then(|| Secret::new(token)))
    }

    async fn ask(&self, tx: &mut dyn Tx, ports: &IdentityPorts, user: &User) -> Result<Entrance, StoreError> {
        let (token, now) = (ports.ids.text_id(), ports.clock.now());
        let half = HalfSignIn {
            user: user.id.clone(),
            kind: self.kind,
            remember: self.remember == Remember::Yes,
            expires_at: now.plus(CODE_WITHIN),
        };
        tx.two_factor()
            .begin_sign_in(&ports.digester.digest(&token), &half, now)
            .await?;
        let entry = AuditEntry::new(actor(user), "session.ask_code", format!("user:{}", user.id), now);
        tx.audit().append(&entry.from(&self.browser.origin())).await?;
        Ok(Entrance::Half(HalfSignedIn {
            token: Secret::new(token),
            lifetime: CODE_WITHIN,
        }))
    }
}
