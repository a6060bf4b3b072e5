//! What owners say about a key.

use application::api_keys::{KeyEdit, NewKey};
use chrono::DateTime;
use domain::api_keys::{
    CapPeriod, ErrorWords, Networks, REQUESTS_PER_MINUTE_MAX, Scope, Scopes, SpendCap, key_name,
};
use domain::orders::PRICE_MAX;
use domain::{Money, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::error::ApiError;
use crate::extract::{decimal_text, field_error, given};

/// What a key is to be. Of a key that is there what is not said stays as it is; a new one has to have a name.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyForm {
    /// What it is called, 2 to 32 characters.
    #[schema(example = "Shop", min_length = 2, max_length = 32)]
    name: Option<String>,
    /// Whether it may be used at all. A new one may.
    #[schema(example = true)]
    enabled: Option<bool>,
    /// Some of `services`, `balance`, `orders.read` and `orders.write`; all if not given.
    #[schema(example = json!(["services", "orders.read"]))]
    scopes: Option<Vec<String>>,
    /// Addresses or networks that it may be used from, 20 at most; everywhere if none.
    #[schema(example = json!(["192.0.2.0/24"]))]
    networks: Option<Vec<String>>,
    /// When it stops by itself. Null is never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2099-01-01T00:00:00Z")]
    expires_at: Option<Option<String>>,
    /// How much its orders may cost. Null is as much as the wallet holds.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<CapForm>)]
    spend_cap: Option<Option<CapForm>>,
    /// 1 to 6000.
    #[schema(example = 600, minimum = 1, maximum = 6000)]
    requests_per_minute: Option<u32>,
    /// `english` or `codes`: in which words the panel API says no.
    #[schema(example = "english")]
    error_words: Option<String>,
    /// Whether GET requests may order: addresses are logged by proxies and followed by link previews.
    orders_by_get: Option<bool>,
}

/// How much the orders of a key may cost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapForm {
    /// An exact amount above zero, in USD.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(example = "50.00")]
    amount: String,
    /// `day` (UTC) or `total`.
    #[schema(example = "day")]
    period: String,
}

/// A rotation.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateForm {
    /// For how many seconds the key of before still opens; a day if not given, 7 days at most. Zero ends it at once.
    #[validate(range(max = 604_800, message = "must be at most 604800"))]
    #[schema(example = 86_400, maximum = 604_800)]
    pub overlap_seconds: Option<u64>,
}

impl KeyForm {
    /// The new key that is meant.
    pub fn into_key(self) -> Result<NewKey, ApiError> {
        let edit = self.into_edit()?;
        let name = edit.name.ok_or_else(|| field_error("name", "is required"))?;
        if edit.enabled == Some(false) {
            return Err(field_error("enabled", "must be true for a new key"));
        }
        let plain = NewKey::named(name);
        Ok(NewKey {
            scopes: edit.scopes.unwrap_or(plain.scopes),
            networks: edit.networks.unwrap_or(plain.networks),
            expires_at: edit.expires_at.flatten(),
            cap: edit.cap.flatten(),
            requests_per_minute: edit.requests_per_minute.unwrap_or(plain.requests_per_minute),
            words: edit.words.unwrap_or(plain.words),
            orders_by_get: edit.orders_by_get.unwrap_or(plain.orders_by_get),
            name: plain.name,
        })
    }

    /// The change that is meant.
    pub fn into_edit(self) -> Result<KeyEdit, ApiError> {
        let requests = 1..=REQUESTS_PER_MINUTE_MAX;
        if self.requests_per_minute.is_some_and(|it| !requests.contains(&it)) {
            return Err(field_error("requestsPerMinute", "must be between 1 and 6000"));
        }
        Ok(KeyEdit {
            name: self.name.as_deref().map(name).transpose()?,
            enabled: self.enabled,
            scopes: self.scopes.as_deref().map(scopes).transpose()?,
            networks: self.networks.as_deref().map(networks).transpose()?,
            expires_at: self
                .expires_at
                .map(|it| it.as_deref().map(time).transpose())
                .transpose()?,
            cap: self
                .spend_cap
                .map(|it| it.as_ref().map(cap).transpose())
                .transpose()?,
            requests_per_minute: self.requests_per_minute,
            words: self.error_words.as_deref().map(words).transpose()?,
            orders_by_get: self.orders_by_get,
        })
    }
}

fn name(text: &str) -> Result<String, ApiError> {
    key_name(text).map_err(|error| field_error("name", error))
}

fn scopes(words: &[String]) -> Result<Scopes, ApiError> {
    let read: Option<Vec<Scope>> = words.iter().map(|word| Scope::from_stored(word)).collect();
    read.and_then(Scopes::of).ok_or_else(|| {
        let every: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        field_error("scopes", format!("must be some of {}", every.join(", ")))
    })
}

fn networks(texts: &[String]) -> Result<Networks, ApiError> {
    Networks::parse(texts.iter().map(String::as_str)).map_err(|error| field_error("networks", error))
}

fn time(text: &str) -> Result<Timestamp, ApiError> {
    let time = DateTime::parse_from_rfc3339(text.trim());
    let time = time.map_err(|_| field_error("expiresAt", "must be a time such as 2099-01-01T00:00:00Z"))?;
    Ok(Timestamp::from_micros(time.timestamp_micros()))
}

fn cap(form: &CapForm) -> Result<SpendCap, ApiError> {
    let amount = Money::parse(&form.amount).map_err(|error| field_error("spendCap.amount", error))?;
    if !amount.is_positive() || amount > PRICE_MAX {
        return Err(field_error(
            "spendCap.amount",
            "must be above zero and at most 10^12",
        ));
    }
    let period = CapPeriod::from_stored(&form.period)
        .ok_or_else(|| field_error("spendCap.period", "must be day or total"))?;
    Ok(SpendCap { amount, period })
}

fn words(word: &str) -> Result<ErrorWords, ApiError> {
    ErrorWords::from_stored(word).ok_or_else(|| field_error("errorWords", "must be english or codes"))
}
