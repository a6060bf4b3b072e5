//! A visitor signs in with an account elsewhere: the browser goes to a provider and comes back with a code.

mod admit;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use domain::identity::User;
use domain::{Secret, Timestamp};
use ports::StoreError;
use ports::crypto::CookieSigner;
use ports::identity::TokenDigest;
use ports::limits::{Admission, Limit};
use ports::social::{PendingSignIn, SocialError, SocialProfile, SocialProvider};

use super::entrance::Entrance;
use super::identity_ports::IdentityPorts;
use super::refusals::RefusedSignIns;
use super::session::Browser;
use crate::retry::retry_contended;

pub use failure::{SocialFailure, SocialRefusal};

/// How long the visitor may be at the provider.
const AWAY_MAX: Duration = Duration::from_mins(10);
/// Sign-ins that one network may begin, each of which is a row until it ends.
const PER_NETWORK: Limit = Limit {
    count: 120,
    period: AWAY_MAX,
    burst: 60,
};
/// What the verifier is derived with, so that it is not what a cookie is signed with.
const VERIFIER_LABEL: &str = "the verifier of a sign-in";

/// Pages of ours to go to in the end. The caller has checked that they are ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pages {
    /// Signed in.
    pub done: Option<String>,
    /// Not signed in.
    pub failed: Option<String>,
    /// Signed in for the first time.
    pub new_user: Option<String>,
}

/// Why no sign-in has begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeginSocialError {
    /// The network has begun too many.
    #[error("too many sign-ins were begun")]
    TooMany {
        /// When to come back.
        retry_after: Duration,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A sign-in that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What the browser has to bring back, as its only proof that it is the one.
    pub browser_key: Secret,
    /// For how long.
    pub lifetime: Duration,
}

/// What a browser comes back with.
#[derive(Debug, Clone, Default)]
pub struct SocialCallback {
    /// What the provider was given.
    pub state: Option<String>,
    /// What the provider gives.
    pub code: Option<Secret>,
    /// What the provider says if it gives nothing.
    pub declined: Option<String>,
    /// What this browser was given when it began, if it is the one.
    pub browser_key: Option<Secret>,
    /// What a trusted device presents instead of a code.
    pub device: Option<Secret>,
    /// Who asks.
    pub browser: Browser,
}

/// Signed in, or half in, and where to go.
#[derive(Debug, Clone)]
pub struct SocialSignedIn {
    /// What the account elsewhere opened.
    pub entrance: Entrance,
    /// The page, if one was asked for.
    pub page: Option<String>,
}

/// Somebody whom a provider vouches for.
struct Guest<'a> {
    provider: &'static str,
    profile: &'a SocialProfile,
    browser: &'a Browser,
    device: Option<&'a Secret>,
}

/// Signs visitors in by what providers say about them. Tokens of providers are used once and not kept: nothing here asks
/// a provider anything later.
pub struct SocialSignIn {
    ports: IdentityPorts,
    providers: Vec<Arc<dyn SocialProvider>>,
    signer: Arc<dyn CookieSigner>,
    refused: RefusedSignIns,
}

impl SocialSignIn {
    /// Wires the use case for the providers that are configured.
    #[must_use]
    pub fn new(
        ports: IdentityPorts,
        providers: Vec<Arc<dyn SocialProvider>>,
        signer: Arc<dyn CookieSigner>,
    ) -> Self {
        let refused = RefusedSignIns::new(ports.clone());
        Self {
            ports,
            providers,
            signer,
            refused,
        }
    }

    /// Begins a sign-in at a provider. `None` if the provider is not configured.
    ///
    /// # Errors
    /// [`BeginSocialError`] if nothing was recorded, or nobody knows.
    pub async fn begin(
        &self,
        provider: &str,
        pages: &Pages,
        browser: &Browser,
    ) -> Result<Option<Begun>, BeginSocialError> {
        let Some(provider) = self.provider(provider) else {
            return Ok(None);
        };
        if let Some(network) = browser.network() {
            let key = format!("social:network:{network}");
            let admission = self.ports.limiter.take(&key, PER_NETWORK).await;
            if let Admission::Denied { retry_after } = admission {
                return Err(BeginSocialError::TooMany { retry_after });
            }
        }
        let (state, browser_key) = (self.ports.ids.text_id(), Secret::new(self.ports.ids.text_id()));
        let now = self.ports.clock.now();
        let pending = PendingSignIn {
            provider: provider.id().to_owned(),
            browser: self.ports.digester.digest(browser_key.reveal()),
            page: pages.done.clone(),
            error_page: pages.failed.clone(),
            new_user_page: pages.new_user.clone(),
            expires_at: now.plus(AWAY_MAX),
        };
        let digest = self.ports.digester.digest(&state);
        retry_contended(|| self.record_begun(&digest, &pending, now)).await?;
        Ok(Some(Begun {
            url: provider.consent_url(&state, &self.verifier(&browser_key)),
            browser_key,
            lifetime: AWAY_MAX,
        }))
    }

