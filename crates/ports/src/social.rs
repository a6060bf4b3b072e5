//! Signing in with an account at somebody else's, such as GitHub.

use async_trait::async_trait;
use domain::text::{Email, Link, Name};
use domain::{Secret, Timestamp, UserId};

use crate::identity::TokenDigest;
use crate::orders::Inserted;
use crate::store::StoreError;

/// What the provider says about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocialProfile {
    /// Names them at the provider, for good.
    pub account: String,
    /// Display name.
    pub name: Name,
    /// A picture.
    pub image: Option<Link>,
    /// Their address, if they let us know one.
    pub email: Option<Email>,
    /// Whether the provider has verified that address.
    pub email_verified: bool,
}

/// Why the provider gave nothing. The texts hold no secret and nothing of what it sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SocialError(pub String);

/// Somebody else who knows our visitors.
#[async_trait]
pub trait SocialProvider: Send + Sync {
    /// Its word on the wire and in the database: `github`.
    fn id(&self) -> &'static str;

    /// Where the browser goes to be asked. It comes back with `state` and a code, which is worth nothing without
    /// `verifier`.
    fn consent_url(&self, state: &str, verifier: &Secret) -> String;

    /// Exchanges a code for a token. A code works once.
    async fn exchange(&self, code: &Secret, verifier: &Secret) -> Result<Secret, SocialError>;

    /// Whose token it is. The token is not kept.
    async fn profile(&self, token: &Secret) -> Result<SocialProfile, SocialError>;
}

/// A sign-in that is under way at a provider. The state that names it is not stored; its digest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignIn {
    /// At which provider.
    pub provider: String,
    /// The digest of what the browser carries that began it.
    pub browser: TokenDigest,
    /// The page of ours to go to in the end.
    pub page: Option<String>,
    /// The page of ours to go to if it fails.
    pub error_page: Option<String>,
    /// The page of ours to go to as a new user.
    pub new_user_page: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Accounts elsewhere, inside a transaction.
#[async_trait]
pub trait SocialRepository: Send {
    /// Records that a sign-in is under way.
    async fn begin(
        &mut self,
        state: &TokenDigest,
        pending: &PendingSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes a sign-in that has not ended at `now`. Nobody can take it again.
    async fn take(
        &mut self,
        state: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError>;

    /// Forgets sign-ins that ended by themselves before `before`, so many at most; how many.
    async fn forget_ended(&mut self, before: Timestamp, limit: u16) -> Result<u64, StoreError>;

    /// The user who signs in with this account elsewhere.
    async fn linked(&mut self, provider: &str, account: &str) -> Result<Option<UserId>, StoreError>;

    /// The user who has an address.
    async fn user_with(&mut self, email: &Email) -> Result<Option<UserId>, StoreError>;

    /// Lets the user sign in with an account elsewhere, unless somebody does already.
    async fn link(
        &mut self,
        id: &str,
        provider: &str,
        account: &str,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Inserted, StoreError>;

    /// Drops everything that signs the user in: their password and their accounts elsewhere.
    async fn drop_accounts(&mut self, user: &UserId) -> Result<u64, StoreError>;
}
