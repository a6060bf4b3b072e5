//! Codes by mail, and mails about second factors.

use domain::identity::{Role, User};
use serde_json::{Value, json};

use super::server::SmtpServer;
use super::site::Site;
use crate::support::{Answer, enlist, eventually};
use crate::two_factor::device::{Device, begin};

const SUBJECT: &str = "Your code to sign in";

async fn site(server: &SmtpServer) -> Site {
    let port = server.port.to_string();
    Site::open(&[
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "plain"),
    ])
    .await
}

/// The code in the `n`th mail that carries one.
async fn code(server: &SmtpServer, n: usize) -> String {
    let arrived = async || {
        let mails = server.mails().into_iter();
        let mails: Vec<Value> = mails.filter(|mail| mail["subject"] == SUBJECT).collect();
        mails.get(n - 1).cloned()
    };
    let mail = eventually(|| format!("code number {n}"), arrived).await;
    let text = mail["text"].as_str().expect("a text").to_owned();
    let is_code = |line: &&str| line.len() == 6 && line.chars().all(|it| it.is_ascii_digit());
    let code = text.lines().map(str::trim).find(is_code);
    code.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

async fn send(device: &mut Device) -> Answer {
    device.post("/api/auth/two-factor/send-otp", json!({})).await
}

async fn show(device: &mut Device, code: &str) -> Answer {
    device
        .post("/api/auth/two-factor/verify-otp", json!({ "code": code }))
        .await
}

async fn joined(site: &Site, name: &str, role: Role) -> (User, Device) {
    let user = enlist(&site.system, name, role).await;
    let mut device = Device::new(&[site.address()]);
    let signed_in = device.sign_in(&user).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    (user, device)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_app_gets_codes_by_mail_until_an_app_has_shown_one() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server).await;
    let (ann, mut device) = joined(&site, "ann", Role::User).await;
    send(&mut device).await.auth_failure(400, "OTP_NOT_ENABLED");
    let (mut app, codes) = begin(&mut device, None).await;
    show(&mut device, "123456")
        .await
        .auth_failure(400, "OTP_HAS_EXPIRED");
    let sent = send(&mut device).await;
    assert_eq!((sent.status, sent.text.as_str()), (200, r#"{"status":true}"#));
    let first = code(&server, 1).await;
    let other = if first == "000000" { "000001" } else { "000000" };
    show(&mut device, other).await.auth_failure(401, "INVALID_CODE");
    assert_eq!(show(&mut device, &first).await.status, 200);
    assert_eq!(device.me().await["twoFactorEnabled"], true);
    server
        .mail(ann.email.as_str(), "Two-factor authentication is on")
        .await;

    // A code is for the sign-in for which it was asked, is replaced by the next one, and works once.
    let (mut one, mut two) = (Device::new(&[site.address()]), Device::new(&[site.address()]));
    one.half_sign_in(&ann).await;
    two.half_sign_in(&ann).await;
    send(&mut one).await;
    let second = code(&server, 2).await;
    show(&mut two, &second).await.auth_failure(400, "OTP_HAS_EXPIRED");
    send(&mut one).await;
    let third = code(&server, 3).await;
    if second != third {
        show(&mut one, &second).await.auth_failure(401, "INVALID_CODE");
    }
    assert_eq!(show(&mut one, &third).await.status, 200);
    assert_eq!(one.me().await["id"], ann.id.as_str());
    send(&mut two).await.auth_failure(429, "TOO_MANY_REQUESTS");

    // From now on a mailbox is not enough.
    assert_eq!(one.show(&app.code(&site.system).await).await.status, 200);
    send(&mut two).await.auth_failure(400, "OTP_NOT_ENABLED");
    show(&mut two, &third).await.auth_failure(400, "OTP_NOT_ENABLED");
    assert_eq!(two.recover(&codes[0]).await.status, 200);
    server.mail(ann.email.as_str(), "A recovery code was used").await;
    assert_eq!(two.with_password("disable").await.status, 200);
    server
        .mail(ann.email.as_str(), "Two-factor authentication is off")
        .await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_leaves_the_second_factor_and_staff_get_no_codes() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server).await;
    let (_, mut boss) = joined(&site, "boss", Role::Admin).await;
    begin(&mut boss, None).await;
    send(&mut boss).await.auth_failure(400, "OTP_NOT_ENABLED");

    let (ann, mut device) = joined(&site, "ann", Role::User).await;
    let (mut app, _) = begin(&mut device, None).await;
    assert_eq!(device.show(&app.code(&site.system).await).await.status, 200);
    let mut waiting = Device::new(&[site.address()]);
    waiting.half_sign_in(&ann).await;
    site.forgot(ann.email.as_str()).await;
    let mail = server.mail(ann.email.as_str(), "Reset your password").await;
    let followed = site.anybody().get(&super::site::link(&mail)).await;
    let page = followed.header("location").expect("a page").to_owned();
    let (_, token) = page.split_once("token=").expect("a token");
    let form = json!({ "token": token, "newPassword": crate::support::PASSWORD });
    let reset = site.anybody().post("/api/auth/reset-password", form).await;
    assert_eq!(reset.status, 200, "{}", reset.text);
    let code = app.code(&site.system).await;
    waiting
        .show(&code)
        .await
        .auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    waiting.half_sign_in(&ann).await;
    assert_eq!(waiting.show(&code).await.status, 200);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_proves_an_address_signs_nobody_in_who_has_a_second_factor() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let port = server.port.to_string();
    let site = Site::open(&[
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "plain"),
        ("MAIL_SIGN_IN_AFTER_VERIFICATION", "true"),
    ])
    .await;
    let (ann, mut device) = joined(&site, "ann", Role::User).await;
    let (mut app, _) = begin(&mut device, None).await;
    assert_eq!(device.show(&app.code(&site.system).await).await.status, 200);
    let form = json!({ "email": ann.email.as_str(), "callbackURL": "/dashboard" });
    let asked = site
        .anybody()
        .post("/api/auth/send-verification-email", form)
        .await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let mail = server.mail(ann.email.as_str(), "Verify your email address").await;
    let followed = site.anybody().get(&super::site::link(&mail)).await;
    assert_eq!(followed.status, 302, "{}", followed.text);
    assert!(followed.cookies().is_empty(), "{:?}", followed.cookies());
    assert_eq!(device.me().await["emailVerified"], true);
    site.close().await;
}
