//! A site that sends mails, in one process.

use domain::identity::Role;
use serde_json::{Value, json};
use settings::{Environment, Overrides, Settings};
use smm_guru::{Blueprint, Running, System};
use tempfile::TempDir;

use crate::support::{Browser, enlist, eventually};

/// What links in mails begin with.
pub const PUBLIC: &str = "http://panel.example";
pub const PASSWORD: &str = "a password of somebody";

/// The site.
pub struct Site {
    pub system: System,
    running: Running,
    pub admin: Browser,
    _folder: TempDir,
}

impl Site {
    /// Opens one with these settings.
    pub async fn open(pairs: &[(&str, &str)]) -> Self {
        let common = [("BETTER_AUTH_URL", PUBLIC)];
        let pairs: Vec<_> = common.into_iter().chain(pairs.iter().copied()).collect();
        Self::without_address(&pairs).await
    }

    /// Opens one that knows no address of its own.
    pub async fn without_address(pairs: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let overrides = Overrides {
            data_dir: Some(folder.path().join("data")),
            port: Some(0),
            ..Overrides::default()
        };
        let common = [
            ("AUTH_DELIVERY_EMAIL", "no-reply@panel.example"),
            ("CURRENCY_FREE_URL", "off"),
        ];
        let environment = Environment::of(common.into_iter().chain(pairs.iter().copied()));
        let settings = Settings::load_from(&environment, &overrides).expect("good settings");
        let system = System::open(Blueprint::of(&settings))
            .await
            .expect("a system opens");
        system.migrate().await.expect("it migrates");
        let running = system.start().expect("the API listens");
        enlist(&system, "admin", Role::Admin).await;
        let nodes = [running.base_url()];
        let admin = Browser::signed_in(&nodes, "admin@example.com", crate::support::PASSWORD).await;
        Self {
            system,
            running,
            admin,
            _folder: folder,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.running.base_url()
    }

    pub fn anybody(&self) -> Browser {
        self.admin.stranger()
    }

    /// Somebody signs up; their browser.
    pub async fn sign_up(&self, email: &str) -> Browser {
        let mut browser = self.anybody();
        let form =
            json!({ "name": "Somebody", "email": email, "password": PASSWORD, "callbackURL": "/dashboard" });
        let answer = browser.post("/api/auth/sign-up/email", form).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        browser.cookie = Some(answer.session_cookie());
        browser
    }

    /// Somebody says that they forgot their password.
    pub async fn forgot(&self, email: &str) {
        let form = json!({ "email": email, "redirectTo": "/reset-password" });
        let answer = self.anybody().post("/api/auth/forget-password", form).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    }

    /// Whether the password signs in.
    pub async fn admits(&self, email: &str, password: &str) -> bool {
        let form = json!({ "email": email, "password": password });
        let answer = self.anybody().post("/api/auth/sign-in/email", form).await;
        match answer.status {
            200 => true,
            401 => false,
            other => panic!("{other}: {}", answer.text),
        }
    }

    /// Waits until staff see a mail to this address in this state.
    pub async fn mail_becomes(&self, to: &str, kind: &str, state: &str) -> Value {
        eventually(
            || format!("a mail {kind} to {to} that is {state}"),
            async || {
                let page = self.admin.get("/api/v1/admin/mails?limit=100").await;
                let page = page.success(200, "MAILS_FETCHED");
                let mut mails = page["mails"].as_array().expect("mails").clone().into_iter();
                mails.find(|mail| mail["to"] == to && mail["kind"] == kind && mail["state"] == state)
            },
        )
        .await
    }

    pub async fn close(self) {
        self.running.stop().await;
        self.system.close().await;
    }
}

/// The path of the link in a mail, which leads to the public address.
pub fn link(mail: &Value) -> String {
    let text = mail["text"].as_str().expect("a text");
    let mut links = text.lines().filter_map(|line| line.trim().strip_prefix(PUBLIC));
    let link = links.next().unwrap_or_else(|| panic!("no link in {text}"));
    let html = mail["html"].as_str().expect("markup");
    let (path, _) = link.split_once('?').unwrap_or((link, ""));
    assert!(html.contains(path), "{html}");
    link.to_owned()
}

/// The token with which a reset link leads to its page.
pub async fn token(site: &Site, link: &str) -> String {
    let followed = site.anybody().get(link).await;
    assert_eq!(followed.status, 302, "{}", followed.text);
    let page = followed.header("location").expect("a page");
    let token = page.strip_prefix(&format!("{PUBLIC}/reset-password?token="));
    token.unwrap_or_else(|| panic!("leads to {page}")).to_owned()
}
