//! Slowing down whoever guesses passwords.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use ports::limits::{Bucket, JointAdmission, Limit, RateLimiter};

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

impl SignInLimits {
    /// For codes, of which there are only a million: by luck alone somebody who knows the password is in after some ten
    /// years.
    #[must_use]
    pub fn of_codes() -> Self {
        Self {
            per_account: Limit {
                count: 10,
                period: Duration::from_hours(3),
                burst: 10,
            },
            ..Self::default()
        }
    }
}

/// Counts wrong passwords, or wrong codes.
#[derive(Clone)]
pub(super) struct Throttle {
    limiter: Arc<dyn RateLimiter>,
    what: &'static str,
    limits: SignInLimits,
}

/// An attempt that was admitted. It counts as a failure until it is forgiven.
pub(super) struct Attempt(Vec<(String, Limit)>);

impl Throttle {
    pub(super) const fn new(limiter: Arc<dyn RateLimiter>, what: &'static str, limits: SignInLimits) -> Self {
        Self {
            limiter,
            what,
            limits,
        }
    }

    /// Counts one attempt as a failure beforehand, so that of many at once no more are admitted than one after the other.
    /// `Err` says when to come back.
    pub(super) async fn admit(&self, account: &impl Display, browser: &Browser) -> Result<Attempt, Duration> {
        let buckets = self.buckets(account, browser);
        let taken: Vec<Bucket<'_>> = buckets
            .iter()
            .map(|(key, limit)| Bucket { key, limit: *limit })
            .collect();
        match self.limiter.take_all(&taken).await {
            JointAdmission::Granted { .. } => Ok(Attempt(buckets)),
            JointAdmission::Denied { retry_after, .. } => Err(retry_after),
        }
    }

    /// The attempt was no guess.
    pub(super) async fn forgive(&self, attempt: Attempt) {
        for (key, limit) in attempt.0 {
            self.limiter.give_back(&key, limit).await;
        }
    }

    fn buckets(&self, account: &impl Display, browser: &Browser) -> Vec<(String, Limit)> {
        let what = self.what;
        let network = browser.network();
        let place = network.as_deref().unwrap_or("anywhere");
        let mut buckets = vec![
            (
                format!("{what}:at:{place}:{account}"),
                self.limits.per_account_and_network,
            ),
            (format!("{what}:account:{account}"), self.limits.per_account),
        ];
        if let Some(network) = &network {
            buckets.push((format!("{what}:network:{network}"), self.limits.per_network));
        }
        buckets
    }
}
