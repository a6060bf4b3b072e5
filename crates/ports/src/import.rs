//! Users of another application, to be taken over.

use async_trait::async_trait;
use domain::{Secret, Timestamp};

/// Why the other application's users could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// A user as the other application recorded them. What it left out is `None`.
#[derive(Debug, Clone, Default)]
pub struct SourceUser {
    /// Names the user, there and here.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// Address, in whatever case.
    pub email: Option<String>,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// Whether signing in took a second factor. What it was stays there: it is sealed with the other application's secret.
    pub second_factor: bool,
    /// Address of a picture.
    pub image: Option<String>,
    /// Roles, separated by commas.
    pub role: Option<String>,
    /// Whether the user was banned, also by a ban that has run out.
    pub banned: bool,
    /// What staff wrote.
    pub ban_reason: Option<String>,
    /// When the ban ends; `None` is never.
    pub ban_expires: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Option<Timestamp>,
    /// What signs the user in.
    pub accounts: Vec<SourceAccount>,
    /// Where the user is signed in, if that was asked for.
    pub sessions: Vec<SourceSession>,
    /// The user's money, if that was asked for and there is a wallet.
    pub wallet: Option<SourceWallet>,
}

/// What signs a user in.
#[derive(Debug, Clone)]
pub struct SourceAccount {
    /// `credential` for a password, or another site.
    pub provider: String,
    /// Names the user there.
    pub account: String,
    /// The hash of the password.
    pub password: Option<String>,
}

/// Where a user is signed in.
#[derive(Debug, Clone)]
pub struct SourceSession {
    /// The row's id.
    pub id: String,
    /// What the browser carries.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub updated_at: Timestamp,
    /// From where.
    pub ip_address: Option<String>,
    /// By what.
    pub user_agent: Option<String>,
    /// Whether a member of staff acts as the user.
    pub is_impersonation: bool,
}

/// A user's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceWallet {
    /// The exact decimal.
    pub balance: String,
    /// In which currency.
    pub currency: Option<String>,
    /// `active`, or why not.
    pub status: Option<String>,
}

/// Where users come from. Nothing is written there.
#[async_trait]
pub trait UserSource: Send + Sync {
    /// How many there are.
    async fn count(&self) -> Result<u64, SourceError>;

    /// Users in the order of their ids, from above `after`.
    async fn page(&self, after: Option<&str>, limit: u16) -> Result<Vec<SourceUser>, SourceError>;
}
