//! What the use cases of identity work with.

use std::sync::Arc;

use ports::crypto::{PasswordHasher, TokenDigester};
use ports::identity::IdentityQueries;
use ports::limits::RateLimiter;
use ports::tokens::TokenQueries;
use ports::{Clock, IdSource, Store};

use crate::mail::MailOffice;

/// What the use cases of identity work with.
#[derive(Clone)]
pub struct IdentityPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Users and sessions.
    pub queries: Arc<dyn IdentityQueries>,
    /// Mailed tokens.
    pub tokens: Arc<dyn TokenQueries>,
    /// Passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Session tokens and mailed tokens.
    pub digester: Arc<dyn TokenDigester>,
    /// How often passwords are tried and mails asked for.
    pub limiter: Arc<dyn RateLimiter>,
    /// Who writes mails down.
    pub office: MailOffice,
    /// Names and tokens.
    pub ids: Arc<dyn IdSource>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}
