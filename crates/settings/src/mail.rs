//! Who carries mails, and which are written.

use std::fs;
use std::time::Duration;

use domain::Secret;
use domain::text::Email;

use crate::error::SettingsError;
use crate::http::HttpSettings;
use crate::read::Reader;
use crate::server_url::is_loopback;

const METHOD: &str = "mail.method";
const FROM: &str = "mail.from";
const SMTP_HOST: &str = "mail.smtp_host";
const SMTP_SECURITY: &str = "mail.smtp_security";
const SMTP_USER: &str = "mail.smtp_user";
const SMTP_PASSWORD: &str = "mail.smtp_password";
const SMTP_CA_FILE: &str = "mail.smtp_ca_file";
const RESEND_KEY: &str = "mail.resend_api_key";
const RESEND_URL: &str = "mail.resend_url";
const PUBLIC_URL: &str = "http.public_url";

/// Mails to users.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Who carries them.
    pub carrier: Carrier,
    /// The sender's address; empty where nobody carries mails.
    pub from: String,
    /// The time limit of one delivery.
    pub timeout: Duration,
    /// What links begin with: scheme, host and port.
    pub public_address: String,
    /// Whether those who sign up are asked to prove their address.
    pub verify_on_sign_up: bool,
    /// Whether new users are greeted.
    pub welcome: bool,
    /// Whether proving an address signs in.
    pub sign_in_after_verification: bool,
    /// How long a link works that proves an address.
    pub verification: Duration,
}

/// Who carries mails.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// An SMTP server.
    Smtp {
        /// Its name.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is protected.
        security: SmtpSecurity,
        /// User and password.
        login: Option<(String, Secret)>,
        /// Certificates in PEM that are trusted beside the public ones.
        extra_roots: Option<String>,
    },
    /// Resend.
    Resend {
        /// Where its API is.
        url: String,
        /// What it knows us by.
        key: Secret,
    },
    /// Nobody: mails are printed to the log.
    Log,
    /// Nobody.
    Nobody,
}

/// How the connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// By TLS after `STARTTLS`.
    StartTls,
    /// By TLS from the first byte.
    Tls,
    /// Not at all.
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Auto,
    Smtp,
    Resend,
    Log,
    Off,
}

pub(crate) fn read(reader: &Reader<'_>, http: &HttpSettings) -> Result<MailSettings, SettingsError> {
    let method = reader.one_of(
        METHOD,
        &[
            ("auto", Method::Auto),
            ("smtp", Method::Smtp),
            ("resend", Method::Resend),
            ("log", Method::Log),
            ("off", Method::Off),
        ],
    )?;
    let carrier = match chosen(reader, method, http) {
        Method::Smtp => smtp(reader)?,
        Method::Resend => resend(reader)?,
        Method::Log if is_development(reader, http) || method == Method::Log && !http.secure_cookies => {
            Carrier::Log
        }
        Method::Log => {
            return Err(reader.invalid(
                METHOD,
                "would write links that sign people in to the log of an https site; set up SMTP_HOST or RESEND_API_KEY",
            ));
        }
        Method::Auto | Method::Off => Carrier::Nobody,
    };
    Ok(MailSettings {
        from: from(reader, &carrier)?,
        public_address: public_address(reader, http, &carrier)?,
        timeout: reader.seconds("mail.timeout_seconds", 1.0..=25.0)?,
        verify_on_sign_up: reader.flag("mail.verify_on_sign_up")?,
        welcome: reader.flag("mail.welcome")?,
        sign_in_after_verification: reader.flag("mail.sign_in_after_verification")?,
        verification: reader.minutes("mail.verification_minutes", 5..=10_080)?,
        carrier,
    })
}

/// What `auto` means here.
fn chosen(reader: &Reader<'_>, method: Method, http: &HttpSettings) -> Method {
    match method {
        Method::Auto if reader.text(SMTP_HOST).is_some() => Method::Smtp,
        Method::Auto if reader.text(RESEND_KEY).is_some() => Method::Resend,
        Method::Auto if is_development(reader, http) => Method::Log,
        other => other,
    }
}

