//! Moving to another address, by the links in real mails, and without telling who has which address.

use serde_json::{Value, json};

use super::account::{follow, me, site};
use super::server::SmtpServer;
use super::site::{Site, link};
use crate::support::{Browser, SIGN_UP};

const NEW: &str = "Verify your new email address";

async fn change(browser: &Browser, to: &str) -> crate::support::Answer {
    let form = json!({ "newEmail": to, "callbackURL": "/profile" });
    browser.post("/api/auth/change-email", form).await
}

/// Asks to move, which is answered alike whatever becomes of it.
async fn wish(browser: &Browser, to: &str) {
    let answer = change(browser, to).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
}

fn address(user: &Value) -> (&str, bool) {
    let email = user["email"].as_str().expect("an address");
    (email, user["emailVerified"].as_bool().expect("proven or not"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_keeps_its_address_until_the_other_one_is_proven() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server, &[]).await;
    let ann = site.sign_up("ann@example.com").await;
    change(&ann, "ANN@example.com")
        .await
        .auth_failure(400, "EMAIL_IS_THE_SAME");
    change(&ann, "ann").await.auth_failure(400, "INVALID_EMAIL");
    assert_eq!(change(&site.anybody(), "x@example.com").await.status, 401);

    wish(&ann, "ann@new.example.com").await;
    assert_eq!(address(&me(&ann).await), ("ann@example.com", false));
    let fresh = link(&server.mail("ann@new.example.com", NEW).await);
    // Whoever reads that mail and is not the user moves nobody.
    let stranger = site.anybody();
    assert_eq!(follow(&stranger, &fresh).await, "/profile?error=unauthorized");
    let bob = site.sign_up("bob@example.com").await;
    assert_eq!(follow(&bob, &fresh).await, "/profile?error=unauthorized");
    let cross = |it: reqwest::RequestBuilder| it.header("Sec-Fetch-Site", "cross-site");
    let again = stranger.send(reqwest::Method::GET, &fresh, cross).await;
    assert_eq!(again.status, 200, "cookies stayed behind: once more");
    assert!(again.text.contains("http-equiv=\"refresh\""));

    assert_eq!(follow(&ann, &fresh).await, "/profile");
    assert_eq!(address(&me(&ann).await), ("ann@new.example.com", true));
    assert!(
        follow(&ann, &fresh).await.ends_with("error=invalid_token"),
        "once"
    );
    // The link that went to the old address proves nothing any more.
    let stale = server.mail("ann@example.com", "Verify your email address").await;
    assert!(follow(&ann, &link(&stale)).await.ends_with("error=invalid_token"));

    a_proven_address_is_asked_first(&server, &site, &ann).await;
    site.close().await;
}

async fn a_proven_address_is_asked_first(server: &SmtpServer, site: &Site, ann: &Browser) {
    wish(ann, "ann@third.example.com").await;
    let asked = server
        .mail("ann@new.example.com", "Confirm your new email address")
        .await;
    let text = asked["text"].as_str().expect("a text");
    assert!(text.contains("ann@third.example.com"), "{text}");
    let agreement = link(&asked);
    assert_eq!(
        follow(&site.anybody(), &agreement).await,
        "/profile?error=unauthorized"
    );
    assert_eq!(follow(ann, &agreement).await, "/profile");
    assert!(follow(ann, &agreement).await.ends_with("error=invalid_token"));
    assert_eq!(address(&me(ann).await), ("ann@new.example.com", true));
    let arrival = link(&server.mail("ann@third.example.com", NEW).await);
    assert_eq!(follow(ann, &arrival).await, "/profile");
    assert_eq!(address(&me(ann).await), ("ann@third.example.com", true));
    server
        .mail("ann@new.example.com", "Your email address was changed")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_whether_somebody_has_the_address_that_an_account_would_move_to() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server, &[]).await;
    let (ann, bob) = (
        site.sign_up("ann@example.com").await,
        site.sign_up("bob@example.com").await,
    );
    let (before, free_before) = (me(&ann).await, me(&bob).await);
    wish(&ann, "admin@example.com").await;
    wish(&bob, "free@example.com").await;
    assert_eq!(me(&ann).await, before, "somebody has the address");
    assert_eq!(me(&bob).await, free_before, "nobody has it");
    site.mail_becomes("admin@example.com", "prove_new_address", "dropped")
        .await;
    site.mail_becomes("free@example.com", "prove_new_address", "delivered")
        .await;
    // Whoever signs up with an address while somebody is on the way there was quicker.
    let form = json!({ "name": "Free", "email": "free@example.com", "password": "a password of Free's" });
    assert_eq!(site.anybody().post(SIGN_UP, form).await.status, 200);
    let late = link(&server.mail("free@example.com", NEW).await);
    assert!(follow(&bob, &late).await.ends_with("error=invalid_token"));
    assert_eq!(me(&bob).await, free_before);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_another_password_is_told_by_mail() {
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let site = site(&server, &[]).await;
    let (ann, bob) = (
        site.sign_up("ann@example.com").await,
        site.sign_up("bob@example.com").await,
    );
    let form =
        json!({ "currentPassword": super::site::PASSWORD, "newPassword": "another password of Ann's" });
    assert_eq!(ann.post("/api/auth/change-password", form).await.status, 200);
    server.mail("ann@example.com", "Your password was changed").await;
    let form = json!({ "userId": me(&bob).await["id"], "newPassword": "a password by staff" });
    assert_eq!(
        crate::support::ask(&site.admin, "set-user-password", form)
            .await
            .status,
        200
    );
    server.mail("bob@example.com", "Your password was changed").await;
    site.close().await;
}
