//! The web server.

use std::net::{IpAddr, SocketAddr};

use domain::identity::{Reauthentication, StaffTwoFactor};
use url::Url;

use crate::error::SettingsError;
use crate::read::Reader;

const PORT: &str = "http.port";
const PUBLIC_URL: &str = "http.public_url";
const TRUSTED_ORIGINS: &str = "http.trusted_origins";
const SECURE_COOKIES: &str = "http.secure_cookies";
/// More proxies in a row than anybody has; a larger number is a mistake.
const TRUSTED_PROXIES_MAX: usize = 16;
const ORIGIN_EXPECTED: &str = "must be an origin such as https://panel.example.com, without a path";

/// The web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The address under which browsers see us, if it is set.
    pub public_url: Option<Origin>,
    /// Who may send requests with cookies: the public URL, then the others. Empty if neither is set: then whoever has the
    /// same address as the request.
    pub trusted_origins: Vec<Origin>,
    /// Whether cookies are marked `Secure`.
    pub secure_cookies: bool,
    /// Reverse proxies in front, each of which appends to `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// When staff type their password once more.
    pub reauthentication: Reauthentication,
    /// Whether staff need a second factor.
    pub staff_two_factor: StaffTwoFactor,
}

/// Scheme, host and port, in the form in which browsers send them: `https://panel.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin; `None` if there is more than an origin in the text, or it is not of the web.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        (web && bare).then(|| Self(url.origin().ascii_serialization()))
    }

    /// As browsers send it, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

#[derive(Debug, Clone, Copy)]
enum SecureCookies {
    Auto,
    Always,
    Never,
}

pub(crate) fn read(reader: &Reader<'_>) -> Result<HttpSettings, SettingsError> {
    let port: u16 = reader.number(PORT, 0..=u16::MAX)?;
    let address: IpAddr = reader.parsed("http.bind_address", "an IP address such as 127.0.0.1 or 0.0.0.0")?;
    let public_url = reader.text(PUBLIC_URL);
    let public_url = public_url
        .map(|text| origin(reader, PUBLIC_URL, text))
        .transpose()?;
    let mut trusted_origins: Vec<Origin> = public_url.iter().cloned().collect();
    for text in reader.list(TRUSTED_ORIGINS) {
        let origin = origin(reader, TRUSTED_ORIGINS, text)?;
        if !trusted_origins.contains(&origin) {
            trusted_origins.push(origin);
        }
    }
    Ok(HttpSettings {
        listen: SocketAddr::new(address, port),
        secure_cookies: secure_cookies(reader, public_url.as_ref(), &trusted_origins)?,
        public_url,
        trusted_origins,
        trusted_proxies: reader.number("http.trusted_proxies", 0..=TRUSTED_PROXIES_MAX)?,
        reauthentication: reader.one_of(
            "http.reauthentication",
            &[
                ("default", Reauthentication::Default),
                ("strict", Reauthentication::Strict),
                ("off", Reauthentication::Off),
            ],
        )?,
        staff_two_factor: reader.one_of(
            "http.staff_two_factor",
            &[
                ("optional", StaffTwoFactor::Optional),
                ("required", StaffTwoFactor::Required),
            ],
        )?,
    })
}

fn origin(reader: &Reader<'_>, key: &str, text: &str) -> Result<Origin, SettingsError> {
    Origin::parse(text).ok_or_else(|| reader.invalid(key, ORIGIN_EXPECTED))
}

