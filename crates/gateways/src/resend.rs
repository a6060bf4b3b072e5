//! Mail through the HTTP API of Resend.
//!
//! Every attempt to send a mail carries the same `Idempotency-Key`, so a mail whose answer was lost is not sent twice
//! by it. Only an answer that says that it took the mail is a yes; whatever cannot be read is asked again.

use std::time::Duration;

use async_trait::async_trait;
use domain::Secret;
use ports::mail::{Delivery, Mail, Mailer};
use reqwest::Client;
use serde_json::{Value, json};

use crate::address::AddressPolicy;
use crate::http::{
    ANSWER_MAX_BYTES, Answer, Body, CallError, GatewayConfig, GatewayError, exchange, read_client,
};
use crate::redact::Redactor;

/// The longest error that is kept, in characters.
const ERROR_MAX_CHARS: usize = 200;
/// It does not ask to be left alone for longer than this, whatever it says.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// How to reach it.
#[derive(Debug, Clone)]
pub struct ResendConfig {
    /// Where its API is, without a slash at the end: `https://api.resend.com`.
    pub api_url: String,
    /// What it knows us by.
    pub api_key: Secret,
    /// The sender, as `Name <address>`.
    pub from: String,
    /// The time limit of a whole call.
    pub timeout: Duration,
}

/// Sends through Resend.
pub struct ResendMailer {
    client: Client,
    config: ResendConfig,
    redactor: Redactor,
}

impl ResendMailer {
    /// Prepares to use it; connects to nothing.
    ///
    /// # Errors
    /// [`GatewayError`] if there can be no HTTP client.
    pub fn new(config: ResendConfig) -> Result<Self, GatewayError> {
        let client = read_client(&GatewayConfig {
            // Operators choose its address, and nobody else can.
            addresses: AddressPolicy::AllowPrivate,
            read_timeout: config.timeout,
            ..GatewayConfig::default()
        })?;
        Ok(Self {
            client,
            redactor: Redactor::new(&config.api_key),
            config,
        })
    }

    async fn call(&self, mail: &Mail) -> Result<Answer, CallError> {
        let request = self
            .client
            .post(format!("{}/emails", self.config.api_url))
            .bearer_auth(self.config.api_key.reveal())
            .header("Idempotency-Key", &mail.key)
            .json(&json!({
                "from": self.config.from,
                "to": [mail.to.as_str()],
                "subject": mail.content.subject,
                "text": mail.content.text,
                "html": mail.content.html,
            }))
            .build()
            .map_err(|_| CallError::NotSent("the request cannot be built".to_owned()))?;
        exchange(&self.client, request, ANSWER_MAX_BYTES).await
    }

    /// What an answer means for the mail.
    fn read(&self, answer: &Answer) -> Delivery {
        let body: Value = match &answer.body {
            Body::Whole(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
            Body::TooLarge(_) | Body::Compressed => Value::Null,
        };
        let word = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
        let name = word("name");
        let told = format!("{} {name} {}", answer.status, word("message"));
        let reason: String = self
            .redactor
            .redact(told.trim())
            .chars()
            .take(ERROR_MAX_CHARS)
            .collect();
        let later = |nobody| Delivery::TryLater {
            reason: reason.clone(),
            after: answer.retry_after.map(|it| it.min(RETRY_AFTER_MAX)),
            nobody,
        };
        match answer.status {
            200..=299 if !word("id").is_empty() => Delivery::Accepted,
            // The key was used by an earlier attempt, whose words were others: the reader had another name then.
            409 if name == "invalid_idempotent_request" => Delivery::Accepted,
            409 => later(false),
            400 | 404 | 405 | 413 | 422 => Delivery::Refused(reason),
            // 401 and 403 are about our key or our domain. They are mended by operators, and the mail waits for that.
            _ => later(true),
        }
    }
}

#[async_trait]
impl Mailer for ResendMailer {
    async fn send(&self, mail: &Mail) -> Delivery {
        match self.call(mail).await {
            Ok(answer) => self.read(&answer),
            Err(error) => Delivery::TryLater {
                reason: match error {
                    CallError::Forbidden(refused) => refused.to_string(),
                    CallError::NotSent(reason) | CallError::Broken(reason) => reason,
                },
                after: None,
                nobody: true,
            },
        }
    }

    async fn check(&self) -> Result<String, String> {
        // There is no question that every key may ask.
        Ok(format!("mails go to {}", self.config.api_url))
    }
}
