//! Cryptography that use cases need. None of these traits lets a key out.

use async_trait::async_trait;
use domain::providers::SealedSecret;
use domain::{Secret, SessionId, Timestamp, UserId};

use crate::identity::TokenDigest;

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCheck {
    /// Right.
    Match,
    /// Right, but the hash is weaker than new ones are: hash the password again.
    MatchOutdated,
    /// Wrong.
    Mismatch,
}

/// Why a password could not be hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many passwords are waiting to be hashed.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The stored hash is of no known form.
    #[error("the stored password hash cannot be read")]
    Unreadable,
}

/// Hashes passwords off the async threads, as many at once as there are cores, with a bounded queue.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// An argon2id PHC string.
    async fn hash(&self, password: &Secret) -> Result<String, PasswordError>;

    /// Whether a stored hash is of a form that can be checked.
    fn knows(&self, stored: &str) -> bool;

    /// Checks a password against a PHC string or an old scrypt hash. With no stored hash it works as long as with one
    /// and says [`PasswordCheck::Mismatch`], so that the time does not tell whether an account exists.
    async fn check(&self, password: &Secret, stored: Option<&str>) -> Result<PasswordCheck, PasswordError>;
}

/// Digests session tokens and API keys.
pub trait TokenDigester: Send + Sync {
    /// SHA-256 of the token in lower-case hex. Tokens are random, so that needs no salt.
    fn digest(&self, token: &str) -> TokenDigest;

    /// Whether it is the digest of `token`. Compares in constant time.
    fn fits(&self, token: &str, digest: &TokenDigest) -> bool;
}

/// Why a sealed secret does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed by a key that is not in the ring.
    #[error("sealed by an unknown key version")]
    UnknownKey,
    /// It was changed, cut short, or belongs to another row.
    #[error("the sealed secret is damaged or belongs to another row")]
    Damaged,
}

/// Seals secrets at rest with AES-256-GCM.
pub trait SecretSealer: Send + Sync {
    /// Seals `secret` for the row that `context` names (for instance `providers.api_key:7`).
    fn seal(&self, secret: &Secret, context: &str) -> Result<SealedSecret, SealError>;

    /// Opens what was sealed for the same row.
    fn open(&self, sealed: &SealedSecret, context: &str) -> Result<Secret, SealError>;
}

/// Signs what browsers carry, in the form `value.base64(HMAC-SHA256(value))`.
pub trait CookieSigner: Send + Sync {
    /// The signed value, not yet percent-encoded.
    fn sign(&self, value: &str) -> String;

    /// The value, if the signature is right. Compares in constant time.
    fn verify(&self, signed: &str) -> Option<String>;
}

/// What an access token says. Everybody who has it can read it, and nobody can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose it is.
    pub user: UserId,
    /// The session that has to be open for the token to count.
    pub session: SessionId,
    /// Names the token.
    pub id: String,
    /// When it was issued, in whole seconds.
    pub issued_at: Timestamp,
    /// When it ends, in whole seconds.
    pub expires_at: Timestamp,
}

/// Why an access token is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefusal {
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
    /// It is not one of ours.
    #[error("the access token is not one that was issued")]
    Invalid,
}

/// Signs what programs carry instead of cookies.
pub trait AccessSigner: Send + Sync {
    /// A JSON Web Token.
    fn sign(&self, claims: &AccessClaims) -> Secret;

    /// What a token says that was signed here and counts at `now`.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, AccessRefusal>;

    /// The refresh token that follows `token` for a program that asks with `key`: always the same one, and it takes the
    /// token, the key and our secret to know it.
    fn successor(&self, token: &Secret, key: &str) -> Secret;
}