fn secure_cookies(
    reader: &Reader<'_>,
    public_url: Option<&Origin>,
    trusted: &[Origin],
) -> Result<bool, SettingsError> {
    let words = [
        ("auto", SecureCookies::Auto),
        ("always", SecureCookies::Always),
        ("never", SecureCookies::Never),
    ];
    match reader.one_of(SECURE_COOKIES, &words)? {
        SecureCookies::Auto => Ok(trusted.iter().any(Origin::is_https)),
        SecureCookies::Always => Ok(true),
        SecureCookies::Never if public_url.is_some_and(Origin::is_https) => Err(reader.invalid(
            SECURE_COOKIES,
            "would let sessions leak from an https site; set it to auto, or BETTER_AUTH_URL to an http address",
        )),
        SecureCookies::Never => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    fn http(pairs: &[(&str, &str)]) -> Result<HttpSettings, SettingsError> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        read(&Reader::new(&layers))
    }

    fn origins(settings: &HttpSettings) -> Vec<&str> {
        settings.trusted_origins.iter().map(Origin::as_str).collect()
    }

    #[test]
    fn nothing_set_means_this_machine_only() {
        let settings = http(&[("PORT", "9000")]).unwrap();
        assert_eq!(settings.listen, "127.0.0.1:9000".parse().unwrap());
        assert!(
            settings.trusted_origins.is_empty(),
            "localhost and 127.0.0.1 are both this machine"
        );
        assert!(!settings.secure_cookies);
        assert_eq!(settings.trusted_proxies, 0, "anybody can write X-Forwarded-For");
    }

    #[test]
    fn trusted_proxies_are_counted() {
        let proxies = |text: &str| http(&[("TRUSTED_PROXIES", text)]).map(|it| it.trusted_proxies);
        assert_eq!(proxies("2").unwrap(), 2);
        for odd in ["-1", "17", "10.0.0.0/8", "true"] {
            let message = proxies(odd).unwrap_err().to_string();
            assert!(message.contains("TRUSTED_PROXIES"), "{message}");
        }
    }

    #[test]
    fn origins_are_read_in_the_form_that_browsers_send() {
        let settings = http(&[
            ("BETTER_AUTH_URL", "https://Panel.Example.com:443/"),
            (
                "CLIENT_DOMAIN",
                "https://panel.example.com, http://localhost:3000",
            ),
        ])
        .unwrap();
        assert_eq!(
            origins(&settings),
            ["https://panel.example.com", "http://localhost:3000"]
        );
        assert!(settings.secure_cookies);
        let v6 = http(&[("BIND_ADDRESS", "::1"), ("PORT", "1")]).unwrap();
        assert_eq!(v6.listen.to_string(), "[::1]:1");
    }

    #[test]
    fn how_often_a_password_is_asked_for_is_a_word() {
        let asked = |word: &str| http(&[("REAUTHENTICATION", word)]).map(|it| it.reauthentication);
        assert_eq!(http(&[]).unwrap().reauthentication, Reauthentication::Default);
        assert_eq!(asked("strict").unwrap(), Reauthentication::Strict);
        assert_eq!(asked("off").unwrap(), Reauthentication::Off);
        assert!(asked("sometimes").is_err());
    }

    #[test]
    fn staff_need_no_second_factor_unless_it_is_required() {
        let asked = |word: &str| http(&[("STAFF_TWO_FACTOR", word)]).map(|it| it.staff_two_factor);
        assert_eq!(http(&[]).unwrap().staff_two_factor, StaffTwoFactor::Optional);
        assert_eq!(asked("required").unwrap(), StaffTwoFactor::Required);
        assert!(asked("yes").is_err());
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for odd in [
            "panel.example.com",
            "https://panel.example.com/app",
            "https://me:pw@panel.example.com",
            "https://panel.example.com?x=1",
            "ftp://panel.example.com",
            "*",
        ] {
            for variable in ["BETTER_AUTH_URL", "CLIENT_DOMAIN"] {
                let message = http(&[(variable, odd)]).unwrap_err().to_string();
                assert!(
                    message.contains(variable) && message.ends_with(ORIGIN_EXPECTED),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn cookies_are_secure_where_they_can_be() {
        let cookies = |url: &str, word: &str| {
            http(&[("BETTER_AUTH_URL", url), ("SECURE_COOKIES", word)]).map(|it| it.secure_cookies)
        };
        assert!(cookies("https://a.example", "auto").unwrap());
        assert!(!cookies("http://a.example", "auto").unwrap());
        assert!(cookies("http://a.example", "always").unwrap());
        assert!(!cookies("http://a.example", "never").unwrap());
        assert!(cookies("https://a.example", "never").is_err());
        assert!(cookies("https://a.example", "yes").is_err());
        let app = http(&[("CLIENT_DOMAIN", "https://app.example")]).unwrap();
        assert!(app.secure_cookies);
    }
}
