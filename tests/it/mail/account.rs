//! Proving an address and deleting the account, by the links in real mails.

use domain::UserId;
use serde_json::json;

use super::server::SmtpServer;
use super::site::{PASSWORD, PUBLIC, Site, link};
use crate::support::Browser;

pub async fn site(server: &SmtpServer, more: &[(&str, &str)]) -> Site {
    let port = server.port.to_string();
    let mut pairs = vec![
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", port.as_str()),
        ("SMTP_SECURITY", "plain"),
    ];
    pairs.extend(more);
    Site::open(&pairs).await
}

/// Follows a link; where it leads.
pub async fn follow(browser: &Browser, link: &str) -> String {
    let followed = browser.get(link).await;
    assert_eq!(followed.status, 302, "{}", followed.text);
    let page = followed.header("location").expect("a page");
    page.strip_prefix(PUBLIC).expect("a page of ours").to_owned()
}

/// The user of the browser's session.
pub async fn me(browser: &Browser) -> serde_json::Value {
    browser.get("/api/auth/get-session").await.json()["user"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_proven_an_address_may_order_where_that_is_asked_for() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server, &[("ORDERS_REQUIRE_VERIFIED_EMAIL", "true")]).await;
    let ann = site.sign_up("ann@example.com").await;
    let line =
        json!({ "category": "any", "service": "1", "link": "https://instagram.com/p/1", "quantity": 100 });
    let order = async || ann.post("/api/v1/dashboard/orders", line.clone()).await;
    let many =
        json!({ "orders": [{ "service": "1", "link": "https://instagram.com/p/1", "quantity": 100 }] });
    let mass = async || ann.post("/api/v1/dashboard/orders/mass", many.clone()).await;
    order().await.failure(403, "EMAIL_NOT_VERIFIED");
    mass().await.failure(403, "EMAIL_NOT_VERIFIED");
    assert_eq!(me(&ann).await["emailVerified"], false);

    let mail = server.mail("ann@example.com", "Verify your email address").await;
    // Whoever can read the mail has the address: the link needs no session, and gives none.
    let anybody = site.anybody();
    let followed = anybody.get(&link(&mail)).await;
    assert_eq!(
        followed.header("location"),
        Some("http://panel.example/dashboard")
    );
    assert!(followed.cookies().is_empty(), "a link signs in");
    assert_eq!(me(&ann).await["emailVerified"], true);
    assert_eq!(
        follow(&anybody, &link(&mail)).await,
        "/dashboard?error=invalid_token"
    );
    order().await.failure(404, "SERVICE_NOT_FOUND");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_proves_an_address_signs_in_where_that_is_set() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server, &[("MAIL_SIGN_IN_AFTER_VERIFICATION", "true")]).await;
    site.sign_up("ann@example.com").await;
    let mail = server.mail("ann@example.com", "Verify your email address").await;
    let followed = site.anybody().get(&link(&mail)).await;
    let mut browser = site.anybody();
    browser.cookie = Some(followed.session_cookie());
    assert_eq!(me(&browser).await["email"], "ann@example.com");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_by_its_user_once_nothing_is_left_in_it() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server, &[]).await;
    let (ann, bob) = (
        site.sign_up("ann@example.com").await,
        site.sign_up("bob@example.com").await,
    );
    let delete = async |password: &str| {
        let form = json!({ "password": password, "callbackURL": "/goodbye" });
        ann.post("/api/auth/delete-user", form).await
    };
    delete("another password")
        .await
        .auth_failure(400, "INVALID_PASSWORD");
    let id = me(&ann).await["id"].as_str().expect("an id").to_owned();
    let credit = json!({ "amount": "5", "reason": "a gift" });
    let path = format!("/api/v1/admin/users/{id}/wallet/credit");
    site.admin
        .post(&path, credit)
        .await
        .success(201, "WALLET_CREDITED");
    delete(PASSWORD).await.auth_failure(409, "WALLET_NOT_EMPTY");

    let asked = bob
        .post(
            "/api/auth/delete-user",
            json!({ "password": PASSWORD, "callbackURL": "/goodbye" }),
        )
        .await;
    assert_eq!(
        asked.json(),
        json!({ "success": true, "message": "Verification email sent" })
    );
    let mail = server
        .mail("bob@example.com", "Confirm that your account is to be deleted")
        .await;
    let (link, bobs_id) = (
        link(&mail),
        me(&bob).await["id"].as_str().expect("an id").to_owned(),
    );
    site.anybody()
        .get(&link)
        .await
        .auth_failure(404, "FAILED_TO_GET_USER_INFO");
    ann.get(&link).await.auth_failure(404, "INVALID_TOKEN");
    assert_eq!(follow(&bob, &link).await, "/goodbye");
    assert_eq!(me(&bob).await, json!(null));
    assert!(!site.admits("bob@example.com", PASSWORD).await);
    let mails = site.admin.get("/api/v1/admin/mails?limit=100").await;
    assert!(!mails.text.contains("bob@example.com"), "{}", mails.text);
    let gone = site.system.adapters().identity.user(&UserId::new(bobs_id)).await;
    assert_eq!(gone, Ok(None));
    // The address is free again.
    site.sign_up("bob@example.com").await;
    site.close().await;
}
