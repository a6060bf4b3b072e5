//! From a form to a mailbox and back, over a real SMTP server.

use serde_json::json;

use super::server::SmtpServer;
use super::site::{PASSWORD, Site, link, token};

const NEW_PASSWORD: &str = "another password of ann";

async fn site(server: &SmtpServer) -> Site {
    let port = server.port.to_string();
    Site::open(&[
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "plain"),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_in_a_reset_mail_works_once_and_ends_every_session() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let (site, ann) = (site(&server).await, "ann@example.com");
    let browser = site.sign_up(ann).await;
    site.forgot(ann).await;
    let mail = server.mail(ann, "Reset your password").await;
    assert_eq!(mail["from"], "SMM Guru <no-reply@panel.example>");
    let link = link(&mail);
    // Whoever looks at the mail first, following a link uses nothing up.
    let token = token(&site, &link).await;
    assert_eq!(token, self::token(&site, &link).await);
    let reset = |password: &str| {
        let form = json!({ "newPassword": password, "token": token });
        let somebody = site.anybody();
        async move { somebody.post("/api/auth/reset-password", form).await }
    };
    reset("short").await.auth_failure(400, "PASSWORD_TOO_SHORT");
    let done = reset(NEW_PASSWORD).await;
    assert_eq!((done.status, done.json()), (200, json!({ "status": true })));
    reset("a third password").await.auth_failure(400, "INVALID_TOKEN");
    let followed = site.anybody().get(&link).await;
    let page = followed.header("location").expect("a page");
    assert!(page.ends_with("/reset-password?error=INVALID_TOKEN"), "{page}");

    assert_eq!(browser.get("/api/auth/get-session").await.text, "null");
    assert!(site.admits(ann, NEW_PASSWORD).await);
    assert!(!site.admits(ann, PASSWORD).await);
    server.mail(ann, "Your password was changed").await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_up_is_greeted_and_asked_to_prove_the_address_once() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let (site, ann) = (site(&server).await, "ann@example.com");
    site.sign_up(ann).await;
    server.mail(ann, "Welcome to SMM Guru").await;
    let mail = server.mail(ann, "Verify your email address").await;
    assert!(link(&mail).starts_with("/api/auth/verify-email?token="));
    assert!(link(&mail).ends_with("&callbackURL=%2Fdashboard"));
    for kind in ["welcome", "verify_address"] {
        site.mail_becomes(ann, kind, "delivered").await;
    }
    assert_eq!(server.mails().len(), 2);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_put_off_is_tried_again_and_a_refused_one_is_seen_by_staff() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server).await;
    for address in ["later@example.com", "refused@example.com"] {
        site.sign_up(address).await;
    }
    let refused = site
        .mail_becomes("refused@example.com", "welcome", "refused")
        .await;
    let reason = refused["reason"].as_str().expect("a reason");
    assert!(reason.contains("no such mailbox"), "{reason}");
    // One of the two mails is put off, the other is taken at once.
    for kind in ["welcome", "verify_address"] {
        site.mail_becomes("later@example.com", kind, "delivered").await;
    }
    let failed = site.admin.get("/api/v1/admin/mails?state=refused").await;
    let failed = failed.success(200, "MAILS_FETCHED");
    assert_eq!(failed["mails"].as_array().map(Vec::len), Some(2));
    let nonsense = site.admin.get("/api/v1/admin/mails?state=lost").await;
    nonsense.failure(400, "VALIDATION_ERROR");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_travel_encrypted_to_a_server_that_knows_us_and_a_wrong_password_is_told_to_the_operator() {
    for security in ["starttls", "tls"] {
        let Some(server) = SmtpServer::start(security, "panel:secret-of-the-mail-server").await else {
            return;
        };
        let (port, authority) = (server.port.to_string(), server.authority());
        let common = [
            ("SMTP_HOST", "localhost"),
            ("SMTP_PORT", port.as_str()),
            ("SMTP_SECURITY", security),
            ("SMTP_USER", "panel"),
            ("SMTP_CA_FILE", authority.to_str().expect("a path")),
        ];
        let with = |password| {
            common
                .into_iter()
                .chain([("SMTP_PASSWORD", password)])
                .collect::<Vec<_>>()
        };
        let right = Site::open(&with("secret-of-the-mail-server")).await;
        assert_eq!(
            right.system.adapters().mailer.check().await.map(|_| ()),
            Ok(()),
            "{security}"
        );
        right.sign_up("ann@example.com").await;
        let mail = server.mail("ann@example.com", "Welcome to SMM Guru").await;
        assert_eq!(
            (&mail["encrypted"], &mail["user"]),
            (&json!(true), &json!("panel"))
        );
        right.close().await;

        let wrong = Site::open(&with("another-secret")).await;
        let problem = wrong
            .system
            .adapters()
            .mailer
            .check()
            .await
            .expect_err("it is refused");
        assert!(!problem.contains("another-secret"), "{problem}");
        wrong.sign_up("bob@example.com").await;
        // It is not the mail's fault: it waits for the operator.
        let waiting = wrong.mail_becomes("bob@example.com", "welcome", "waiting").await;
        assert_eq!(waiting["state"], "waiting");
        wrong.close().await;

        let strange = with("secret-of-the-mail-server");
        let strange: Vec<_> = strange
            .into_iter()
            .filter(|(name, _)| *name != "SMTP_CA_FILE")
            .collect();
        let strange = Site::open(&strange).await;
        let problem = strange.system.adapters().mailer.check().await;
        assert!(problem.is_err(), "an unknown certificate is trusted");
        strange.close().await;
    }
}
