//! How money comes in and goes out.

use std::time::Duration;

use domain::funds::{FundsPolicy, TransactionFee};
use domain::{Money, Secret};

use crate::currency::base;
use crate::error::SettingsError;
use crate::read::Reader;

const MERCHANT: &str = "payments.paytm_mid";
const KEY: &str = "payments.paytm_key";
const PERCENT: &str = "payments.transaction_fee_percent";
/// The length of the keys that Paytm gives.
const KEY_BYTES: usize = 16;
const WEEK_SECONDS: f64 = 7.0 * 86_400.0;

/// How Paytm is reached.
#[derive(Debug, Clone)]
pub struct PaytmSettings {
    /// Its address, without a slash at the end.
    pub url: String,
    /// What it calls us.
    pub merchant: String,
    /// What requests and answers are signed with.
    pub key: Option<Secret>,
    /// The time limit of a single call.
    pub timeout: Duration,
}

/// How money comes in and goes out.
#[derive(Debug, Clone)]
pub struct PaymentSettings {
    /// How Paytm is reached, if it is set up.
    pub paytm: Option<PaytmSettings>,
    /// Fees and limits.
    pub policy: FundsPolicy,
}

pub(crate) fn read(reader: &Reader<'_>) -> Result<PaymentSettings, SettingsError> {
    let url = base(reader, "payments.paytm_url")?;
    let timeout = reader.seconds("payments.paytm_timeout_seconds", 0.1..=20.0)?;
    let key = reader.secret(KEY);
    if key.as_ref().is_some_and(|key| key.reveal().len() != KEY_BYTES) {
        return Err(reader.invalid(KEY, "must be the merchant key of 16 characters that Paytm gave"));
    }
    let paytm = reader.text(MERCHANT).map(|merchant| PaytmSettings {
        url,
        merchant: merchant.to_owned(),
        key: key.clone(),
        timeout,
    });
    if paytm.is_none() && key.is_some() {
        return Err(reader.invalid(MERCHANT, "is missing; PAYTM_MERCHANT_KEY is set"));
    }
    let methods = reader.text("payments.manual_methods").unwrap_or_default();
    let methods: Vec<String> = methods
        .split(',')
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect();
    let is_word = |word: &String| {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if !methods.iter().all(is_word) || methods.iter().any(|it| it == "paytm") {
        return Err(reader.invalid(
            "payments.manual_methods",
            "must be words of small letters such as bank, other than paytm",
        ));
    }
    Ok(PaymentSettings {
        paytm,
        policy: FundsPolicy {
            fee: TransactionFee {
                basis_points: basis_points(reader)?,
                fixed: reader.money("payments.transaction_fee_fixed")?,
            },
            claim_window: reader.seconds("payments.claim_window_seconds", 0.0..=WEEK_SECONDS)?,
            deposit_min: reader.money("payments.deposit_min")?,
            deposit_max: reader.money("payments.deposit_max")?,
            withdrawal_min: reader.money("payments.withdrawal_min")?,
            second_approver_from: reader.money("payments.second_approver_from")?,
            manual_methods: methods,
        },
    })
}

/// A percentage with at most two decimals, below 100.
fn basis_points(reader: &Reader<'_>) -> Result<u32, SettingsError> {
    let percent = Money::parse(reader.text(PERCENT).unwrap_or_default()).ok();
    let points = percent
        .map(Money::micros)
        .filter(|it| (0..100_000_000).contains(it) && it % 10_000 == 0);
    points
        .and_then(|it| u32::try_from(it / 10_000).ok())
        .ok_or_else(|| {
            reader.invalid(
                PERCENT,
                "must be a percentage from 0 to 99.99 with at most two decimals",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    fn payments(pairs: &[(&str, &str)]) -> Result<PaymentSettings, String> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        read(&Reader::new(&layers)).map_err(|it| it.to_string())
    }

    #[test]
    fn the_default_file_holds_the_decided_policy_and_paytm_is_not_set_up() {
        let set = payments(&[]).unwrap();
        assert_eq!(set.policy, FundsPolicy::default());
        assert!(set.paytm.is_none());
    }

    #[test]
    fn paytm_is_set_up_by_its_merchant_and_its_key_is_never_shown() {
        let set = payments(&[("PAYTM_MID", "M1"), ("PAYTM_MERCHANT_KEY", "canary-key-16byt")]).unwrap();
        assert!(!format!("{set:?}").contains("canary"));
        assert_eq!(set.paytm.unwrap().url, "https://securegw.paytm.in");
        for (pairs, says) in [
            (
                vec![("PAYTM_MERCHANT_KEY", "canary-key-16byt")],
                "PAYTM_MID is missing",
            ),
            (
                vec![("PAYTM_MID", "M1"), ("PAYTM_MERCHANT_KEY", "canary-short")],
                "16 characters",
            ),
        ] {
            let message = payments(&pairs).unwrap_err();
            assert!(message.contains(says) && !message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn fees_are_percentages_and_methods_are_words() {
        let set = payments(&[
            ("TRANSACTION_FEE_PERCENT", "2.5"),
            ("MANUAL_DEPOSITS", "bank, upi-1"),
        ])
        .unwrap();
        assert_eq!(set.policy.fee.basis_points, 250);
        assert_eq!(set.policy.manual_methods, ["bank", "upi-1"]);
        for odd in ["-1", "100", "2.555", "some"] {
            assert!(payments(&[("TRANSACTION_FEE_PERCENT", odd)]).is_err(), "{odd}");
        }
        for odd in ["Bank", "paytm", "a:b"] {
            assert!(payments(&[("MANUAL_DEPOSITS", odd)]).is_err(), "{odd}");
        }
    }
}
