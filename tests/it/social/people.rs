//! Who it is that comes back.

use domain::identity::{Ban, User};
use serde_json::{Value, json};

use super::site::{Site, arrives, fails};
use crate::support::{PASSWORD, Way, scenarios};

scenarios!(on both ways:
    a_visitor_becomes_a_customer_and_is_the_same_one_ever_after,
    an_account_whose_address_nobody_proved_is_taken_from_whoever_opened_it,
    an_account_whose_address_is_proven_keeps_its_password_and_sessions,
    an_address_that_github_has_not_verified_opens_nothing,
    whoever_is_banned_is_not_let_in_by_another_door,
    of_two_who_come_at_once_as_one_person_there_is_one_user,
);

const ANN: &str = "ann@example.com";

async fn a_visitor_becomes_a_customer_and_is_the_same_one_ever_after(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth
        .seat(
            7,
            "ann",
            &[
                ("other@example.com", false, true),
                ("Ann@Example.com", true, true),
            ],
        )
        .await;
    let first = site.sign_in().await;
    arrives(&first, "/welcome");
    let session = site.session(&first).await;
    let user = &session["user"];
    assert_eq!(
        (&user["email"], &user["name"]),
        (&json!(ANN), &json!("ann of GitHub"))
    );
    assert_eq!(
        (&user["emailVerified"], &user["role"]),
        (&json!(true), &json!("user"))
    );
    assert_eq!(user["image"], "https://avatars.example/u/1");
    let mut browser = site.anybody();
    browser.cookie = Some(first.session_cookie());
    let wallet = browser.get("/api/v1/dashboard/wallet").await;
    wallet.success(200, "USER_BALANCE");

    // They moved to another address there, and stay who they are here.
    site.oauth
        .seat(7, "ann2", &[("new@example.com", true, true)])
        .await;
    let second = site.sign_in().await;
    arrives(&second, "/dashboard");
    let again = site.session(&second).await;
    assert_eq!(again["user"]["id"], user["id"]);
    assert_eq!(again["user"]["email"], ANN);
    assert_ne!(first.session_cookie(), second.session_cookie());
    site.close().await;
}

async fn an_account_whose_address_nobody_proved_is_taken_from_whoever_opened_it(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    // Somebody knows that Ann will come one day, and waits with a password and a session.
    let (waiting, thief) = site.customer("ann").await;
    assert!(!waiting.email_verified);
    site.oauth.seat(7, "ann", &[(ANN, true, true)]).await;
    let answer = site.sign_in().await;
    arrives(&answer, "/dashboard");
    let session = site.session(&answer).await;
    assert_eq!(session["user"]["id"], waiting.id.as_str());
    assert_eq!(session["user"]["emailVerified"], true);
    assert_eq!(thief.get("/api/auth/get-session").await.json(), Value::Null);
    let form = json!({ "email": ANN, "password": PASSWORD });
    let refused = thief.stranger().post("/api/auth/sign-in/email", form).await;
    refused.auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    arrives(&site.sign_in().await, "/dashboard");
    site.close().await;
}

async fn an_account_whose_address_is_proven_keeps_its_password_and_sessions(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    let (user, browser) = site.customer("ann").await;
    let proven = User {
        email_verified: true,
        ..user
    };
    site.save(&proven).await;
    site.oauth.seat(7, "ann", &[(ANN, true, true)]).await;
    let answer = site.sign_in().await;
    arrives(&answer, "/dashboard");
    assert_eq!(site.session(&answer).await["user"]["id"], proven.id.as_str());
    let session = browser.get("/api/auth/get-session").await.json();
    assert_eq!(session["user"]["id"], proven.id.as_str());
    let form = json!({ "email": ANN, "password": PASSWORD });
    let again = browser.stranger().post("/api/auth/sign-in/email", form).await;
    assert_eq!(again.status, 200, "{}", again.text);
    site.close().await;
}

async fn an_address_that_github_has_not_verified_opens_nothing(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    let (user, browser) = site.customer("ann").await;
    site.oauth.seat(7, "ann", &[(ANN, true, false)]).await;
    fails(&site.sign_in().await, "account_not_linked");
    site.save(&User {
        email_verified: true,
        ..user
    })
    .await;
    fails(&site.sign_in().await, "account_not_linked");
    let session = browser.get("/api/auth/get-session").await.json();
    assert_eq!(session["user"]["email"], ANN);
    // Nor does a free address: its owner may want it one day.
    site.oauth
        .seat(8, "bob", &[("bob@example.com", true, false)])
        .await;
    fails(&site.sign_in().await, "account_not_linked");
    assert_eq!(site.user("bob@example.com").await, None);
    site.oauth.seat(8, "bob", &[]).await;
    fails(&site.sign_in().await, "email_not_found");
    site.close().await;
}

async fn whoever_is_banned_is_not_let_in_by_another_door(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    let (user, _) = site.customer("ann").await;
    let banned = User {
        ban: Some(Ban {
            reason: None,
            until: None,
        }),
        ..user.clone()
    };
    site.save(&banned).await;
    site.oauth.seat(7, "ann", &[(ANN, true, true)]).await;
    fails(&site.sign_in().await, "banned");
    // It was not linked either, and nothing was taken over.
    site.save(&user).await;
    let form = json!({ "email": ANN, "password": PASSWORD });
    assert_eq!(
        site.anybody().post("/api/auth/sign-in/email", form).await.status,
        200
    );
    arrives(&site.sign_in().await, "/dashboard");
    site.save(&banned).await;
    fails(&site.sign_in().await, "banned");
    let over = Ban {
        reason: None,
        until: Some(site.system.adapters().clock.now()),
    };
    site.save(&User {
        ban: Some(over),
        ..user
    })
    .await;
    let answer = site.sign_in().await;
    arrives(&answer, "/dashboard");
    assert_eq!(site.session(&answer).await["user"]["email"], ANN);
    site.close().await;
}

async fn of_two_who_come_at_once_as_one_person_there_is_one_user(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth.seat(7, "ann", &[(ANN, true, true)]).await;
    let (one, two) = (site.go().await, site.go().await);
    let backs = [
        site.oauth.consent(&one.url).await,
        site.oauth.consent(&two.url).await,
    ];
    let (first, second) = tokio::join!(one.come_back(&backs[0]), two.come_back(&backs[1]));
    let mut users = Vec::new();
    for answer in [&first, &second] {
        assert_eq!(answer.status, 302);
        users.push(site.session(answer).await["user"]["id"].clone());
    }
    assert_eq!(users[0], users[1]);
    let mut pages = [first.header("location"), second.header("location")];
    pages.sort_unstable();
    assert_eq!(pages, [Some("/dashboard"), Some("/welcome")]);
    site.close().await;
}
