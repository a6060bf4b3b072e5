//! Exchange rates.

use std::time::Duration;

use domain::Secret;
use domain::currency::RatePolicy;
use url::Url;

use crate::error::SettingsError;
use crate::read::Reader;
use crate::server_url::is_loopback;

/// In place of an address: nobody is asked.
const OFF: &str = "off";
const DAY_SECONDS: f64 = 86_400.0;

/// Who is asked for exchange rates, and when they are believed.
#[derive(Debug, Clone)]
pub struct CurrencySettings {
    /// The address of currencyapi.com and our key, if there is one.
    pub currencyapi: Option<(String, Secret)>,
    /// The address of the source without a key, if it is asked.
    pub open_er: Option<String>,
    /// The time limit of a single call.
    pub timeout: Duration,
    /// When rates are believed.
    pub policy: RatePolicy,
}

pub(crate) fn read(reader: &Reader<'_>) -> Result<CurrencySettings, SettingsError> {
    let url = base(reader, "currency.api_url")?;
    let free = match reader.text("currency.free_url") {
        Some(OFF) => None,
        _ => Some(base(reader, "currency.free_url")?),
    };
    let policy = RatePolicy {
        max_age: reader.seconds("currency.max_age_seconds", 1.0..=30.0 * DAY_SECONDS)?,
        jump_percent: reader.number("currency.jump_percent", 1..=1_000)?,
        refresh_every: reader.seconds("currency.refresh_seconds", 1.0..=DAY_SECONDS)?,
    };
    if policy.refresh_every >= policy.max_age {
        return Err(reader.invalid(
            "currency.refresh_seconds",
            "must be less than currency.max_age_seconds, or rates are too old before others are asked for",
        ));
    }
    Ok(CurrencySettings {
        currencyapi: reader.secret("currency.api_key").map(|key| (url, key)),
        open_er: free,
        timeout: reader.seconds("currency.timeout_seconds", 0.1..=25.0)?,
        policy,
    })
}

/// An address that others are asked at, without a slash at its end. Keys travel there and money depends on what comes back,
/// so it is TLS or this machine.
pub(crate) fn base(reader: &Reader<'_>, key: &str) -> Result<String, SettingsError> {
    let url: Url = reader.parsed(key, "an address such as https://api.example.com")?;
    let host = url.host_str().unwrap_or_default();
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(host) || reader.flag("allow_plaintext_servers")?,
        _ => false,
    };
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.query().is_none();
    if is_safe && is_bare && !host.is_empty() {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(reader.invalid(
            key,
            "must be an https address without a user, a password and a query",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    fn currency(pairs: &[(&str, &str)]) -> Result<CurrencySettings, String> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        read(&Reader::new(&layers)).map_err(|it| it.to_string())
    }

    #[test]
    fn the_default_file_holds_the_decided_policy_and_asks_the_source_without_a_key() {
        let set = currency(&[]).unwrap();
        assert_eq!(set.policy, RatePolicy::default());
        assert!(set.currencyapi.is_none());
        assert_eq!(set.open_er.as_deref(), Some("https://open.er-api.com"));
    }

    #[test]
    fn a_key_brings_in_the_other_source_and_is_never_shown() {
        let set = currency(&[("CURRENCY_API_KEY", "canary-key"), ("CURRENCY_FREE_URL", "off")]).unwrap();
        assert_eq!(
            set.currencyapi.as_ref().map(|it| it.0.as_str()),
            Some("https://api.currencyapi.com")
        );
        assert!(set.open_er.is_none() && !format!("{set:?}").contains("canary"));
    }

    #[test]
    fn rates_that_would_be_too_old_before_they_are_renewed_and_addresses_without_tls_are_refused() {
        let message = currency(&[("CURRENCY_MAX_AGE_SECONDS", "60")]).unwrap_err();
        assert!(message.contains("CURRENCY_REFRESH_SECONDS"), "{message}");
        for odd in [
            "http://rates.example",
            "ftp://x",
            "rates",
            "https://a:b@c.example",
            "https://a.example?x=1",
        ] {
            let message = currency(&[("CURRENCY_API_URL", odd)]).unwrap_err();
            assert!(message.contains("CURRENCY_API_URL"), "{message}");
        }
        assert!(currency(&[("CURRENCY_API_URL", "http://127.0.0.1:4000/")]).is_ok());
    }
}
