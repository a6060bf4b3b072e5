//! Signing in with GitHub.

use std::time::Duration;

use domain::Secret;
use url::Url;

use crate::error::SettingsError;
use crate::http::HttpSettings;
use crate::read::Reader;
use crate::server_url::is_loopback;

const CLIENT_ID: &str = "github.client_id";
const CLIENT_SECRET: &str = "github.client_secret";
/// What GitHub sends visitors back to, below the public address.
const CALLBACK: &str = "/api/auth/callback/github";

/// How GitHub is reached.
#[derive(Debug, Clone)]
pub struct GithubSettings {
    /// What it knows us by.
    pub client_id: String,
    /// How we prove that it is us.
    pub client_secret: Secret,
    /// Where visitors are asked.
    pub authorize_url: Url,
    /// Where codes are exchanged.
    pub token_url: Url,
    /// Where its API is.
    pub api_url: Url,
    /// Where it sends visitors back to.
    pub redirect_url: String,
    /// The time limit of a single call.
    pub timeout: Duration,
}

/// `None` if nobody can sign in with GitHub.
pub(crate) fn read(
    reader: &Reader<'_>,
    http: &HttpSettings,
) -> Result<Option<GithubSettings>, SettingsError> {
    let authorize_url = address(reader, "github.authorize_url")?;
    let token_url = address(reader, "github.token_url")?;
    let api_url = address(reader, "github.api_url")?;
    // A sign-in makes three calls, and a request may take 30 seconds.
    let timeout = reader.seconds("github.timeout_seconds", 0.1..=9.0)?;
    let client_secret = reader.secret(CLIENT_SECRET);
    let (client_id, client_secret) = match (reader.text(CLIENT_ID), client_secret) {
        (None, None) => return Ok(None),
        (Some(id), Some(secret)) => (id.to_owned(), secret),
        (Some(_), None) => return Err(reader.invalid(CLIENT_SECRET, "is missing; GITHUB_CLIENT_ID is set")),
        (None, Some(_)) => return Err(reader.invalid(CLIENT_ID, "is missing; GITHUB_CLIENT_SECRET is set")),
    };
    let public = http.public_url.as_ref().ok_or_else(|| {
        reader.invalid(
            "http.public_url",
            "is missing; GitHub sends visitors back to it, so set BETTER_AUTH_URL to where browsers see this server",
        )
    })?;
    Ok(Some(GithubSettings {
        client_id,
        client_secret,
        authorize_url,
        token_url,
        api_url,
        redirect_url: format!("{}{CALLBACK}", public.as_str()),
        timeout,
    }))
}

/// Secrets travel there, so it is TLS or this machine.
fn address(reader: &Reader<'_>, key: &str) -> Result<Url, SettingsError> {
    let url: Url = reader.parsed(
        key,
        "an address such as https://github.example.com/login/oauth/authorize",
    )?;
    let host = url.host_str().unwrap_or_default();
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(host) || reader.flag("allow_plaintext_servers")?,
        _ => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_safe && is_bare && !host.is_empty() {
        Ok(url)
    } else {
        Err(reader.invalid(
            key,
            "must be an https address without a user, a password and a fragment",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    const ID: (&str, &str) = ("GITHUB_CLIENT_ID", "our id");
    const SECRET: (&str, &str) = ("GITHUB_CLIENT_SECRET", "canary-secret");
    const PUBLIC: (&str, &str) = ("BETTER_AUTH_URL", "https://smm.example");

    fn github(pairs: &[(&str, &str)]) -> Result<Option<GithubSettings>, String> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        let reader = Reader::new(&layers);
        let http = crate::http::read(&reader).unwrap();
        read(&reader, &http).map_err(|it| it.to_string())
    }

    #[test]
    fn nobody_signs_in_with_github_unless_it_is_set_up() {
        assert!(github(&[PUBLIC]).unwrap().is_none());
        let set = github(&[ID, SECRET, PUBLIC]).unwrap().unwrap();
        assert_eq!(
            set.authorize_url.as_str(),
            "https://github.com/login/oauth/authorize"
        );
        assert_eq!(
            set.token_url.as_str(),
            "https://github.com/login/oauth/access_token"
        );
        assert_eq!(set.api_url.as_str(), "https://api.github.com/");
        assert_eq!(set.redirect_url, "https://smm.example/api/auth/callback/github");
        assert!(!format!("{set:?}").contains("canary"));
    }

    #[test]
    fn half_a_set_up_is_refused_by_what_is_missing() {
        for (pairs, missing) in [
            (vec![ID, PUBLIC], "GITHUB_CLIENT_SECRET is missing"),
            (vec![SECRET, PUBLIC], "GITHUB_CLIENT_ID is missing"),
            (vec![ID, SECRET], "BETTER_AUTH_URL is missing"),
        ] {
            let message = github(&pairs).unwrap_err();
            assert!(
                message.contains(missing) && !message.contains("canary"),
                "{message}"
            );
        }
    }

    #[test]
    fn the_secret_goes_nowhere_without_tls_but_to_this_machine() {
        let at = |url: &'static str| github(&[ID, SECRET, PUBLIC, ("GITHUB_TOKEN_URL", url)]);
        assert!(at("http://127.0.0.1:4000/token").is_ok());
        assert!(at("https://github.example.com/login/oauth/access_token").is_ok());
        for odd in [
            "http://github.example.com/x",
            "ftp://github.example.com",
            "github.com",
            "https://a:b@c.example/",
        ] {
            let message = at(odd).unwrap_err();
            assert!(message.contains("GITHUB_TOKEN_URL"), "{message}");
        }
    }
}