/// Only this machine can reach us.
fn is_development(reader: &Reader<'_>, http: &HttpSettings) -> bool {
    let host = |url: &str| url::Url::parse(url).ok()?.host_str().map(str::to_owned);
    let public = reader.text(PUBLIC_URL).and_then(host);
    http.listen.ip().is_loopback() && public.is_none_or(|host| is_loopback(&host))
}

fn smtp(reader: &Reader<'_>) -> Result<Carrier, SettingsError> {
    let host = reader.required(SMTP_HOST)?.to_owned();
    let security = reader.one_of(
        SMTP_SECURITY,
        &[
            ("starttls", SmtpSecurity::StartTls),
            ("tls", SmtpSecurity::Tls),
            ("plain", SmtpSecurity::Plain),
        ],
    )?;
    if security == SmtpSecurity::Plain && !is_loopback(&host) && !reader.flag("allow_plaintext_servers")? {
        return Err(reader.invalid(
            SMTP_SECURITY,
            "would send passwords and links unencrypted to another machine; set it to starttls or tls, or \
             ALLOW_PLAINTEXT_SERVERS=true in a private network",
        ));
    }
    let login = match (reader.text(SMTP_USER), reader.secret(SMTP_PASSWORD)) {
        (Some(user), Some(password)) => Some((user.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) => return Err(reader.invalid(SMTP_PASSWORD, "is missing; SMTP_USER is set")),
        (None, Some(_)) => return Err(reader.invalid(SMTP_USER, "is missing; SMTP_PASSWORD is set")),
    };
    let extra_roots = reader.text(SMTP_CA_FILE).map(|path| {
        fs::read_to_string(path)
            .map_err(|error| reader.invalid(SMTP_CA_FILE, &format!("cannot be read: {error}")))
    });
    Ok(Carrier::Smtp {
        host,
        port: reader.number("mail.smtp_port", 1..=u16::MAX)?,
        security,
        login,
        extra_roots: extra_roots.transpose()?,
    })
}

fn resend(reader: &Reader<'_>) -> Result<Carrier, SettingsError> {
    let Some(key) = reader.secret(RESEND_KEY) else {
        return Err(reader.invalid(RESEND_KEY, "must not be empty"));
    };
    let text = reader.required(RESEND_URL)?;
    let is_safe = url::Url::parse(text).is_ok_and(|url| match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    });
    if !is_safe {
        return Err(reader.invalid(
            RESEND_URL,
            "must be an https address such as https://api.resend.com",
        ));
    }
    Ok(Carrier::Resend {
        url: text.trim_end_matches('/').to_owned(),
        key,
    })
}

fn from(reader: &Reader<'_>, carrier: &Carrier) -> Result<String, SettingsError> {
    if matches!(carrier, Carrier::Log | Carrier::Nobody) {
        return Ok(String::new());
    }
    let address = Email::parse(reader.text(FROM).unwrap_or_default());
    let address = address.map_err(|_| {
        reader.invalid(
            FROM,
            "must be the address that mails come from, such as no-reply@panel.example.com",
        )
    })?;
    Ok(address.to_string())
}

