//! A site on which people can sign in with GitHub.

use domain::Secret;
use domain::identity::{Role, User};
use domain::text::Email;
use serde_json::{Value, json};
use settings::{Environment, Overrides, Settings};
use smm_guru::{Blueprint, Running, System};
use tempfile::TempDir;

use super::server::{CLIENT_SECRET, OAuthServer, UPSTREAM};
use crate::support::{Answer, Browser, SESSION, Servers, Way, enlist};

/// Where browsers see it, if they are told so: the configured address, not the one that a request names.
pub const PUBLIC: &str = "http://panel.example";
/// The cookie of a browser that is away.
const AWAY: &str = "better-auth.state";

/// The site.
pub struct Site {
    pub system: System,
    running: Running,
    pub oauth: OAuthServer,
    nobody: Browser,
    _folder: TempDir,
    _servers: Option<Servers>,
}

/// A sign-in that has begun: the browser, and where it is to go.
pub struct Away {
    pub browser: Browser,
    pub url: String,
}

impl Site {
    /// Opens one, or says why it is skipped.
    pub async fn open(way: Way) -> Option<Self> {
        let redirect = format!("{PUBLIC}/api/auth/callback/github");
        let oauth = OAuthServer::start(&redirect).await?;
        let servers = match way {
            Way::Embedded => None,
            _ => Some(Servers::fresh("signing in with GitHub").await?),
        };
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let mut variables = vec![
            ("BETTER_AUTH_URL", PUBLIC.to_owned()),
            ("GITHUB_CLIENT_ID", "our-id".to_owned()),
            ("GITHUB_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("GITHUB_AUTHORIZE_URL", format!("{}/auth", oauth.base)),
            ("GITHUB_TOKEN_URL", format!("{}/token", oauth.base)),
            ("GITHUB_API_URL", format!("{}/api", oauth.base)),
            ("GITHUB_TIMEOUT_SECONDS", "5".to_owned()),
            ("CURRENCY_FREE_URL", "off".to_owned()),
        ];
        if let Some(servers) = &servers {
            variables.extend([
                ("DATABASE_URL", servers.database.url().to_owned()),
                ("REDIS_URL", servers.redis.url.clone()),
                (
                    "BETTER_AUTH_SECRET",
                    "4f1c9a7e2b6d8035e1f7a9c3b5d70264".to_owned(),
                ),
                ("AES_SECRET_KEY", "b5d702644f1c9a7e2b6d8035e1f7a9c3".to_owned()),
            ]);
        }
        let environment = Environment::of(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let overrides = Overrides {
            data_dir: Some(folder.path().join("data")),
            port: Some(0),
            ..Overrides::default()
        };
        let settings = Settings::load_from(&environment, &overrides).expect("good settings");
        let system = System::open(Blueprint::of(&settings))
            .await
            .expect("a system opens");
        system.migrate().await.expect("it migrates");
        let running = system.start().expect("the API listens");
        let nobody = Browser::anonymous(&[running.base_url()]);
        Some(Self {
            system,
            running,
            oauth,
            nobody,
            _folder: folder,
            _servers: servers,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.running.base_url()
    }

    pub fn anybody(&self) -> Browser {
        self.nobody.stranger()
    }

    /// A customer with a password, and their browser, signed in.
    pub async fn customer(&self, name: &str) -> (User, Browser) {
        let user = enlist(&self.system, name, Role::User).await;
        let nodes = [self.running.base_url()];
        let browser = Browser::signed_in(&nodes, user.email.as_str(), crate::support::PASSWORD).await;
        (user, browser)
    }

    /// Writes a user as they are to be.
    pub async fn save(&self, user: &User) {
        let mut tx = self.system.adapters().store.begin().await.expect("a transaction");
        tx.identity().save_user(user).await.expect("a user");
        tx.commit().await.expect("it is recorded");
    }

    pub async fn user(&self, email: &str) -> Option<User> {
        let email = Email::parse(email).expect("an address");
        let found = self.system.adapters().identity.credentials(&email).await;
        found.expect("it can be looked up").map(|found| found.user)
    }

    /// Somebody presses the button.
    pub async fn go(&self) -> Away {
        let mut browser = self.anybody();
        let form = json!({
            "provider": "github", "callbackURL": "/dashboard", "newUserCallbackURL": "/welcome",
            "errorCallbackURL": "/sign-in?from=github",
        });
        let answer = browser.post("/api/auth/sign-in/social", form).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let begun = answer.json();
        assert_eq!(begun["redirect"], true);
        let cookie = answer.cookies().remove(0);
        assert!(
            cookie.ends_with("; Max-Age=600; Path=/api/auth/callback; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
        browser.cookie = cookie.split(';').next().map(str::to_owned);
        Away {
            browser,
            url: begun["url"].as_str().expect("an address").to_owned(),
        }
    }

    /// Somebody signs in with GitHub and says yes there.
    pub async fn sign_in(&self) -> Answer {
        let away = self.go().await;
        let back = self.oauth.consent(&away.url).await;
        away.come_back(&back).await
    }

    /// Whose session an answer grants.
    pub async fn session(&self, answer: &Answer) -> Value {
        let mut browser = self.anybody();
        browser.cookie = Some(answer.session_cookie());
        browser.get("/api/auth/get-session").await.json()
    }

    pub async fn close(self) {
        self.running.stop().await;
        self.system.close().await;
    }
}

impl Away {
    /// The browser follows where the server sends it.
    pub async fn come_back(&self, back: &str) -> Answer {
        let answer = self.browser.get(back).await;
        let location = answer.header("location").unwrap_or_default().to_owned();
        for secret in [UPSTREAM, CLIENT_SECRET] {
            assert!(
                !location.contains(secret) && !answer.text.contains(secret),
                "{location}"
            );
        }
        let cookies = answer.cookies();
        assert!(
            cookies
                .iter()
                .any(|it| it.starts_with(&format!("{AWAY}=; Max-Age=0;"))),
            "{cookies:?}"
        );
        answer
    }

    /// A part of the address to which the browser was sent.
    pub fn query(&self, name: &str) -> String {
        part(&self.url, name)
    }
}

/// A parameter of an address.
pub fn part(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()));
    found.unwrap_or_else(|| panic!("no {name} in {url}"))
}

/// The answer signs in and leads to this page.
#[track_caller]
pub fn arrives(answer: &Answer, page: &str) {
    assert_eq!((answer.status, answer.header("location")), (302, Some(page)));
    assert!(answer.session_cookie().len() > SESSION.len());
}

/// The answer signs nobody in and leads to the page for failures that was asked for.
#[track_caller]
pub fn fails(answer: &Answer, error: &str) {
    leads(answer, &format!("{PUBLIC}/sign-in?from=github&error={error}"));
}

/// The answer signs nobody in and leads to our own page for failures: nobody knows which other page was asked for.
#[track_caller]
pub fn fails_here(answer: &Answer, error: &str) {
    leads(answer, &format!("{PUBLIC}/api/auth/error?error={error}"));
}

#[track_caller]
fn leads(answer: &Answer, page: &str) {
    assert_eq!((answer.status, answer.header("location")), (302, Some(page)));
    let cookies = answer.cookies();
    assert!(!cookies.iter().any(|it| it.starts_with(SESSION)), "{cookies:?}");
}

/// The key with which a sign-in is stored.
pub fn digest(site: &Site, state: &str) -> ports::identity::TokenDigest {
    site.system
        .adapters()
        .digester
        .digest(Secret::new(state).reveal())
}
