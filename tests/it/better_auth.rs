//! The web application's own client library, unmodified, against the running server; and the formats of the
//! implementation that it was written for. The checks themselves are in `tests/better-auth`: one file for each area.

use std::path::{Path, PathBuf};
use std::process::Command;

use crypto::HmacCookieSigner;
use domain::Secret;
use domain::identity::{Role, User};
use domain::text::{Email, Name};
use domain::{Timestamp, UserId};
use ports::crypto::{CookieSigner, PasswordCheck};
use serde_json::{Value, json};
use smm_guru::System;

use crate::support::{Browser, Way, install_package, scenarios};

scenarios!(on both ways:
    it_looks_after_an_account,
    it_administers_users,
    it_takes_second_factors,
);

/// What the project consists of.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/better-auth");
const SECRET: &str = "a cookie secret that both implementations share";

async fn it_looks_after_an_account(way: Way) {
    walk(way, "account").await;
}

async fn it_administers_users(way: Way) {
    walk(way, "admin").await;
}

async fn it_takes_second_factors(way: Way) {
    walk(way, "two-factor").await;
}

async fn walk(way: Way, area: &str) {
    let Some(project) = install(area) else { return };
    let Some(mut world) = way.world().await else {
        return;
    };
    let address = world.addresses().remove(0);
    let run = move || {
        let variables = [
            ("SERVER_URL", address.as_str()),
            ("ADMIN_EMAIL", "admin@example.com"),
            ("ADMIN_PASSWORD", crate::support::PASSWORD),
        ];
        project.run(&variables)
    };
    let (passed, told) = tokio::task::spawn_blocking(run)
        .await
        .expect("node is waited for");
    assert!(passed, "{told}");
    world.admin = Browser::signed_in(&world.addresses(), "admin@example.com", crate::support::PASSWORD).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_cookies_and_hashes_are_ours_and_our_cookies_are_its_own() {
    let Some(project) = install("formats") else { return };
    let Some(world) = Way::Embedded.world().await else {
        return;
    };
    let signer = HmacCookieSigner::new(&Secret::new(SECRET));
    let token = world.system().adapters().ids.text_id();
    let cookie = encoded(&signer.sign(&token));
    let run = move || project.run(&[("SECRET", SECRET), ("OUR_TOKEN", &token), ("OUR_COOKIE", &cookie)]);
    let (passed, told) = tokio::task::spawn_blocking(run)
        .await
        .expect("node is waited for");
    assert!(passed, "{told}");
    let theirs = told.lines().find_map(|line| line.strip_prefix("HANDED OVER "));
    let theirs: Value = serde_json::from_str(theirs.expect("rows and a cookie")).expect("JSON");
    let text = |field: &str| theirs[field].as_str().expect("a text").to_owned();

    let (name, value) = theirs["cookie"]
        .as_str()
        .and_then(|it| it.split_once('='))
        .expect("a cookie");
    assert_eq!(name, "better-auth.session_token");
    assert_eq!(signer.verify(&decoded(value)), Some(text("token")));
    let hasher = &world.system().adapters().hasher;
    let check = async |password: &str, hash: &str| hasher.check(&Secret::new(password), Some(hash)).await;
    let (hash, another) = (text("hash"), text("another"));
    assert_eq!(
        check(&text("password"), &hash).await,
        Ok(PasswordCheck::MatchOutdated)
    );
    assert_eq!(
        check("correct horse battery staple", &another).await,
        Ok(PasswordCheck::MatchOutdated)
    );
    assert_eq!(
        check("correct horse battery stable", &another).await,
        Ok(PasswordCheck::Mismatch)
    );

    // A user who came with their old hash signs in, and has a new one from then on.
    let email = Email::parse(&text("email")).expect("an address");
    take_over(world.system(), &text("name"), &email, &hash).await;
    for _ in 0..2 {
        let form = json!({ "email": email.as_str(), "password": text("password") });
        let answer = world
            .customer
            .stranger()
            .post("/api/auth/sign-in/email", form)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let found = world
            .system()
            .adapters()
            .identity
            .credentials(&email)
            .await
            .expect("it is there");
        let stored = found.and_then(|found| found.password_hash).expect("a hash");
        assert!(stored.starts_with("$argon2id$"), "{stored}");
    }
    world.close().await;
}

/// A user as another implementation left them.
async fn take_over(system: &System, name: &str, email: &Email, hash: &str) {
    let ports = system.adapters();
    let now: Timestamp = ports.clock.now();
    let user = User {
        id: UserId::new(ports.ids.text_id()),
        name: Name::parse(name).expect("a name"),
        email: email.clone(),
        email_verified: false,
        image: None,
        role: Role::User,
        ban: None,
        second_factor: None,
        created_at: now,
        updated_at: now,
    };
    let mut tx = ports.store.begin().await.expect("a transaction");
    tx.identity().insert_user(&user).await.expect("a new user");
    let account = ports.ids.text_id();
    let set = tx.identity().set_password(&account, &user.id, hash, now).await;
    set.expect("a password");
    tx.commit().await.expect("it is recorded");
}

fn encoded(value: &str) -> String {
    value.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

fn decoded(value: &str) -> String {
    value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
}

/// The checks of an area beside an installed library.
pub struct Project {
    folder: PathBuf,
    area: String,
}

impl Project {
    /// Whether every check passed, and what was told.
    pub fn run(&self, variables: &[(&str, &str)]) -> (bool, String) {
        let output = Command::new("node")
            .args(["run.mjs", &self.area])
            .envs(variables.iter().copied())
            .current_dir(&self.folder)
            .output()
            .expect("node starts");
        let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.success(), told.concat())
    }
}

/// The library, installed once for all tests. `None` where it cannot be, which is said on the output.
pub fn install(area: &str) -> Option<Project> {
    Some(Project {
        folder: install_package(
            Path::new(PROJECT),
            &format!("the client library's checks of {area}"),
        )?,
        area: area.to_owned(),
    })
}
