//! What staff send and see of providers.

use application::providers::{AddProvider, EditProvider, ProviderEdit};
use domain::catalog::Availability;
use domain::currency::Currency;
use domain::providers::{LookupCapability, PackageRate, Provider, ProviderBalance};
use domain::{Money, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::parse_name;
use crate::error::ApiError;
use crate::extract::field_error;
use crate::wire::{WireTime, amount_text};

/// What a page may show and send back instead of a key: it leaves the key as it is.
const KEY_MASK: &str = "********";
/// The fastest that a provider may be called.
const REQUESTS_PER_SECOND_MAX: u32 = 1_000;

/// Whether a provider is used.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is.
    Active,
    /// Not for new orders.
    Disabled,
}

impl Switch {
    /// As the catalogue says it.
    pub const fn availability(self) -> Availability {
        match self {
            Self::Active => Availability::Active,
            Self::Disabled => Availability::Disabled,
        }
    }
}

/// How a lost order is found.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// Not at all; a person has to ask.
    None,
    /// The provider keeps our reference.
    Reference,
    /// The provider lists recent orders with link and time.
    LinkAndTime,
}

/// What a provider's rates of packages are the price of.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageRateOf {
    /// Of one package.
    One,
    /// Of a thousand packages.
    Thousand,
}

/// A provider to be added, or as it is to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderForm {
    /// Unique.
    #[validate(length(min = 2, max = 255, message = "must be 2 to 255 characters"))]
    #[schema(example = "Panel One", min_length = 2, max_length = 255)]
    name: String,
    /// Where its panel API listens.
    #[validate(length(min = 1, max = 2048, message = "must be 1 to 2048 characters"))]
    #[schema(example = "https://panel.example/api/v2", max_length = 2048, format = "uri")]
    api_url: String,
    /// Our key there, at least 8 characters. When a provider is edited, an empty text or `********` leaves it as it is, unless
    /// `apiUrl` is another one.
    #[validate(length(max = 1024, message = "must be at most 1024 characters"))]
    #[schema(example = "0123456789abcdef", max_length = 1024, format = Password)]
    api_key: String,
    /// What its prices are in, by ISO 4217; `USD` unless it is set. Costs are kept in USD, at the exchange rate of when its list was
    /// read. It cannot be changed while the provider has services.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// How a lost order is found; `none` unless it is set.
    lookup: Option<Lookup>,
    /// How many requests a second it allows us; 5 unless it is set.
    #[validate(range(min = 1, max = "REQUESTS_PER_SECOND_MAX", message = "must be 1 to 1000"))]
    #[schema(minimum = 1, maximum = 1000)]
    requests_per_second: Option<u32>,
    /// How much money may be of unknown fate there; 500 unless it is set.
    #[schema(example = "500")]
    exposure_cap: Option<String>,
    /// What its `rate` of a package is the price of; `one` unless it is set. Changing it changes the costs of all its packages at
    /// once: ask the provider first, because `thousand` said in error sells packages far below what they cost.
    package_rate: Option<PackageRateOf>,
    /// Whether it is used.
    availability: Option<Switch>,
    /// Whether another `apiUrl` leads to the same account. While the provider has orders that have not ended, it is changed only
    /// then: another account knows nothing of them.
    same_account: Option<bool>,
}

/// The shortest key in characters.
const KEY_MIN_CHARS: usize = 8;

impl ProviderForm {
    /// The provider to be added.
    pub fn into_addition(self) -> Result<AddProvider, ApiError> {
        let api_key = parse_key(&self.api_key)?;
        Ok(AddProvider {
            name: parse_name("name", &self.name)?,
            api_key: api_key.ok_or_else(|| field_error("apiKey", "is required"))?,
            settings: self
                .knobs()?
                .apply(domain::providers::ProviderSettings::default()),
            api_url: self.api_url.trim().to_owned(),
        })
    }

    /// The provider as it is to be.
    pub fn into_edit(self) -> Result<EditProvider, ApiError> {
        Ok(EditProvider {
            name: parse_name("name", &self.name)?,
            api_key: parse_key(&self.api_key)?,
            same_account: self.same_account.unwrap_or_default(),
            knobs: self.knobs()?,
            api_url: self.api_url.trim().to_owned(),
        })
    }

