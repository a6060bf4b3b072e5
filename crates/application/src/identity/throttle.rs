//! Slowing down whoever guesses passwords.

use std::sync::Arc;
use std::time::Duration;

use domain::text::Email;
use ports::limits::{Admission, Limit, RateLimiter};

use super::session::Browser;

/// How often a wrong password may be given. A delay, never a lockout: whoever was right in between pays nothing, and
/// somebody far away who guesses for an account does not keep its owner out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignInLimits {
    /// For one account from one network. What comes from no network that we know counts as one.
    pub per_account_and_network: Limit,
    /// For one account, wherever the attempts come from.
    pub per_account: Limit,
    /// For one network, whatever the accounts. Wide, because thousands may share an address.
    pub per_network: Limit,
}

impl Default for SignInLimits {
    fn default() -> Self {
        let in_a_quarter = |count| Limit {
            count,
            period: Duration::from_mins(15),
            burst: count,
        };
        Self {
            per_account_and_network: in_a_quarter(5),
            per_account: in_a_quarter(30),
            per_network: in_a_quarter(30),
        }
    }
}

/// Counts wrong passwords.
#[derive(Clone)]
pub(super) struct Throttle {
    limiter: Arc<dyn RateLimiter>,
    limits: SignInLimits,
}

/// An attempt that was admitted. It counts as a failure until it is forgiven.
pub(super) struct Attempt(Vec<(String, Limit)>);

impl Throttle {
    pub(super) const fn new(limiter: Arc<dyn RateLimiter>, limits: SignInLimits) -> Self {
        Self { limiter, limits }
    }

    /// Counts one attempt as a failure beforehand, so that of many at once no more are admitted than one after the other.
    /// `Err` says when to come back.
    pub(super) async fn admit(&self, email: &Email, browser: &Browser) -> Result<Attempt, Duration> {
        let mut taken = Attempt(Vec::new());
        for (key, limit) in self.buckets(email, browser) {
            match self.limiter.take(&key, limit).await {
                Admission::Granted { .. } => taken.0.push((key, limit)),
                Admission::Denied { retry_after } => {
                    self.forgive(taken).await;
                    return Err(retry_after);
                }
            }
        }
        Ok(taken)
    }

    /// The attempt was no guess.
    pub(super) async fn forgive(&self, attempt: Attempt) {
        for (key, limit) in attempt.0 {
            self.limiter.give_back(&key, limit).await;
        }
    }

    fn buckets(&self, email: &Email, browser: &Browser) -> Vec<(String, Limit)> {
        let network = browser.network();
        let place = network.as_deref().unwrap_or("anywhere");
        let mut buckets = vec![
            (
                format!("sign-in:at:{place}:{email}"),
                self.limits.per_account_and_network,
            ),
            (format!("sign-in:account:{email}"), self.limits.per_account),
        ];
        if let Some(network) = &network {
            buckets.push((format!("sign-in:network:{network}"), self.limits.per_network));
        }
        buckets
    }
}
