//! Users look after their own account.

mod password;
mod profile;
mod sessions;
mod settings;

use std::sync::Arc;

use ports::crypto::{PasswordHasher, TokenDigester};
use ports::identity::IdentityQueries;
use ports::limits::RateLimiter;
use ports::{Clock, IdSource, Store};

pub use password::{ChangePassword, ChangePasswordError};
pub use profile::ProfileEdit;
pub use settings::SettingsEdit;

use super::throttle::{SignInLimits, Throttle};

/// What users do with their own account.
pub struct OwnAccount {
    store: Arc<dyn Store>,
    queries: Arc<dyn IdentityQueries>,
    hasher: Arc<dyn PasswordHasher>,
    digester: Arc<dyn TokenDigester>,
    throttle: Throttle,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl OwnAccount {
    /// Wires the use cases.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "the root calls it once, with ports of different types"
    )]
    pub fn new(
        store: Arc<dyn Store>,
        queries: Arc<dyn IdentityQueries>,
        hasher: Arc<dyn PasswordHasher>,
        digester: Arc<dyn TokenDigester>,
        limiter: Arc<dyn RateLimiter>,
        limits: SignInLimits,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            queries,
            hasher,
            digester,
            throttle: Throttle::new(limiter, limits),
            ids,
            clock,
        }
    }
}
