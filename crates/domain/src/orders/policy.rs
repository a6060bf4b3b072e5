//! The times and limits of the order protocol.

use std::time::Duration;

use crate::Money;
use crate::identity::User;

/// Times and limits. The defaults are the decided ones; a simulated environment may shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderPolicy {
    /// How long a worker owns an order that it claimed.
    pub lease: Duration,
    /// A worker that claimed an order longer ago than this does not send it any more.
    pub send_within: Duration,
    /// The whole time limit of one request that sends an order.
    pub send_timeout: Duration,
    /// After the lease, how long a request may still be on its way before its absence proves anything.
    pub quarantine: Duration,
    /// Attempts to send that provably sent nothing, before the order is given back.
    pub attempts_max: u32,
    /// How long an order may stay unknown before the customer is refunded all the same.
    pub write_off_after: Duration,
    /// From this price on, two members of staff must agree on the fate of an unknown order.
    pub second_approver_from: Money,
    /// Without an idempotency key, the same order again within this time is taken for an accident.
    pub twin_window: Duration,
    /// Percentage by which polling intervals are scaled.
    pub poll_percent: u32,
    /// Percentage by which the intervals between look-ups are scaled.
    pub lookup_percent: u32,
    /// Whether only users who have proven their address may order.
    pub verified_only: bool,
}

impl Default for OrderPolicy {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(90),
            send_within: Duration::from_secs(30),
            send_timeout: Duration::from_secs(25),
            quarantine: Duration::from_secs(600),
            attempts_max: 5,
            write_off_after: Duration::from_hours(24),
            second_approver_from: Money::from_micros(1_000_000_000),
            twin_window: Duration::from_secs(15),
            poll_percent: 100,
            lookup_percent: 100,
            verified_only: false,
        }
    }
}

/// Why a policy would not be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A request could still run when the lease has ended.
    #[error("the lease must outlast the latest start of a request plus its time limit")]
    LeaseTooShort,
    /// Nothing would ever be polled, or everything all the time.
    #[error("interval percentages must be between 1 and 1000")]
    PercentOutOfRange,
}

impl OrderPolicy {
    /// Whether the user may order at all.
    #[must_use]
    pub const fn may_order(&self, user: &User) -> bool {
        user.email_verified || !self.verified_only
    }

    /// Checks what the protocol's safety rests on.
    ///
    /// # Errors
    /// [`PolicyError`] that says what is unsafe.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.lease < self.send_within.saturating_add(self.send_timeout) {
            return Err(PolicyError::LeaseTooShort);
        }
        let sound = 1..=1000;
        if !sound.contains(&self.poll_percent) || !sound.contains(&self.lookup_percent) {
            return Err(PolicyError::PercentOutOfRange);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decided_policy_is_safe_and_a_short_lease_is_not() {
        assert_eq!(OrderPolicy::default().check(), Ok(()));
        let short = OrderPolicy {
            lease: Duration::from_secs(54),
            ..OrderPolicy::default()
        };
        assert_eq!(short.check(), Err(PolicyError::LeaseTooShort));
    }
}
