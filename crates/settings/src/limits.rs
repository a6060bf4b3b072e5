//! How often requests are answered.

use crate::error::SettingsError;
use crate::read::Reader;

const EXPECTED: &str = "must be requests per minute / at once, such as 600/100, or off";

/// How many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    /// On average.
    pub per_minute: u32,
    /// At once.
    pub at_once: u32,
}

/// Requests of one kind; `None` is as many as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRates {
    /// From one network.
    pub network: Option<RequestRate>,
    /// Of one user.
    pub user: Option<RequestRate>,
}

/// How often requests are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// What checks a password or sends a mail; of networks only.
    pub passwords: RequestRates,
    /// Signing up; of networks only.
    pub sign_ups: RequestRates,
    /// Everything else about accounts.
    pub accounts: RequestRates,
    /// Placing orders.
    pub orders: RequestRates,
    /// Whole lists for files.
    pub exports: RequestRates,
    /// What staff do to many things at once.
    pub bulk: RequestRates,
    /// Everything else.
    pub others: RequestRates,
}

pub(crate) fn read(reader: &Reader<'_>) -> Result<LimitSettings, SettingsError> {
    let of_networks = |network: &str| -> Result<RequestRates, SettingsError> {
        Ok(RequestRates {
            network: rate(reader, network)?,
            user: None,
        })
    };
    let of_both = |network: &str, user: &str| -> Result<RequestRates, SettingsError> {
        Ok(RequestRates {
            network: rate(reader, network)?,
            user: rate(reader, user)?,
        })
    };
    Ok(LimitSettings {
        passwords: of_networks("limits.passwords_per_network")?,
        sign_ups: of_networks("limits.sign_ups_per_network")?,
        accounts: of_both("limits.accounts_per_network", "limits.accounts_per_user")?,
        orders: of_both("limits.orders_per_network", "limits.orders_per_user")?,
        exports: of_both("limits.exports_per_network", "limits.exports_per_user")?,
        bulk: of_both("limits.bulk_per_network", "limits.bulk_per_user")?,
        others: of_both("limits.others_per_network", "limits.others_per_user")?,
    })
}

fn rate(reader: &Reader<'_>, key: &str) -> Result<Option<RequestRate>, SettingsError> {
    let text = reader.required(key)?;
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let number = |text: &str| text.trim().parse().ok().filter(|number| *number > 0);
    let rate = text.split_once('/').and_then(|(per_minute, at_once)| {
        Some(RequestRate {
            per_minute: number(per_minute)?,
            at_once: number(at_once)?,
        })
    });
    rate.map(Some).ok_or_else(|| reader.invalid(key, EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    fn orders(value: &str) -> Result<RequestRates, SettingsError> {
        let pairs = [("LIMIT_ORDERS_PER_USER", value)];
        let layers = Layers::read(&Environment::of(pairs), &Overrides::default()).unwrap();
        read(&Reader::new(&layers)).map(|it| it.orders)
    }

    #[test]
    fn a_rate_is_so_many_a_minute_and_so_many_at_once_or_none() {
        let rate = |per_minute, at_once| Some(RequestRate { per_minute, at_once });
        assert_eq!(orders("90/7").unwrap().user, rate(90, 7));
        assert_eq!(orders(" 90 / 7 ").unwrap().user, rate(90, 7));
        assert_eq!(orders("Off").unwrap().user, None);
        for wrong in ["90", "0/7", "90/0", "90/7/1", "-1/7", "many/7", "99999999999/7"] {
            let message = orders(wrong).unwrap_err().to_string();
            assert!(
                message.contains("LIMIT_ORDERS_PER_USER") && message.contains("600/100"),
                "{message}"
            );
        }
    }
}
