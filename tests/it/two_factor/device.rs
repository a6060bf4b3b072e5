//! A browser that keeps every cookie, and an authenticator app.

use std::collections::BTreeMap;

use domain::identity::{Role, User};
use persistence::testing::TestDatabase;
use serde_json::{Value, json};
use smm_guru::System;
use totp_rs::{Builder, Secret};

use crate::support::{Answer, Browser, PASSWORD, SESSION, World, enlist};

pub const HALF: &str = "better-auth.two_factor";
pub const TRUST: &str = "better-auth.trust_device";

/// A browser that keeps every cookie.
pub struct Device {
    browser: Browser,
    pub cookies: BTreeMap<String, String>,
}

impl Device {
    pub fn new(nodes: &[String]) -> Self {
        Self {
            browser: Browser::anonymous(nodes),
            cookies: BTreeMap::new(),
        }
    }

    /// Asks, with the cookies that it has, and keeps those that it is given.
    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.dress();
        let answer = self.browser.post(path, body).await;
        self.keep(&answer);
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.dress();
        let answer = self.browser.get(path).await;
        self.keep(&answer);
        answer
    }

    pub async fn delete(&mut self, path: &str) -> Answer {
        self.dress();
        self.browser.delete(path).await
    }

    fn dress(&mut self) {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        self.browser.cookie = Some(cookies.collect::<Vec<_>>().join("; ")).filter(|it| !it.is_empty());
    }

    pub fn keep(&mut self, answer: &Answer) {
        for cookie in answer.cookies() {
            let pair = cookie.split(';').next().expect("a cookie has a value");
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Types address and password.
    pub async fn sign_in(&mut self, user: &User) -> Answer {
        let form = json!({ "email": user.email.as_str(), "password": PASSWORD });
        self.post("/api/auth/sign-in/email", form).await
    }

    /// Types address and password, and is asked for a code.
    pub async fn half_sign_in(&mut self, user: &User) {
        let answer = self.sign_in(user).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.text, r#"{"twoFactorRedirect":true}"#);
        assert!(self.cookies.contains_key(HALF) && !self.cookies.contains_key(SESSION));
    }

    /// Sends a code of the app.
    pub async fn show(&mut self, code: &str) -> Answer {
        self.post("/api/auth/two-factor/verify-totp", json!({ "code": code }))
            .await
    }

    /// Sends a recovery code.
    pub async fn recover(&mut self, code: &str) -> Answer {
        let form = json!({ "code": code });
        self.post("/api/auth/two-factor/verify-backup-code", form).await
    }

    /// Sends the password to one of the paths that take it.
    pub async fn with_password(&mut self, path: &str) -> Answer {
        let path = format!("/api/v1/auth/two-factor/{path}");
        self.post(&path, json!({ "password": PASSWORD })).await
    }

    /// Who is signed in.
    pub async fn me(&mut self) -> Value {
        self.get("/api/auth/get-session").await.json()["user"].take()
    }
}

/// An authenticator app that knows a secret.
pub struct App {
    secret: Secret,
    shown: i64,
    database: Option<TestDatabase>,
}

impl App {
    /// Reads what `enable` and `get-totp-uri` answer.
    pub fn reads(address: &str, database: Option<TestDatabase>) -> Self {
        assert!(address.starts_with("otpauth://totp/SMM%20Guru:"), "{address}");
        assert!(
            address.ends_with("&issuer=SMM%20Guru&digits=6&period=30"),
            "{address}"
        );
        let (_, rest) = address.split_once("?secret=").expect("a secret");
        let secret = rest.split('&').next().expect("a secret");
        Self {
            secret: Secret::try_from_base32(secret).expect("base32"),
            shown: 0,
            database,
        }
    }

    /// A code that was not used yet. There are two in a window: when they are used up, a minute passes.
    pub async fn code(&mut self, system: &System) -> String {
        let now = system.adapters().clock.now().micros() / 30_000_000;
        self.shown = match self.shown {
            shown if shown < now => now,
            shown if shown == now => now + 1,
            _ => {
                let forget = "UPDATE two_factors SET last_step = 0";
                let database = self
                    .database
                    .as_ref()
                    .expect("the codes of this window are used up");
                database.execute(forget).await.expect("a minute passes");
                now
            }
        };
        self.at(self.shown)
    }

    /// The key as it is before base32.
    pub fn secret_text(&self) -> String {
        String::from_utf8(self.secret.as_bytes().to_vec()).expect("letters and digits")
    }

    /// The code of a step.
    pub fn at(&self, step: i64) -> String {
        let app = Builder::new()
            .with_secret(self.secret.clone())
            .build_noncompliant();
        let seconds = u64::try_from(step * 30).expect("after 1970");
        app.generate(seconds).to_string()
    }

    /// A code that no app shows now, nor did, nor will soon.
    pub fn wrong(&self, system: &System) -> String {
        let now = system.adapters().clock.now().micros() / 30_000_000;
        let good: Vec<String> = (now - 4..now + 5).map(|step| self.at(step)).collect();
        let codes = (0..).map(|n: u32| format!("{n:06}"));
        let wrong = codes.filter(|code| !good.contains(code));
        wrong.take(1).collect()
    }
}

/// Somebody with an app.
pub struct Person {
    pub user: User,
    /// Where they are signed in.
    pub device: Device,
    pub app: App,
    pub recovery_codes: Vec<String>,
}

/// The secret and the recovery codes that a device is given.
pub async fn begin(device: &mut Device, database: Option<TestDatabase>) -> (App, Vec<String>) {
    let begun = device.with_password("enable").await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let begun = begun.json();
    let codes = begun["backupCodes"].as_array().expect("codes").iter();
    let codes = codes.map(|code| code.as_str().expect("a code").to_owned());
    let address = begun["totpURI"].as_str().expect("an address");
    (App::reads(address, database), codes.collect())
}

impl Person {
    /// Somebody who has turned it on.
    pub async fn join(world: &World, name: &str, role: Role) -> Self {
        let user = enlist(world.system(), name, role).await;
        Self::turn_on(world, user).await
    }

    pub async fn turn_on(world: &World, user: User) -> Self {
        let mut device = Device::new(&world.addresses());
        let signed_in = device.sign_in(&user).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.text);
        let (mut app, recovery_codes) = begin(&mut device, Some(world.database().await)).await;
        let shown = device.show(&app.code(world.system()).await).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        Self {
            user,
            device,
            app,
            recovery_codes,
        }
    }

    /// Another device of theirs, half signed in.
    pub async fn half_signed_in(&self, world: &World) -> Device {
        let mut device = Device::new(&world.addresses());
        device.half_sign_in(&self.user).await;
        device
    }

    /// Another device of theirs, signed in with a code.
    pub async fn signed_in(&mut self, world: &World) -> Device {
        let mut device = self.half_signed_in(world).await;
        let shown = device.show(&self.app.code(world.system()).await).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        device
    }
}

/// How often the log says that this was done to the user.
pub async fn noted(world: &World, user: &User, action: &str) -> i64 {
    let database = world.database().await;
    let count = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_log WHERE action = '{action}' AND target = 'user:{}'",
        user.id
    );
    database.number(&count).await.expect("a number")
}
