//! Users turn their second factor on and off, and look at it. All of it takes the password.

use domain::Secret;
use domain::identity::User;
use domain::mail::MailKind;
use domain::providers::SealedSecret;
use ports::audit::AuditEntry;
use ports::identity::TokenDigest;
use ports::mail::NewMail;
use ports::{StoreError, Tx};

use super::TwoFactor;
use crate::caller::actor;
use crate::identity::proof::ProofError;
use crate::identity::session::NewSession;
use crate::identity::{ActiveSession, Browser, SignedIn};
use crate::mail::post;
use crate::retry::{MaybeContended, retry_contended};

/// The longest name that an app shows, in characters.
const ISSUER_MAX_CHARS: usize = 64;

/// What a user needs to set up an app. None of it is shown again, but for the address to whoever types the password.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// What the app reads.
    pub address: Secret,
    /// For the day on which the app is lost.
    pub recovery_codes: Vec<Secret>,
}

/// Why nothing was changed or shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManageTwoFactorError {
    /// The password is not proved.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// It is on already: it has to be turned off first.
    #[error("two-factor authentication is on already")]
    AlreadyOn,
    /// It is off.
    #[error("two-factor authentication is off")]
    Off,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for ManageTwoFactorError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl TwoFactor {
    /// Gives the session's user a secret and recovery codes. They count from the first right code on.
    ///
    /// # Errors
    /// [`ManageTwoFactorError`] if nothing was recorded, or nobody knows.
    pub async fn enable(
        &self,
        session: &ActiveSession,
        password: &Secret,
        issuer: Option<&str>,
        browser: &Browser,
    ) -> Result<Enrolment, ManageTwoFactorError> {
        let checked = self.proof.prove(session, password, browser).await?;
        let secret = Secret::new(self.ports.people.ids.text_id());
        let sealed = self.seal(&session.user.id, &secret)?;
        let (recovery_codes, digests) = self.recovery_codes(&secret);
        retry_contended(|| self.record_enrolment(session, &checked, &sealed, &digests)).await?;
        Ok(Enrolment {
            address: self.address(&session.user, &secret, issuer),
            recovery_codes,
        })
    }

    async fn record_enrolment(
        &self,
        session: &ActiveSession,
        checked: &str,
        sealed: &SealedSecret,
        codes: &[TokenDigest],
    ) -> Result<(), ManageTwoFactorError> {
        let now = self.ports.people.clock.now();
        let mut tx = self.ports.people.store.begin().await?;
        let user = locked(&mut *tx, session, checked).await?;
        if user.second_factor.is_some() {
            return Err(ManageTwoFactorError::AlreadyOn);
        }
        tx.two_factor().enrol(&user.id, sealed, codes, now).await?;
        tx.audit()
            .append(&self.entry(session, "two_factor.enrol"))
            .await?;
        Ok(tx.commit().await?)
    }

    /// What the app of the session's user reads, once more.
    ///
    /// # Errors
    /// [`ManageTwoFactorError`] if it is not shown.
    pub async fn show_address(
        &self,
        session: &ActiveSession,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Secret, ManageTwoFactorError> {
        self.proof.prove(session, password, browser).await?;
        if session.user.second_factor.is_none() {
            return Err(ManageTwoFactorError::Off);
        }
        let sealed = self.ports.queries.secret_of(&session.user.id).await?;
        let secret = self.open(&session.user.id, &sealed.ok_or(ManageTwoFactorError::Off)?)?;
        let entry = self.entry(session, "two_factor.reveal");
        retry_contended(|| self.note(&entry)).await?;
        Ok(self.address(&session.user, &secret, None))
    }

    /// Gives the session's user other recovery codes.
    ///
    /// # Errors
    /// [`ManageTwoFactorError`] if the old ones still count, or nobody knows.
    pub async fn renew_recovery_codes(
        &self,
        session: &ActiveSession,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Vec<Secret>, ManageTwoFactorError> {
        let checked = self.proof.prove(session, password, browser).await?;
        let sealed = self.ports.queries.secret_of(&session.user.id).await?;
        let sealed = sealed.ok_or(ManageTwoFactorError::Off)?;
        let (codes, digests) = self.recovery_codes(&self.open(&session.user.id, &sealed)?);
        retry_contended(|| self.record_codes(session, &checked, &sealed, &digests)).await?;
        Ok(codes)
    }

    async fn record_codes(
        &self,
        session: &ActiveSession,
        checked: &str,
        sealed: &SealedSecret,
        codes: &[TokenDigest],
    ) -> Result<(), ManageTwoFactorError> {
        let mut tx = self.ports.people.store.begin().await?;
        let user = locked(&mut *tx, session, checked).await?;
        // The codes are good with this secret only.
        let is_current = tx.two_factor().secret(&user.id).await?.as_ref() == Some(sealed);
        if user.second_factor.is_none() || !is_current {
            return Err(ManageTwoFactorError::Off);
        }
        tx.two_factor().replace_recovery_codes(&user.id, codes).await?;
        tx.audit()
            .append(&self.entry(session, "two_factor.renew_recovery_codes"))
            .await?;
        Ok(tx.commit().await?)
    }

    /// How many recovery codes the session's user has left. The codes themselves are known to nobody but them.
    ///
    /// # Errors
    /// [`ManageTwoFactorError`] if it is not told.
    pub async fn recovery_codes_left(
        &self,
        session: &ActiveSession,
        password: &Secret,
        browser: &Browser,
    ) -> Result<u64, ManageTwoFactorError> {
        self.proof.prove(session, password, browser).await?;
        if session.user.second_factor.is_none() {
            return Err(ManageTwoFactorError::Off);
        }
        Ok(self.ports.queries.recovery_codes_left(&session.user.id).await?)
    }

    /// Turns the second factor off, also one that was never shown. Every session ends but the one that is answered.
    ///
    /// # Errors
    /// [`ManageTwoFactorError`] if nothing was recorded, or nobody knows.
    pub async fn disable(
        &self,
        session: &ActiveSession,
        password: &Secret,
        browser: &Browser,
    ) -> Result<SignedIn, ManageTwoFactorError> {
        let checked = self.proof.prove(session, password, browser).await?;
        let opened = self.next_session(session, browser);
        let notice = self.notice(&session.user, MailKind::TwoFactorDisabled)?;
        retry_contended(|| self.record_end(session, &checked, &opened, notice.as_ref())).await?;
        let user = User {
            second_factor: None,
            ..session.user.clone()
        };
        Ok(opened.signed_in(user, session.remember))
    }

    async fn record_end(
        &self,
        session: &ActiveSession,
        checked: &str,
        opened: &NewSession,
        notice: Option<&NewMail>,
    ) -> Result<(), ManageTwoFactorError> {
        let now = self.ports.people.clock.now();
        let mut tx = self.ports.people.store.begin().await?;
        let user = locked(&mut *tx, session, checked).await?;
        if !tx.two_factor().remove(&user.id, now).await? {
            return Err(ManageTwoFactorError::Off);
        }
        tx.identity().delete_sessions_of(&user.id, None).await?;
        opened.record(&mut *tx, &user).await?;
        tx.audit()
            .append(&self.entry(session, "two_factor.disable"))
            .await?;
        // Nobody is told about something that never was.
        if let Some(notice) = notice.filter(|_| user.second_factor.is_some()) {
            post(&mut *tx, notice).await?;
        }
        Ok(tx.commit().await?)
    }

    fn address(&self, user: &User, secret: &Secret, issuer: Option<&str>) -> Secret {
        let issuer = issuer.filter(|issuer| !issuer.trim().is_empty());
        let issuer = issuer.unwrap_or(&self.ports.people.office.policy().project);
        let issuer: String = issuer.chars().take(ISSUER_MAX_CHARS).collect();
        self.ports.codes.address(secret, &issuer, &user.email)
    }

    async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.ports.people.store.begin().await?;
        tx.audit().append(entry).await?;
        tx.commit().await
    }

    pub(super) fn entry(&self, session: &ActiveSession, action: &'static str) -> AuditEntry {
        let target = format!("user:{}", session.user.id);
        let now = self.ports.people.clock.now();
        AuditEntry::new(actor(&session.user), action, target, now).from(&session.origin)
    }
}

/// The session's user, locked, whose password still is the one that was checked.
async fn locked(
    tx: &mut dyn Tx,
    session: &ActiveSession,
    checked: &str,
) -> Result<User, ManageTwoFactorError> {
    let current = tx.identity().lock_user(&session.user.id).await?;
    let current = current.filter(|current| current.password_hash.as_deref() == Some(checked));
    let current = current.ok_or(ProofError::WrongPassword)?;
    Ok(current.user)
}
