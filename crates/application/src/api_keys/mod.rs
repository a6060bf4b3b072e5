//! API keys: their owners look after them, and programs show them.

mod admit;
mod edit;
mod manage;
mod rotate;
mod use_cases;
mod uses;

pub use admit::{AdmitKeys, KeyRefusal};
pub use edit::KeyEdit;
pub use manage::{KeyError, MadeKey, ManageKeys, NewKey, ShownKey};
pub use use_cases::UseCases;

use std::sync::Arc;

use ports::api_keys::ApiKeyQueries;
use ports::crypto::{SecretSealer, TokenDigester};
use ports::limits::RateLimiter;
use ports::{Clock, IdSource, Store};

/// What the use cases work with.
#[derive(Clone)]
pub struct KeyPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Keys for reading.
    pub queries: Arc<dyn ApiKeyQueries>,
    /// Digests of keys.
    pub digester: Arc<dyn TokenDigester>,
    /// Keys at rest.
    pub sealer: Arc<dyn SecretSealer>,
    /// How often keys are used, and guessed.
    pub limiter: Arc<dyn RateLimiter>,
    /// Names, and what keys are made of.
    pub ids: Arc<dyn IdSource>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What a key is sealed for.
fn context(public_id: &str) -> String {
    format!("api_key_secrets.key:{public_id}")
}
