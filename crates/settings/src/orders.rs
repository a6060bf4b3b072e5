//! The order protocol.

use domain::orders::OrderPolicy;

use crate::error::SettingsError;
use crate::read::Reader;

const YEAR_SECONDS: f64 = 366.0 * 86_400.0;

pub(crate) fn read(reader: &Reader<'_>) -> Result<OrderPolicy, SettingsError> {
    let above_zero = 0.001..=YEAR_SECONDS;
    let policy = OrderPolicy {
        lease: reader.seconds("orders.lease_seconds", above_zero.clone())?,
        send_within: reader.seconds("orders.send_within_seconds", above_zero.clone())?,
        send_timeout: reader.seconds("orders.send_timeout_seconds", above_zero.clone())?,
        quarantine: reader.seconds("orders.quarantine_seconds", 0.0..=YEAR_SECONDS)?,
        attempts_max: reader.number("orders.attempts_max", 1..=1_000)?,
        write_off_after: reader.seconds("orders.write_off_after_seconds", above_zero)?,
        second_approver_from: reader.money("orders.second_approver_from")?,
        twin_window: reader.seconds("orders.twin_window_seconds", 0.0..=YEAR_SECONDS)?,
        poll_percent: reader.number("orders.poll_percent", 1..=1_000)?,
        lookup_percent: reader.number("orders.lookup_percent", 1..=1_000)?,
        verified_only: reader.flag("orders.require_verified_email")?,
    };
    policy
        .check()
        .map_err(|error| reader.invalid("orders.lease_seconds", &format!("is unsafe: {error}")))?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    fn policy(pairs: &[(&str, &str)]) -> Result<OrderPolicy, SettingsError> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        read(&Reader::new(&layers))
    }

    #[test]
    fn the_default_file_holds_the_decided_policy() {
        assert_eq!(policy(&[]).unwrap(), OrderPolicy::default());
    }

    #[test]
    fn a_shorter_policy_is_taken_if_it_is_safe() {
        let quick = [
            ("ORDERS_LEASE_SECONDS", "2.5"),
            ("ORDERS_SEND_WITHIN_SECONDS", "1"),
            ("ORDERS_SEND_TIMEOUT_SECONDS", "1.5"),
        ];
        assert_eq!(policy(&quick).unwrap().lease, Duration::from_millis(2500));
        let message = policy(&[("ORDERS_LEASE_SECONDS", "54")]).unwrap_err().to_string();
        assert!(
            message.contains("ORDERS_LEASE_SECONDS") && message.contains("outlast"),
            "{message}"
        );
        let message = policy(&[("ORDERS_POLL_PERCENT", "0")]).unwrap_err().to_string();
        assert!(message.contains("from 1 to 1000"), "{message}");
    }
}