    /// Ends a sign-in: whoever comes back is signed in, or is told why not.
    ///
    /// # Errors
    /// [`SocialRefusal`] if nobody was signed in, or nobody knows.
    pub async fn finish(
        &self,
        provider: &str,
        back: &SocialCallback,
    ) -> Result<SocialSignedIn, SocialRefusal> {
        let pending = self
            .take(back)
            .await
            .map_err(|failure| SocialRefusal { failure, page: None })?;
        let ended = match self.provider(provider) {
            Some(known) if known.id() == pending.provider => self.identify(&**known, back).await,
            _ => Err(SocialFailure::UnknownProvider),
        };
        match ended {
            Ok((entrance, is_new)) => Ok(SocialSignedIn {
                entrance,
                page: pending.new_user_page.filter(|_| is_new).or(pending.page),
            }),
            Err(failure) => Err(SocialRefusal {
                failure,
                page: pending.error_page,
            }),
        }
    }

    fn provider(&self, id: &str) -> Option<&Arc<dyn SocialProvider>> {
        self.providers.iter().find(|provider| provider.id() == id)
    }

    /// It takes the browser and our secret to know it, and it is stored nowhere.
    fn verifier(&self, browser_key: &Secret) -> Secret {
        let signed = self
            .signer
            .sign(&format!("{VERIFIER_LABEL}:{}", browser_key.reveal()));
        Secret::new(self.ports.digester.digest(&signed).0)
    }

    /// The sign-in that this very browser began. Whatever comes of it, it cannot be ended again.
    async fn take(&self, back: &SocialCallback) -> Result<PendingSignIn, SocialFailure> {
        let Some(state) = &back.state else {
            let declined = back.declined.clone();
            return Err(declined.map_or(SocialFailure::NoState, SocialFailure::Declined));
        };
        let digest = self.ports.digester.digest(state);
        let now = self.ports.clock.now();
        let taken = retry_contended(|| self.record_taken(&digest, now));
        let key = back.browser_key.as_ref();
        let key = key.map(|key| self.ports.digester.digest(key.reveal()));
        let mine = taken
            .await?
            .filter(|pending| Some(&pending.browser) == key.as_ref());
        mine.ok_or(SocialFailure::Restart)
    }

    async fn record_begun(
        &self,
        state: &TokenDigest,
        pending: &PendingSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        tx.social().begin(state, pending, now).await?;
        tx.commit().await
    }

    async fn record_taken(
        &self,
        state: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let taken = tx.social().take(state, now).await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn identify(
        &self,
        provider: &dyn SocialProvider,
        back: &SocialCallback,
    ) -> Result<(Entrance, bool), SocialFailure> {
        if let Some(word) = &back.declined {
            return Err(SocialFailure::Declined(word.clone()));
        }
        let (Some(code), Some(key)) = (&back.code, &back.browser_key) else {
            return Err(SocialFailure::NoCode);
        };
        let silent = |error: SocialError, failure: SocialFailure| {
            tracing::warn!(provider = provider.id(), %error, failure = failure.word(), "nobody was signed in");
            failure
        };
        let token = provider.exchange(code, &self.verifier(key)).await;
        let token = token.map_err(|error| silent(error, SocialFailure::InvalidCode))?;
        let profile = provider.profile(&token).await;
        let profile = profile.map_err(|error| silent(error, SocialFailure::NoProfile))?;
        let guest = Guest {
            provider: provider.id(),
            profile: &profile,
            browser: &back.browser,
            device: back.device.as_ref(),
        };
        self.admit(&guest).await
    }
}

/// A user as they are after a ban that has run out was lifted.
fn free(user: User) -> User {
    User { ban: None, ..user }
}