/// Never what a request says: a link in a mail leads to us.
fn public_address(
    reader: &Reader<'_>,
    http: &HttpSettings,
    carrier: &Carrier,
) -> Result<String, SettingsError> {
    match &http.public_url {
        Some(origin) => Ok(origin.as_str().to_owned()),
        None if is_development(reader, http) || matches!(carrier, Carrier::Log | Carrier::Nobody) => {
            Ok(format!("http://localhost:{}", http.listen.port()))
        }
        None => Err(reader.invalid(PUBLIC_URL, "must be set, because the links in mails lead there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    const SITE: (&str, &str) = ("BETTER_AUTH_URL", "https://panel.example");
    const SENDER: (&str, &str) = ("AUTH_DELIVERY_EMAIL", "no-reply@panel.example");
    const RESEND: (&str, &str) = ("RESEND_API_KEY", "re_123456789");

    fn mail(pairs: &[(&str, &str)]) -> Result<MailSettings, String> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        let reader = Reader::new(&layers);
        let http = crate::http::read(&reader).unwrap();
        read(&reader, &http).map_err(|error| error.to_string())
    }

    #[test]
    fn while_developing_mails_are_printed_and_a_public_site_without_a_server_sends_none() {
        let here = mail(&[]).unwrap();
        assert!(matches!(here.carrier, Carrier::Log));
        assert_eq!(here.public_address, "http://localhost:8080");
        assert!(matches!(mail(&[SITE]).unwrap().carrier, Carrier::Nobody));
        assert!(matches!(
            mail(&[("BIND_ADDRESS", "0.0.0.0")]).unwrap().carrier,
            Carrier::Nobody
        ));
        assert!(
            mail(&[SITE, ("MAIL_METHOD", "log")])
                .unwrap_err()
                .contains("https site")
        );
    }

    #[test]
    fn links_lead_to_the_configured_address_and_without_one_nothing_is_sent() {
        let set = mail(&[SITE, SENDER, RESEND]).unwrap();
        assert_eq!(set.public_address, "https://panel.example");
        let open = [("BIND_ADDRESS", "0.0.0.0"), SENDER, RESEND];
        assert!(mail(&open).unwrap_err().contains("BETTER_AUTH_URL must be set"));
    }

    #[test]
    fn an_smtp_server_elsewhere_is_not_reached_in_the_clear() {
        let server = ("SMTP_HOST", "mail.example");
        let plain = ("SMTP_SECURITY", "plain");
        let set = mail(&[SITE, SENDER, server]).unwrap();
        assert!(matches!(
            set.carrier,
            Carrier::Smtp {
                port: 587,
                security: SmtpSecurity::StartTls,
                login: None,
                ..
            }
        ));
        assert!(
            mail(&[SITE, SENDER, server, plain])
                .unwrap_err()
                .contains("unencrypted")
        );
        let private = ("ALLOW_PLAINTEXT_SERVERS", "true");
        assert!(mail(&[SITE, SENDER, server, plain, private]).is_ok());
        assert!(mail(&[SITE, SENDER, ("SMTP_HOST", "localhost"), plain]).is_ok());
    }

    #[test]
    fn what_is_missing_is_named() {
        for (pairs, named) in [
            (vec![SITE, RESEND], "AUTH_DELIVERY_EMAIL"),
            (
                vec![SITE, RESEND, ("AUTH_DELIVERY_EMAIL", "nobody")],
                "AUTH_DELIVERY_EMAIL",
            ),
            (vec![SITE, SENDER, ("MAIL_METHOD", "smtp")], "SMTP_HOST"),
            (vec![SITE, SENDER, ("MAIL_METHOD", "resend")], "RESEND_API_KEY"),
            (
                vec![SITE, SENDER, ("SMTP_HOST", "m.example"), ("SMTP_USER", "u")],
                "SMTP_PASSWORD",
            ),
            (
                vec![SITE, SENDER, RESEND, ("RESEND_URL", "http://elsewhere.example")],
                "RESEND_URL",
            ),
            (
                vec![
                    SITE,
                    SENDER,
                    ("SMTP_HOST", "m.example"),
                    ("SMTP_CA_FILE", "no-such.pem"),
                ],
                "SMTP_CA_FILE",
            ),
            (vec![("MAIL_METHOD", "pigeon")], "MAIL_METHOD"),
        ] {
            let message = mail(&pairs).unwrap_err();
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn keys_and_passwords_are_not_in_what_is_logged() {
        let set = mail(&[SITE, SENDER, RESEND]).unwrap();
        assert!(!format!("{set:?}").contains("re_123456789"));
        let wrong = mail(&[SITE, RESEND]).unwrap_err();
        assert!(!wrong.contains("re_123456789"), "{wrong}");
    }
}
