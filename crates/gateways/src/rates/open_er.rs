//! The open access of ExchangeRate-API, which asks for no key: <https://www.exchangerate-api.com/docs/free>. It may be cached,
//! and asks to be named where its rates are shown.

use async_trait::async_trait;
use domain::Timestamp;
use domain::currency::Quotes;
use ports::currency::RateSource;
use reqwest::Client;
use serde_json::Value;

use super::{RateSourceConfig, ask, client, written};
use crate::http::GatewayError;

/// What it is called.
const NAME: &str = "open.er-api";

/// Asks open.er-api.com.
pub struct OpenErApi {
    client: Client,
    config: RateSourceConfig,
}

impl OpenErApi {
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
impl RateSource for OpenErApi {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn latest(&self) -> Result<Quotes, String> {
        let request = self.client.get(format!("{}/v6/latest/USD", self.config.url));
        read(&ask(&self.client, request).await?).ok_or_else(|| "the answer holds no rates".to_owned())
    }
}

fn read(answer: &Value) -> Option<Quotes> {
    let word = |field: &str| answer.get(field).and_then(Value::as_str);
    if word("result") != Some("success") || word("base_code") != Some("USD") {
        return None;
    }
    let seconds = answer.get("time_last_update_unix")?.as_i64()?;
    let rates = answer.get("rates")?.as_object()?;
    Some(Quotes {
        source: NAME.to_owned(),
        as_of: Timestamp::from_micros(seconds.checked_mul(1_000_000)?),
        rates: rates
            .iter()
            .map(|(code, value)| (code.clone(), written(value)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_it_quotes_is_read_as_it_is_written() {
        let answer = json!({ "result": "success", "base_code": "USD", "time_last_update_unix": 1_795_219_199,
            "rates": { "USD": 1, "INR": 83.38, "KWD": 0.3071 } });
        let quotes = read(&answer).unwrap();
        assert_eq!(quotes.as_of.seconds(), 1_795_219_199);
        let of = |code: &str| {
            quotes
                .rates
                .iter()
                .find(|it| it.0 == code)
                .map(|it| it.1.as_str())
        };
        assert_eq!(
            (of("INR"), of("KWD"), of("USD")),
            (Some("83.38"), Some("0.3071"), Some("1"))
        );
    }

    #[test]
    fn another_base_an_error_and_an_answer_without_time_are_none() {
        let good =
            json!({ "result": "success", "base_code": "USD", "time_last_update_unix": 1, "rates": {} });
        assert!(read(&good).is_some());
        for (field, value) in [
            ("result", json!("error")),
            ("base_code", json!("INR")),
            ("time_last_update_unix", json!("1")),
            ("time_last_update_unix", json!(i64::MAX)),
            ("rates", json!([])),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
