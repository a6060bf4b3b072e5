//! Mail that goes nowhere: printed to the log while developing, or kept until there is a carrier.

use async_trait::async_trait;
use ports::mail::{Delivery, Mail, Mailer};

/// Prints mails to the log, links and all. For development: whoever reads the log can use the links.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrintingMailer;

#[async_trait]
impl Mailer for PrintingMailer {
    async fn send(&self, mail: &Mail) -> Delivery {
        tracing::info!(
            to = mail.to.as_str(),
            "a mail, printed because no mail server is set up: {}\n{}",
            mail.content.subject,
            mail.content.text
        );
        Delivery::Accepted
    }

    async fn check(&self) -> Result<String, String> {
        Ok("mails are printed to the log".to_owned())
    }
}

/// Stands where no carrier is set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMailer;

const NOT_SET_UP: &str = "no mail server is set up";

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &Mail) -> Delivery {
        Delivery::TryLater {
            reason: NOT_SET_UP.to_owned(),
            after: None,
            nobody: true,
        }
    }

    async fn check(&self) -> Result<String, String> {
        Err(NOT_SET_UP.to_owned())
    }
}
