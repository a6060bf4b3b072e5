//! GitHub, also on a server of one's own.

use std::time::Duration;

use async_trait::async_trait;
use domain::Secret;
use domain::text::{Email, Link, Name};
use ports::social::{SocialError, SocialProfile, SocialProvider};
use reqwest::Client;
use reqwest::header::ACCEPT;
use serde_json::Value;
use url::Url;

use super::{ask, challenge, token};
use crate::address::AddressPolicy;
use crate::http::{GatewayConfig, GatewayError, read_client};

/// What visitors are asked for: their profile and their addresses, to read.
const SCOPE: &str = "read:user user:email";
/// The name of somebody who has none that we could show.
const NAMELESS: &str = "GitHub user";

/// How GitHub is reached.
#[derive(Debug, Clone)]
pub struct GithubConfig {
    /// What it knows us by.
    pub client_id: String,
    /// How we prove that it is us.
    pub client_secret: Secret,
    /// Where visitors are asked: `https://github.com/login/oauth/authorize`.
    pub authorize_url: Url,
    /// Where codes are exchanged: `https://github.com/login/oauth/access_token`.
    pub token_url: Url,
    /// Where its API is: `https://api.github.com`.
    pub api_url: Url,
    /// Where it sends visitors back to. It has to know this address.
    pub redirect_url: String,
    /// The time limit of a single call; a sign-in makes three.
    pub timeout: Duration,
}

/// Asks GitHub who somebody is.
pub struct GithubProvider {
    client: Client,
    config: GithubConfig,
}

impl GithubProvider {
    /// Prepares to ask it; connects to nothing.
    ///
    /// # Errors
    /// [`GatewayError`] if there can be no HTTP client.
    pub fn new(config: GithubConfig) -> Result<Self, GatewayError> {
        let client = read_client(&GatewayConfig {
            // Operators choose its addresses, and nobody else can.
            addresses: AddressPolicy::AllowPrivate,
            read_timeout: config.timeout,
            ..GatewayConfig::default()
        })?;
        Ok(Self { client, config })
    }

    async fn get(&self, path: &str, token: &Secret) -> Result<(u16, Value), SocialError> {
        let url = format!("{}/{path}", self.config.api_url.as_str().trim_end_matches('/'));
        let request = self
            .client
            .get(url)
            .bearer_auth(token.reveal())
            .header(ACCEPT, "application/vnd.github+json");
        ask(&self.client, request).await
    }
}

#[async_trait]
impl SocialProvider for GithubProvider {
    fn id(&self) -> &'static str {
        "github"
    }

    fn consent_url(&self, state: &str, verifier: &Secret) -> String {
        let mut url = self.config.authorize_url.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("state", state)
            .append_pair("scope", SCOPE)
            .append_pair("redirect_uri", &self.config.redirect_url)
            .append_pair("code_challenge_method", "S256")
            .append_pair("code_challenge", &challenge(verifier));
        url.into()
    }

    async fn exchange(&self, code: &Secret, verifier: &Secret) -> Result<Secret, SocialError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
            ("redirect_uri", &self.config.redirect_url),
            ("client_id", &self.config.client_id),
            ("client_secret", self.config.client_secret.reveal()),
            ("code_verifier", verifier.reveal()),
        ];
        let request = self.client.post(self.config.token_url.clone());
        let request = request.header(ACCEPT, "application/json").form(&form);
        let (status, answer) = ask(&self.client, request).await?;
        token(status, &answer)
    }

    async fn profile(&self, token: &Secret) -> Result<SocialProfile, SocialError> {
        let (status, user) = self.get("user", token).await?;
        if status != 200 {
            return Err(SocialError(format!("no profile, with status {status}")));
        }
        let (status, addresses) = self.get("user/emails", token).await?;
        let addresses = match (status, &addresses) {
            (200, Value::Array(addresses)) => addresses.as_slice(),
            // It was not allowed to tell them.
            (401 | 403 | 404, _) => &[],
            _ => return Err(SocialError(format!("no addresses, with status {status}"))),
        };
        profile(&user, addresses).ok_or_else(|| SocialError("the profile has no id".to_owned()))
    }
}

/// `None` if it does not say whose it is.
fn profile(user: &Value, addresses: &[Value]) -> Option<SocialProfile> {
    let account = user.get("id").and_then(Value::as_u64).filter(|id| *id > 0)?;
    let primary = || addresses.iter().find(|it| is(it, "primary")).and_then(address);
    let email = address(user).or_else(primary);
    let is_proven = |email: &Email| {
        let mut proven = addresses.iter().filter(|it| is(it, "verified"));
        proven.any(|it| address(it).as_ref() == Some(email))
    };
    let image = user.get("avatar_url").and_then(Value::as_str);
    Some(SocialProfile {
        account: account.to_string(),
        name: name(user),
        image: image.and_then(|image| Link::parse(image).ok()),
        email_verified: email.as_ref().is_some_and(is_proven),
        email,
    })
}

