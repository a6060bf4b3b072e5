//! Slowing down whoever guesses passwords.

use std::net::IpAddr;
use std::time::Duration;

use domain::text::Email;
use ports::limits::{Admission, Limit, RateLimiter};

/// How often sign-in may be tried. A delay, never a lockout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignInLimits {
    /// For one account, wherever the attempts come from.
    pub per_account: Limit,
    /// For one client address, or the /64 network of an IPv6 address, whatever the accounts.
    pub per_address: Limit,
}

impl Default for SignInLimits {
    fn default() -> Self {
        let ten_in_a_quarter = Limit {
            count: 10,
            period: Duration::from_mins(15),
            burst: 10,
        };
        Self {
            per_account: ten_in_a_quarter,
            per_address: ten_in_a_quarter,
        }
    }
}

/// Takes one attempt from both limits. `Err` says when to come back.
pub(super) async fn admit(
    limiter: &dyn RateLimiter,
    limits: &SignInLimits,
    email: &Email,
    address: Option<&str>,
) -> Result<(), Duration> {
    if let Some(network) = address.and_then(network_of) {
        take(limiter, &format!("sign-in:address:{network}"), limits.per_address).await?;
    }
    take(limiter, &format!("sign-in:account:{email}"), limits.per_account).await
}

async fn take(limiter: &dyn RateLimiter, key: &str, limit: Limit) -> Result<(), Duration> {
    match limiter.take(key, limit).await {
        Admission::Granted { .. } => Ok(()),
        Admission::Denied { retry_after } => Err(retry_after),
    }
}

/// Whom an address stands for. An IPv6 customer owns a whole /64, so single addresses in it prove nothing. A loopback
/// address is a proxy that nobody told us to trust: it stands for everybody, and must not lock everybody out.
fn network_of(address: &str) -> Option<String> {
    match address.parse::<IpAddr>().ok()?.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V4(v4) => Some(v4.to_string()),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_counts_as_one_client_and_a_mapped_address_as_ipv4() {
        assert_eq!(
            network_of("2001:db8:1:2:3:4:5:6"),
            network_of("2001:db8:1:2:ffff::1")
        );
        assert_ne!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
        assert_eq!(network_of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_count_as_one_client() {
        for proxy in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(network_of(proxy), None, "{proxy}");
        }
    }
}
