//! currencyapi.com, version 3: <https://currencyapi.com/docs/latest>.

use async_trait::async_trait;
use domain::currency::Quotes;
use ports::currency::RateSource;
use reqwest::Client;
use serde_json::Value;

use super::{RateSourceConfig, ask, client, moment, written};
use crate::http::GatewayError;

/// What it is called.
const NAME: &str = "currencyapi";

/// Asks currencyapi.com.
pub struct CurrencyApi {
    client: Client,
    config: RateSourceConfig,
}

impl CurrencyApi {
    /// Prepares to ask; connects to nothing.
    ///
    /// # Errors
    /// [`GatewayError`] if there can be no HTTP client.
    pub fn new(config: RateSourceConfig) -> Result<Self, GatewayError> {
        let client = client(config.timeout)?;
        Ok(Self { client, config })
    }
}

#[async_trait]
impl RateSource for CurrencyApi {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn latest(&self) -> Result<Quotes, String> {
        let request = self
            .client
            .get(format!("{}/v3/latest", self.config.url))
            .query(&[("value", "1"), ("base_currency", "USD")])
            .header("apikey", self.config.key.reveal());
        read(&ask(&self.client, request).await?).ok_or_else(|| "the answer holds no rates".to_owned())
    }
}

fn read(answer: &Value) -> Option<Quotes> {
    let as_of = answer.pointer("/meta/last_updated_at").and_then(Value::as_str);
    let data = answer.get("data")?.as_object()?;
    let rates = data.iter().map(|(code, quoted)| {
        // The code stands twice. If the two differ, nobody knows which is meant.
        let is_sure = quoted
            .get("code")
            .and_then(Value::as_str)
            .is_none_or(|it| it == code);
        let value = quoted.get("value").filter(|_| is_sure).unwrap_or(&Value::Null);
        (code.clone(), written(value))
    });
    Some(Quotes {
        source: NAME.to_owned(),
        as_of: moment(as_of?)?,
        rates: rates.collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_it_quotes_is_read_as_it_is_written() {
        let answer = json!({ "meta": { "last_updated_at": "2026-11-20T23:59:59Z" }, "data": {
            "INR": { "code": "INR", "value": 83.380_103_2 }, "EUR": { "code": "USD", "value": 1 },
            "GBP": { "code": "GBP" }, "USD": { "code": "USD", "value": 1 } } });
        let quotes = read(&answer).unwrap();
        assert_eq!(quotes.as_of.seconds(), 1_795_219_199);
        let of = |code: &str| {
            quotes
                .rates
                .iter()
                .find(|it| it.0 == code)
                .map(|it| it.1.as_str())
        };
        assert_eq!(of("INR"), Some("83.3801032"));
        assert_eq!(
            (of("USD"), of("EUR"), of("GBP")),
            (Some("1"), Some("null"), Some("null"))
        );
    }

    #[test]
    fn an_answer_without_rates_or_time_is_none() {
        for answer in [
            json!({}),
            json!({ "data": { "INR": { "value": 83 } } }),
            json!({ "meta": { "last_updated_at": "yesterday" }, "data": {} }),
            json!({ "meta": { "last_updated_at": "2026-11-20T23:59:59Z" }, "data": [] }),
        ] {
            assert_eq!(read(&answer), None, "{answer}");
        }
    }
}
