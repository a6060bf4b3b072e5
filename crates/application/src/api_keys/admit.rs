//! A program shows a key instead of signing in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::api_keys::{ApiKey, KeyStop, KeyToken, Scope};
use domain::{Secret, Timestamp};
use ports::api_keys::FoundKey;
use ports::limits::{Admission, Limit};
use ports::{Store, StoreError};

use super::KeyPorts;
use super::uses::Uses;
use crate::caller::Caller;
use crate::identity::Browser;
use crate::retry::retry_contended;

/// Wrong keys from one network. Nobody guesses 256 bits; this is for the database.
const WRONG: Limit = Limit {
    count: 120,
    period: Duration::from_mins(1),
    burst: 60,
};
const MINUTE: Duration = Duration::from_mins(1);

/// Why a key opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// No key looks like this, there is none, or it was replaced.
    #[error("there is no such key")]
    Unknown,
    /// It is one that does not open now.
    #[error(transparent)]
    Stopped(KeyStop),
    /// Its owner is banned.
    #[error("the account is banned")]
    Banned,
    /// It is not for this.
    #[error("it lacks the scope {}", .0.as_str())]
    Scope(Scope),
    /// Too many requests with it, or too many wrong keys from the same network.
    #[error("too many requests")]
    TooMany {
        /// When to come back.
        retry_after: Duration,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets programs in.
pub struct AdmitKeys {
    ports: KeyPorts,
    uses: Uses,
}

impl AdmitKeys {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: KeyPorts) -> Self {
        Self {
            ports,
            uses: Uses::default(),
        }
    }

    /// The owner of the key that was shown, as somebody who has no rights of staff and may do what the key is for. Keys are
    /// looked up each time, so whatever stops one counts on all nodes at once.
    ///
    /// # Errors
    /// [`KeyRefusal`].
    pub async fn admit(
        &self,
        shown: &Secret,
        scope: Option<Scope>,
        browser: &Browser,
    ) -> Result<Caller, KeyRefusal> {
        let now = self.ports.clock.now();
        let Some(FoundKey { key, owner, .. }) = self.find(shown, now).await? else {
            return Err(self.wrong(browser).await);
        };
        if owner.is_banned(now) {
            return Err(KeyRefusal::Banned);
        }
        let address = browser.ip_address.as_deref();
        let address: Option<IpAddr> = address.and_then(|address| address.parse().ok());
        if let Some(stop) = key.stop(now, address) {
            return Err(KeyRefusal::Stopped(stop));
        }
        let limit = Limit {
            count: key.requests_per_minute,
            period: MINUTE,
            burst: key.requests_per_minute,
        };
        let counter = format!("api-key:{}", key.id);
        if let Admission::Denied { retry_after } = self.ports.limiter.take(&counter, limit).await {
            return Err(KeyRefusal::TooMany { retry_after });
        }
        self.note(&key, now);
        if let Some(scope) = scope.filter(|scope| !key.scopes.has(*scope)) {
            return Err(KeyRefusal::Scope(scope));
        }
        Ok(Caller::new(owner).showing(key).from(browser.origin()))
    }

    async fn find(&self, shown: &Secret, now: Timestamp) -> Result<Option<FoundKey>, StoreError> {
        let Some(token) = KeyToken::parse(shown.reveal()) else {
            return Ok(None);
        };
        let found = self.ports.queries.by_public_id(token.public_id()).await?;
        Ok(found.filter(|found| {
            let fits = self.ports.digester.fits(token.secret().reveal(), &found.digest);
            fits && found.ends_at.is_none_or(|end| end > now)
        }))
    }

    /// Only wrong keys are counted, so whoever shares a network with somebody who guesses is not held up.
    async fn wrong(&self, browser: &Browser) -> KeyRefusal {
        let Some(network) = browser.network() else {
            return KeyRefusal::Unknown;
        };
        let counter = format!("api-key-wrong:{network}");
        match self.ports.limiter.take(&counter, WRONG).await {
            Admission::Granted { .. } => KeyRefusal::Unknown,
            Admission::Denied { retry_after } => KeyRefusal::TooMany { retry_after },
        }
    }

    /// Writes use down, now and then and without making the request wait.
    fn note(&self, key: &ApiKey, now: Timestamp) {
        let Some(uses) = self.uses.count(key, now) else {
            return;
        };
        let (store, id) = (Arc::clone(&self.ports.store), key.id.clone());
        tokio::spawn(async move {
            let record = async |store: &dyn Store| {
                let mut tx = store.begin().await?;
                tx.api_keys().note_uses(&id, uses, now).await?;
                tx.commit().await
            };
            if let Err(error) = retry_contended(|| record(&*store)).await {
                tracing::warn!(%error, "the use of a key was not written down");
            }
        });
    }
}
