//! Paytm: what became of an order there.
//!
//! With a merchant key it is asked in the signed form (`/v3/order/status`, see
//! <https://www.paytmpayments.com/docs/api/v3/transaction-status-api>), and only a signed answer counts. Without one it is asked as
//! the old application did (`/merchant-status/getTxnStatus/`). Whatever cannot be read, is about another order or comes from
//! another merchant is no answer.

mod checksum;
mod read;

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use domain::funds::PaymentAnswer;
use ports::IdSource;
use ports::funds::PaymentGateway;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use std::sync::Arc;

use crate::address::AddressPolicy;
use crate::http::{ANSWER_MAX_BYTES, Body, CallError, GatewayConfig, GatewayError, exchange, read_client};
use checksum::MerchantKey;

/// How to reach it.
#[derive(Debug, Clone)]
pub struct PaytmConfig {
    /// Where it is, without a slash at the end: `https://securegw.paytm.in`.
    pub url: String,
    /// What it calls us.
    pub merchant: String,
    /// What requests and answers are signed with.
    pub key: Option<Secret>,
    /// The time limit of a whole call.
    pub timeout: Duration,
}

/// Why it cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum PaytmError {
    /// There can be no HTTP client.
    #[error(transparent)]
    Client(#[from] GatewayError),
    /// The merchant key has another length.
    #[error("the merchant key has 16 characters")]
    Key,
}

/// Asks Paytm.
pub struct PaytmGateway {
    client: Client,
    config: PaytmConfig,
    key: Option<MerchantKey>,
    ids: Arc<dyn IdSource>,
}

impl PaytmGateway {
    /// Prepares to ask; connects to nothing.
    ///
    /// # Errors
    /// [`PaytmError`].
    pub fn new(config: PaytmConfig, ids: Arc<dyn IdSource>) -> Result<Self, PaytmError> {
        let key = match &config.key {
            Some(key) => Some(MerchantKey::new(key).ok_or(PaytmError::Key)?),
            None => None,
        };
        let client = read_client(&GatewayConfig {
            // Operators choose its address, and nobody else can.
            addresses: AddressPolicy::AllowPrivate,
            read_timeout: config.timeout,
            ..GatewayConfig::default()
        })?;
        Ok(Self {
            client,
            config,
            key,
            ids,
        })
    }

    fn request(&self, order: &str) -> RequestBuilder {
        let Some(key) = &self.key else {
            let body = json!({ "MID": self.config.merchant, "ORDERID": order });
            let url = format!("{}/merchant-status/getTxnStatus/", self.config.url);
            return self.client.post(url).json(&body);
        };
        let body = json!({ "mid": self.config.merchant, "orderId": order }).to_string();
        let signature = key.sign(&body, &self.salt());
        // What was signed is sent as it was signed.
        let text = format!(
            r#"{{"body":{body},"head":{}}}"#,
            json!({ "signature": signature })
        );
        let request = self.client.post(format!("{}/v3/order/status", self.config.url));
        request.header(CONTENT_TYPE, "application/json").body(text)
    }

    /// Four characters that nobody can foresee.
    fn salt(&self) -> String {
        let random = self.ids.text_id();
        STANDARD.encode(random.as_bytes().get(..3).unwrap_or(b"abc".as_slice()))
    }

    async fn ask(&self, order: &str) -> Result<String, String> {
        let request = self.request(order).build();
        let request = request.map_err(|_| "the request cannot be built".to_owned())?;
        let answer = exchange(&self.client, request, ANSWER_MAX_BYTES).await;
        let answer = answer.map_err(|error| match error {
            CallError::Forbidden(refused) => refused.to_string(),
            CallError::NotSent(reason) | CallError::Broken(reason) => reason,
        })?;
        match (answer.status, answer.body) {
            (200, Body::Whole(bytes)) => {
                String::from_utf8(bytes).map_err(|_| "the answer is no text".to_owned())
            }
            (200, _) => Err("the answer is too large or compressed".to_owned()),
            (status, _) => Err(format!("status {status}")),
        }
    }
}

#[async_trait]
impl PaymentGateway for PaytmGateway {
    async fn status(&self, reference: &str) -> PaymentAnswer {
        let text = match self.ask(reference).await {
            Ok(text) => text,
            Err(reason) => return PaymentAnswer::Unknown(reason),
        };
        let read = match &self.key {
            Some(key) => read::signed(&text, key, &self.config.merchant, reference),
            None => read::plain(&text, &self.config.merchant, reference),
        };
        read.unwrap_or_else(|reason| PaymentAnswer::Unknown(reason.to_owned()))
    }
}
