//! Second factors.

use async_trait::async_trait;
use domain::identity::{SecondFactor, SessionKind};
use domain::providers::SealedSecret;
use domain::text::Email;
use domain::{Secret, Timestamp, UserId};

use crate::identity::TokenDigest;
use crate::store::StoreError;

/// Codes of apps: RFC 6238 with SHA-1, six digits and steps of thirty seconds.
pub trait OneTimeCodes: Send + Sync {
    /// Whether `code` is that of the step. It takes as long for a wrong one.
    fn matches(&self, secret: &Secret, step: i64, code: &str) -> bool;

    /// What an app reads from a picture: `otpauth://totp/…`.
    fn address(&self, secret: &Secret, issuer: &str, account: &Email) -> Secret;
}

/// A sign-in whose password was right and whose code is missing. The token that names it is not stored; its digest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfSignIn {
    /// Whose.
    pub user: UserId,
    /// What its session is used with.
    pub kind: SessionKind,
    /// Whether its session is to outlive the browser.
    pub remember: bool,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A code that is mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedCode {
    /// The sign-in or the session that it is for. There is one code at a time.
    pub subject: String,
    /// Whose.
    pub user: UserId,
    /// Of the code and the user's secret.
    pub digest: TokenDigest,
    /// How many codes may be tried.
    pub tries: i32,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Whether a code may be tried against the one that was mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedTry {
    /// It may, and counts as tried.
    Granted,
    /// Too many were tried.
    Exhausted,
    /// None was mailed, it was used, or its time is over.
    Gone,
}

/// Second factors inside a transaction. The user's row is locked, except for [`TwoFactorRepository::try_mailed_code`].
#[async_trait]
pub trait TwoFactorRepository: Send {
    /// Gives the user a secret and recovery codes. Whatever they had before is gone.
    async fn enrol(
        &mut self,
        user: &UserId,
        secret: &SealedSecret,
        codes: &[TokenDigest],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The user's secret, also one of which no code was shown yet.
    async fn secret(&mut self, user: &UserId) -> Result<Option<SealedSecret>, StoreError>;

    /// From now on signing in takes this.
    async fn set_factor(
        &mut self,
        user: &UserId,
        factor: SecondFactor,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Removes everything: from now on the password is enough. `false` if there was nothing.
    async fn remove(&mut self, user: &UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// Uses the code of a step. `false` if it or that of a later step was used before.
    async fn use_step(&mut self, user: &UserId, step: i64) -> Result<bool, StoreError>;

    /// Uses a recovery code. `false` if there is no such code, or not any more.
    async fn use_recovery_code(&mut self, user: &UserId, code: &TokenDigest) -> Result<bool, StoreError>;

    /// Replaces the recovery codes.
    async fn replace_recovery_codes(
        &mut self,
        user: &UserId,
        codes: &[TokenDigest],
    ) -> Result<(), StoreError>;

    /// Records that a code was mailed, in place of the one before it for the same subject.
    async fn mail_code(&mut self, code: &MailedCode) -> Result<(), StoreError>;

    /// Counts one code as tried.
    async fn try_mailed_code(&mut self, subject: &str, now: Timestamp) -> Result<MailedTry, StoreError>;

    /// Uses a mailed code, after it was counted as tried. `false` if it is another one.
    async fn use_mailed_code(&mut self, subject: &str, code: &TokenDigest) -> Result<bool, StoreError>;

    /// Records a sign-in that waits for a code.
    async fn begin_sign_in(
        &mut self,
        token: &TokenDigest,
        half: &HalfSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes a sign-in that has not ended at `now`. Nobody can take it again.
    async fn end_sign_in(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<HalfSignIn>, StoreError>;

    /// Trusts a device.
    async fn trust(
        &mut self,
        device: &TokenDigest,
        user: &UserId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Goes on trusting a device of the user's under another token. `false` if it is not trusted at `now`.
    async fn renew_trust(
        &mut self,
        device: &TokenDigest,
        user: &UserId,
        renewed: &TokenDigest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Second factors for looking at before they are used.
#[async_trait]
pub trait TwoFactorQueries: Send + Sync {
    /// The sign-in that waits under this token at `now`.
    async fn half_sign_in(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<HalfSignIn>, StoreError>;

    /// The user's secret, also one of which no code was shown yet.
    async fn secret_of(&self, user: &UserId) -> Result<Option<SealedSecret>, StoreError>;

    /// How many recovery codes are left.
    async fn recovery_codes_left(&self, user: &UserId) -> Result<u64, StoreError>;
}
