//! Why nobody was signed in.

use ports::StoreError;

/// Why, as the error page is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SocialFailure {
    /// The provider says why: the visitor did not want to, for instance. The text is the provider's, or anybody's.
    #[error("the provider declined")]
    Declined(String),
    /// Nothing says which sign-in it is.
    #[error("there is no state")]
    NoState,
    /// It has ended, was used, or another browser began it.
    #[error("no such sign-in is under way in this browser")]
    Restart,
    /// The provider is not configured, or another one was asked.
    #[error("the provider is not the one that was asked")]
    UnknownProvider,
    /// The provider gave no code.
    #[error("there is no code")]
    NoCode,
    /// The provider gave no token for the code.
    #[error("the code was not exchanged")]
    InvalidCode,
    /// The provider did not say who it is.
    #[error("the provider does not say who it is")]
    NoProfile,
    /// The provider gave no address.
    #[error("there is no address")]
    NoAddress,
    /// The provider has not verified the address.
    #[error("the address is not proven")]
    NotLinked,
    /// The database failed.
    #[error("the user cannot be recorded")]
    NotRecorded,
    /// The user is banned.
    #[error("the user is banned")]
    Banned,
    /// The database failed before the provider was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SocialFailure {
    /// Its word on the wire.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Declined(word) => word,
            Self::NoState => "state_not_found",
            Self::Restart => "please_restart_the_process",
            Self::UnknownProvider => "oauth_provider_not_found",
            Self::NoCode => "no_code",
            Self::InvalidCode => "invalid_code",
            Self::NoProfile => "unable_to_get_user_info",
            Self::NoAddress => "email_not_found",
            Self::NotLinked => "account_not_linked",
            Self::NotRecorded => "unable_to_create_user",
            Self::Banned => "banned",
            Self::Store(_) => "internal_server_error",
        }
    }
}

/// A failure, and where to go with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct SocialRefusal {
    /// Why.
    pub failure: SocialFailure,
    /// The page that was asked for; else ours for errors.
    pub page: Option<String>,
}
