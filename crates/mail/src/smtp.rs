//! SMTP.
//!
//! A connection for each mail: mails are few, and a connection that was kept may be dead. What fails before the mail is
//! offered says nothing about the mail; what the server says about the mail decides its fate.

use std::time::Duration;

use async_trait::async_trait;
use domain::Secret;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use ports::mail::{Delivery, Mail, Mailer};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// By TLS from the first byte; port 465.
    Tls,
    /// By TLS after `STARTTLS`, which the server must offer; port 587.
    StartTls,
    /// Not at all. For a server on this machine.
    Plain,
}

/// Which server, and how.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// User and password, if the server wants them.
    pub login: Option<(String, Secret)>,
    /// Certificates in PEM that are trusted beside the public ones.
    pub extra_roots: Option<String>,
    /// The time limit of a whole delivery.
    pub timeout: Duration,
    /// Name and address of the sender.
    pub from: (String, String),
}

/// Why a server cannot be used as it is described.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The sender's address.
    #[error("the sender's address cannot be used: {0}")]
    From(#[from] lettre::address::AddressError),
    /// TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] Error),
}

/// Sends by SMTP.
pub struct SmtpMailer {
    config: SmtpConfig,
    from: Mailbox,
    tls: TlsParameters,
    hello: ClientId,
}

impl SmtpMailer {
    /// Prepares to use a server; connects to nothing.
    ///
    /// # Errors
    /// [`SmtpError`] if what is described cannot be used.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpError> {
        let (name, address) = &config.from;
        let from = Mailbox::new(Some(one_line(name)), address.parse()?);
        let mut tls = TlsParameters::builder(config.host.clone());
        if let Some(pem) = &config.extra_roots {
            tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes())?);
        }
        Ok(Self {
            tls: tls.build_rustls()?,
            from,
            hello: ClientId::default(),
            config,
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let SmtpConfig {
            host,
            port,
            security,
            timeout,
            login,
            ..
        } = &self.config;
        let tls = (*security == SmtpSecurity::Tls).then(|| self.tls.clone());
        let server = (host.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(*timeout), &self.hello, tls, None).await?;
        if *security == SmtpSecurity::StartTls {
            connection.starttls(self.tls.clone(), &self.hello).await?;
        }
        if let Some((user, password)) = login {
            let login = Credentials::new(user.clone(), password.reveal().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &login).await?;
        }
        Ok(connection)
    }

    fn message(&self, mail: &Mail, to: Address) -> Result<Message, lettre::error::Error> {
        let domain = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.content.subject))
            .message_id(Some(message_id(&mail.key, domain)))
            .multipart(MultiPart::alternative_plain_html(
                mail.content.text.clone(),
                mail.content.html.clone(),
            ))
    }

    async fn deliver(&self, message: &Message) -> Delivery {
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(error) => return later(format!("no connection: {error}"), true),
        };
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        // What is said after the mail was taken or refused changes nothing.
        let _ = connection.quit().await;
        match sent {
            Ok(_) => Delivery::Accepted,
            Err(error) if error.is_permanent() || error.is_client() => Delivery::Refused(error.to_string()),
            Err(error) => later(error.to_string(), false),
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Delivery {
        let Ok(to) = mail.to.as_str().parse::<Address>() else {
            return Delivery::Refused("the address cannot be written to".to_owned());
        };
        let message = match self.message(mail, to) {
            Ok(message) => message,
            Err(error) => return Delivery::Refused(error.to_string()),
        };
        let delivery = tokio::time::timeout(self.config.timeout, self.deliver(&message)).await;
        delivery.unwrap_or_else(|_| later("the server took too long".to_owned(), true))
    }

    async fn check(&self) -> Result<String, String> {
        let SmtpConfig { host, port, .. } = &self.config;
        let connected = tokio::time::timeout(self.config.timeout, self.connect()).await;
        match connected {
            Ok(Ok(mut connection)) => {
                let _ = connection.quit().await;
                Ok(format!("SMTP server {host}:{port} answers"))
            }
            Ok(Err(error)) => Err(format!("SMTP server {host}:{port}: {error}")),
            Err(_) => Err(format!("SMTP server {host}:{port} does not answer")),
        }
    }
}

const fn later(reason: String, nobody: bool) -> Delivery {
    Delivery::TryLater {
        reason,
        after: None,
        nobody,
    }
}

/// A header is one line. The library would panic about another one.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The same for every attempt, so that whoever gets a mail twice can tell.
fn message_id(key: &str, domain: &str) -> String {
    let word: String = key
        .chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() || it == '-' {
                it
            } else {
                '.'
            }
        })
        .collect();
    format!("<{word}@{domain}>")
}

#[cfg(test)]
mod tests {
    use domain::text::Email;
    use ports::mail::Rendered;

    use super::*;

    fn mailer(name: &str, from: &str) -> Result<SmtpMailer, SmtpError> {
        SmtpMailer::new(SmtpConfig {
            host: "localhost".to_owned(),
            port: 1,
            security: SmtpSecurity::Plain,
            login: None,
            extra_roots: None,
            timeout: Duration::from_secs(5),
            from: (name.to_owned(), from.to_owned()),
        })
    }

    fn mail(to: &str) -> Mail {
        Mail {
            key: "reset-password:Ab1".to_owned(),
            to: Email::from_stored(to),
            content: Rendered {
                subject: "Grüße\r\nBcc: everybody@example.com".to_owned(),
                text: "text".to_owned(),
                html: "<p>html</p>".to_owned(),
            },
        }
    }

    #[test]
    fn nothing_that_is_written_into_a_mail_becomes_a_header() {
        let mailer = mailer("Panel\r\nBcc: x@example.com", "no-reply@panel.example").unwrap();
        let message = mailer.message(&mail("ann@example.com"), "ann@example.com".parse().unwrap());
        let text = String::from_utf8(message.unwrap().formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.lines().all(|line| !line.to_lowercase().starts_with("bcc")),
            "{head}"
        );
        assert!(
            head.contains("Message-ID: <reset-password.Ab1@panel.example>"),
            "{head}"
        );
        assert!(text.contains("text/plain") && text.contains("text/html"));
    }

    #[test]
    fn a_sender_that_is_no_address_is_refused_at_the_start() {
        assert!(mailer("Panel", "no reply").is_err());
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_says_nothing_about_the_mail() {
        let mailer = mailer("Panel", "no-reply@panel.example").unwrap();
        let delivery = mailer.send(&mail("ann@example.com")).await;
        assert!(
            matches!(delivery, Delivery::TryLater { nobody: true, .. }),
            "{delivery:?}"
        );
        assert!(mailer.check().await.is_err());
    }
}
