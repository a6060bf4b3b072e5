//! How often mails may be asked for. What is asked for somebody else's address costs them attention and us our name.

use std::time::Duration;

use domain::UserId;
use domain::text::Email;
use ports::limits::{Bucket, JointAdmission, Limit, RateLimiter};

use super::session::Browser;

const HOUR: Duration = Duration::from_hours(1);
/// For one address, whoever asks.
const PER_ADDRESS: Limit = Limit {
    count: 6,
    period: HOUR,
    burst: 3,
};
/// For one network, whatever the addresses.
const PER_NETWORK: Limit = Limit {
    count: 30,
    period: HOUR,
    burst: 10,
};

/// For one user and day, of what costs somebody every time.
const PER_DAY: Limit = Limit {
    count: 20,
    period: Duration::from_hours(24),
    burst: 20,
};

/// Too many mails were asked for. It says nothing about whether anybody has the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many mails were asked for")]
pub struct TooManyMails {
    /// When to come back.
    pub retry_after: Duration,
}

/// Takes one mail of the kind that `what` names from both limits.
pub(super) async fn admit(
    limiter: &dyn RateLimiter,
    what: &str,
    to: &Email,
    browser: &Browser,
) -> Result<(), TooManyMails> {
    let address = format!("mail:{what}:address:{to}");
    let network = browser.network();
    let network = network.map(|network| format!("mail:{what}:network:{network}"));
    let bucket = |key, limit| Bucket { key, limit };
    let mut buckets = vec![bucket(address.as_str(), PER_ADDRESS)];
    buckets.extend(network.as_deref().map(|key| bucket(key, PER_NETWORK)));
    take(limiter, &buckets).await
}

/// Takes one mail of the kind that `what` names from what a user gets in a day.
pub(super) async fn admit_daily(
    limiter: &dyn RateLimiter,
    what: &str,
    user: &UserId,
) -> Result<(), TooManyMails> {
    let key = format!("mail:{what}:user:{user}");
    let bucket = Bucket {
        key: &key,
        limit: PER_DAY,
    };
    take(limiter, &[bucket]).await
}

async fn take(limiter: &dyn RateLimiter, buckets: &[Bucket<'_>]) -> Result<(), TooManyMails> {
    match limiter.take_all(buckets).await {
        JointAdmission::Granted { .. } => Ok(()),
        JointAdmission::Denied { retry_after, .. } => Err(TooManyMails { retry_after }),
    }
}
