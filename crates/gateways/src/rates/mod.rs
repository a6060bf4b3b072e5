//! Those who quote exchange rates. A source is one file: where to ask, and how its answer is read.

mod currencyapi;
mod open_er;

use std::time::Duration;

use chrono::DateTime;
use domain::{Secret, Timestamp};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::address::AddressPolicy;
use crate::http::{ANSWER_MAX_BYTES, Body, CallError, GatewayConfig, GatewayError, exchange, read_client};
use crate::json;

pub use currencyapi::CurrencyApi;
pub use open_er::OpenErApi;

/// Where a source is.
#[derive(Debug, Clone)]
pub struct RateSourceConfig {
    /// Its address, without a slash at the end.
    pub url: String,
    /// What it knows us by; empty if it asks for nothing.
    pub key: Secret,
    /// The time limit of a whole call.
    pub timeout: Duration,
}

fn client(timeout: Duration) -> Result<Client, GatewayError> {
    read_client(&GatewayConfig {
        // Operators choose its address, and nobody else can.
        addresses: AddressPolicy::AllowPrivate,
        read_timeout: timeout,
        ..GatewayConfig::default()
    })
}

/// The object that a source answers. The error names neither the address nor the key.
async fn ask(client: &Client, request: RequestBuilder) -> Result<Value, String> {
    let request = request
        .build()
        .map_err(|_| "the request cannot be built".to_owned())?;
    let answer = exchange(client, request, ANSWER_MAX_BYTES).await;
    let answer = answer.map_err(|error| match error {
        CallError::Forbidden(refused) => refused.to_string(),
        CallError::NotSent(reason) | CallError::Broken(reason) => reason,
    })?;
    if answer.status != 200 {
        return Err(format!("status {}", answer.status));
    }
    let Body::Whole(bytes) = &answer.body else {
        return Err("the answer is too large or compressed".to_owned());
    };
    let text = std::str::from_utf8(bytes).map_err(|_| "the answer is no text".to_owned())?;
    let value = json::parse(text).map_err(|error| format!("the answer is {error}"))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("the answer is no object".to_owned())
    }
}

/// A rate as it was written; whoever judges it says whether it is a number.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_micros(at.timestamp_micros()))
}