fn is(entry: &Value, what: &str) -> bool {
    entry.get(what) == Some(&Value::Bool(true))
}

fn address(entry: &Value) -> Option<Email> {
    Email::parse(entry.get("email")?.as_str()?).ok()
}

/// The display name, else the name of the account.
fn name(user: &Value) -> Name {
    let named = |field: &str| {
        let text: String = user.get(field)?.as_str()?.chars().take(Name::MAX_CHARS).collect();
        Name::parse(&text).ok()
    };
    named("name")
        .or_else(|| named("login"))
        .unwrap_or_else(|| Name::from_stored(NAMELESS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn github() -> GithubProvider {
        GithubProvider::new(GithubConfig {
            client_id: "our id".to_owned(),
            client_secret: Secret::new("our secret"),
            authorize_url: "https://github.com/login/oauth/authorize".parse().unwrap(),
            token_url: "https://github.com/login/oauth/access_token".parse().unwrap(),
            api_url: "https://api.github.com".parse().unwrap(),
            redirect_url: "https://smm.example/api/auth/callback/github".to_owned(),
            timeout: Duration::from_secs(1),
        })
        .unwrap()
    }

    #[test]
    fn visitors_are_sent_where_the_web_application_expects_it() {
        let url = github().consent_url("the-state", &Secret::new("the verifier"));
        let begin = "https://github.com/login/oauth/authorize?response_type=code&client_id=our+id&state=the-state\
                     &scope=read%3Auser+user%3Aemail&redirect_uri=https%3A%2F%2Fsmm.example%2Fapi%2Fauth%2Fcallback%2Fgithub";
        assert!(url.starts_with(begin), "{url}");
        assert!(
            url.contains("&code_challenge_method=S256&code_challenge="),
            "{url}"
        );
        assert!(!url.contains("secret") && !url.contains("the+verifier"), "{url}");
    }

    #[test]
    fn an_address_is_proven_only_if_github_lists_it_as_verified() {
        let read = |user: Value, addresses: Value| {
            let found = profile(&user, addresses.as_array().unwrap()).unwrap();
            (found.email.map(|it| it.to_string()), found.email_verified)
        };
        let entry = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified });
        let ann = || json!({ "id": 7, "email": "Ann@Example.com" });
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(ann(), json!([entry("ann@example.com", true, true)])),
            (some("ann@example.com"), true)
        );
        assert_eq!(
            read(ann(), json!([entry("ann@example.com", true, false)])),
            (some("ann@example.com"), false)
        );
        assert_eq!(
            read(ann(), json!([entry("other@example.com", true, true)])),
            (some("ann@example.com"), false)
        );
        assert_eq!(read(ann(), json!([])), (some("ann@example.com"), false));
        let shy = || json!({ "id": 7, "email": null });
        let both = json!([
            entry("a@example.com", false, true),
            entry("b@example.com", true, true)
        ]);
        assert_eq!(read(shy(), both), (some("b@example.com"), true));
        assert_eq!(
            read(shy(), json!([entry("a@example.com", false, true)])),
            (None, false)
        );
        assert_eq!(
            read(ann(), json!([{ "email": "ann@example.com", "verified": "true" }])),
            (some("ann@example.com"), false)
        );
    }

    #[test]
    fn a_profile_without_a_number_is_nobody_and_odd_names_do_not_matter() {
        for user in [
            json!({}),
            json!({ "id": "7" }),
            json!({ "id": 0 }),
            json!({ "id": -1 }),
            json!([]),
        ] {
            assert_eq!(profile(&user, &[]), None, "{user}");
        }
        let named = |user: Value| profile(&user, &[]).unwrap().name.to_string();
        assert_eq!(named(json!({ "id": 1, "name": "Ann", "login": "ann" })), "Ann");
        assert_eq!(named(json!({ "id": 1, "name": "  ", "login": "ann" })), "ann");
        assert_eq!(
            named(json!({ "id": 1, "name": "a\u{0}b", "login": null })),
            NAMELESS
        );
        assert_eq!(
            named(json!({ "id": 1, "name": "x".repeat(9_999) })).len(),
            Name::MAX_CHARS
        );
        let pictured = |image: &str| {
            profile(&json!({ "id": 1, "avatar_url": image }), &[])
                .unwrap()
                .image
        };
        assert!(pictured("https://avatars.example/u/1").is_some());
        assert_eq!(pictured("javascript:alert(1)"), None);
    }
}