    fn knobs(&self) -> Result<ProviderEdit, ApiError> {
        Ok(ProviderEdit {
            availability: self.availability.map(Switch::availability),
            lookup: self.lookup.map(|lookup| match lookup {
                Lookup::None => LookupCapability::None,
                Lookup::Reference => LookupCapability::Reference,
                Lookup::LinkAndTime => LookupCapability::LinkAndTime,
            }),
            requests_per_second: self.requests_per_second,
            exposure_cap: self.exposure_cap.as_deref().map(parse_cap).transpose()?,
            package_rate: self.package_rate.map(|of| match of {
                PackageRateOf::One => PackageRate::One,
                PackageRateOf::Thousand => PackageRate::Thousand,
            }),
            currency: self.currency.as_deref().map(parse_currency).transpose()?,
        })
    }
}

/// `None` leaves the key as it is.
fn parse_key(text: &str) -> Result<Option<Secret>, ApiError> {
    match text.trim() {
        "" | KEY_MASK => Ok(None),
        key if key.chars().count() < KEY_MIN_CHARS => Err(field_error(
            "apiKey",
            format!("must be at least {KEY_MIN_CHARS} characters"),
        )),
        key => Ok(Some(Secret::new(key))),
    }
}

fn parse_currency(text: &str) -> Result<Currency, ApiError> {
    Currency::parse(text).map_err(|error| field_error("currency", error))
}

fn parse_cap(text: &str) -> Result<Money, ApiError> {
    let cap = Money::parse(text).map_err(|error| field_error("exposureCap", error))?;
    if cap < Money::ZERO {
        return Err(field_error("exposureCap", "must not be negative"));
    }
    Ok(cap)
}

/// A provider, without its key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderRow {
    id: i64,
    name: String,
    api_url: String,
    /// `active` or `disabled`.
    #[schema(example = "active")]
    availability: &'static str,
    /// What its prices are in.
    #[schema(example = "USD")]
    currency: String,
    /// `none`, `reference` or `link_and_time`.
    #[schema(example = "none")]
    lookup: &'static str,
    requests_per_second: u32,
    #[schema(example = "500.00")]
    exposure_cap: String,
    /// `one` or `thousand`.
    #[schema(example = "one")]
    package_rate: &'static str,
    /// What it last said our balance was.
    balance: Option<BalanceBody>,
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[serde(rename = "updated_at")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// A balance in the provider's own words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceBody {
    #[schema(example = "100.84292")]
    balance: String,
    #[schema(example = "USD")]
    currency: String,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    asked_at: WireTime,
}

impl From<ProviderBalance> for BalanceBody {
    fn from(balance: ProviderBalance) -> Self {
        Self {
            balance: balance.amount,
            currency: balance.currency,
            asked_at: WireTime(balance.at),
        }
    }
}

impl From<Provider> for ProviderRow {
    fn from(provider: Provider) -> Self {
        Self {
            id: provider.id.0,
            name: provider.name.to_string(),
            api_url: provider.api_url,
            availability: provider.availability.as_str(),
            currency: provider.settings.currency.to_string(),
            lookup: provider.settings.lookup.as_str(),
            requests_per_second: provider.settings.requests_per_second,
            exposure_cap: amount_text(provider.settings.exposure_cap),
            package_rate: provider.settings.package_rate.as_str(),
            balance: provider.balance.map(BalanceBody::from),
            created_at: WireTime(provider.created_at),
            updated_at: WireTime(provider.updated_at),
        }
    }
}

/// A provider with its key in clear.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevealedProvider {
    pub id: i64,
    pub api_key: String,
    pub name: String,
    pub api_url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_masked_key_means_unchanged_and_a_short_one_is_refused() {
        assert!(parse_key("").unwrap().is_none());
        assert!(parse_key(" ******** ").unwrap().is_none());
        assert!(parse_key("1234567").is_err());
        let key = parse_key(" 12345678 ").unwrap().unwrap();
        assert_eq!(key.reveal(), "12345678");
    }
}
