//! Signing up, in and out, as the web application's client library does it.

use domain::identity::{Ban, Role, Session, SessionKind, User};
use domain::text::{Email, Name};
use domain::{Secret, SessionId, Timestamp, UserId};
use reqwest::Method;
use reqwest::header::{ORIGIN, SET_COOKIE};
use serde_json::{Value, json};
use smm_guru::System;

use crate::support::{
    Answer, Browser, GET_SESSION, SESSION, SIGN_IN, SIGN_OUT, SIGN_UP, WALLET, Way, fields, is_date,
    scenarios,
};

scenarios!(on both ways:
    a_visitor_signs_up_uses_the_session_and_signs_out,
    signing_in_sets_the_cookie_of_the_contract,
    a_wrong_password_and_an_unknown_address_look_the_same,
    a_sign_up_that_breaks_a_rule_creates_nobody,
    guessing_is_slowed_down,
    a_banned_user_neither_signs_in_nor_goes_on_nor_orders,
    a_cookie_that_was_not_given_out_signs_nobody_in,
    pages_of_other_sites_cannot_act,
);
scenarios!(on two nodes:
    a_visitor_signs_up_uses_the_session_and_signs_out,
    guessing_is_slowed_down,
);

const USER_FIELDS: [&str; 7] = [
    "createdAt",
    "email",
    "emailVerified",
    "id",
    "image",
    "name",
    "updatedAt",
];

async fn a_visitor_signs_up_uses_the_session_and_signs_out(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut visitor = Browser::anonymous(&world.addresses());
    let form = json!({
        "name": "Alice Doe", "email": "Alice@Example.com", "password": "Correct-Horse-1", "callbackURL": "/dashboard",
    });
    let signed_up = visitor.post(SIGN_UP, form.clone()).await;
    assert_eq!(signed_up.status, 200, "{}", signed_up.text);
    let body = signed_up.json();
    assert_eq!(fields(&body), ["token", "user"]);
    assert_eq!(fields(&body["user"]), USER_FIELDS);
    assert_eq!(body["user"]["email"], "alice@example.com");
    assert_eq!(body["user"]["image"], Value::Null);
    assert_eq!(body["user"]["emailVerified"], false);
    assert_eq!(body["token"].as_str().map(str::len), Some(32));
    assert!(body["user"]["createdAt"].as_str().is_some_and(is_date));
    visitor.cookie = Some(signed_up.session_cookie());

    let answer = visitor.get(GET_SESSION).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let session = answer.json();
    assert_eq!(fields(&session), ["session", "user"]);
    let expected = [
        "createdAt",
        "expiresAt",
        "id",
        "impersonatedBy",
        "ipAddress",
        "token",
        "updatedAt",
        "userAgent",
        "userId",
    ];
    assert_eq!(fields(&session["session"]), expected);
    assert!(session["session"]["expiresAt"].as_str().is_some_and(is_date));
    let expected = [
        "banExpires",
        "banReason",
        "banned",
        "createdAt",
        "email",
        "emailVerified",
        "id",
        "image",
        "name",
        "role",
        "twoFactorEnabled",
        "updatedAt",
    ];
    assert_eq!(fields(&session["user"]), expected);
    assert_eq!(session["user"]["role"], "user");
    assert_eq!(session["user"]["id"], body["user"]["id"]);
    let wallet = visitor.get(WALLET).await.success(200, "USER_BALANCE");
    assert_eq!(wallet["balance"], "0.00");

    visitor
        .post(SIGN_UP, form)
        .await
        .auth_failure(422, "USER_ALREADY_EXISTS");

    let out = visitor.post(SIGN_OUT, json!({})).await;
    assert_eq!((out.status, out.json()), (200, json!({ "success": true })));
    let cleared = |name: &str| format!("{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict");
    let names = [SESSION, "better-auth.session_data", "better-auth.dont_remember"];
    assert_eq!(out.cookies(), names.map(cleared));
    // The cookie that was kept is worth nothing now.
    let after = visitor.get(GET_SESSION).await;
    assert_eq!((after.status, after.json()), (200, Value::Null));
    assert_eq!(after.cookies(), names.map(cleared));
    visitor.get(WALLET).await.failure(401, "Validation Error");
    let again = visitor.post(SIGN_OUT, json!({})).await;
    assert_eq!(again.status, 200, "signing out twice is no error");
    world.close().await;
}

async fn signing_in_sets_the_cookie_of_the_contract(way: Way) {
    let Some(world) = way.world().await else { return };
    let browser = Browser::anonymous(&world.addresses());
    let mut form = json!({
        "email": "customer@example.com", "password": "Correct-Horse-7", "callbackURL": "/dashboard",
    });
    let answer = browser.post(SIGN_IN, form.clone()).await;
    let body = answer.json();
    assert_eq!(fields(&body), ["redirect", "token", "url", "user"]);
    assert_eq!(
        (&body["redirect"], &body["url"]),
        (&json!(true), &json!("/dashboard"))
    );
    assert_eq!(fields(&body["user"]), USER_FIELDS);
    let cookies = answer.cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let (value, attributes) = cookies[0].split_once("; ").expect("a cookie has attributes");
    assert_eq!(attributes, "Max-Age=604800; Path=/; HttpOnly; SameSite=Strict");
    let value = value
        .strip_prefix("better-auth.session_token=")
        .expect("the session cookie");
    let (token, signature) = value.split_once('.').expect("a token and its signature");
    assert_eq!(token, body["token"], "the token in clear, then its signature");
    assert!(signature.ends_with("%3D"), "base64, percent-encoded: {signature}");

    form["rememberMe"] = json!(false);
    form["callbackURL"] = Value::Null;
    let forgetful = browser.post(SIGN_IN, form.clone()).await;
    assert_eq!(forgetful.json()["redirect"], false);
    let cookies = forgetful.cookies();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert!(
        cookies.iter().all(|cookie| !cookie.contains("Max-Age")),
        "{cookies:?}"
    );

    form["callbackURL"] = json!("https://evil.example/");
    browser
        .post(SIGN_IN, form)
        .await
        .auth_failure(403, "INVALID_CALLBACKURL");
    world.close().await;
}

async fn a_wrong_password_and_an_unknown_address_look_the_same(way: Way) {
    let Some(world) = way.world().await else { return };
    let browser = Browser::anonymous(&world.addresses());
    let sign_in = async |email: &str| {
        let form = json!({ "email": email, "password": "Wrong-Horse-7" });
        browser.post(SIGN_IN, form).await
    };
    let (wrong, unknown) = (
        sign_in("customer@example.com").await,
        sign_in("nobody@example.com").await,
    );
    for answer in [&wrong, &unknown] {
        answer.auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
        assert!(answer.headers.get(SET_COOKIE).is_none());
    }
    assert_eq!(wrong.text, unknown.text);
    sign_in("no address").await.auth_failure(400, "INVALID_EMAIL");
    let answer = browser
        .post(SIGN_IN, json!({ "email": "customer@example.com" }))
        .await;
    assert_eq!(
        answer.auth_failure(400, "VALIDATION_ERROR"),
        "Invalid body parameters"
    );
    world.close().await;
}

async fn a_sign_up_that_breaks_a_rule_creates_nobody(way: Way) {
    let Some(world) = way.world().await else { return };
    let browser = Browser::anonymous(&world.addresses());
    let long = "x".repeat(129);
    for (email, password, code) in [
        ("new@example.com", "Short-1", "PASSWORD_TOO_SHORT"),
        ("new@example.com", long.as_str(), "PASSWORD_TOO_LONG"),
        ("new at example.com", "Correct-Horse-1", "INVALID_EMAIL"),
    ] {
        let form = json!({ "name": "New", "email": email, "password": password });
        let answer = browser.post(SIGN_UP, form).await;
        answer.auth_failure(400, code);
        assert!(!answer.text.contains(password), "a password is never repeated");
    }
    let role = json!({
        "name": "New", "email": "new@example.com", "password": "Correct-Horse-1", "role": "admin", "emailVerified": true,
    });
    let mut visitor = browser.stranger();
    let answer = visitor.post(SIGN_UP, role).await;
    visitor.cookie = Some(answer.session_cookie());
    let user = visitor.get(GET_SESSION).await.json()["user"].clone();
    assert_eq!(
        (&user["role"], &user["emailVerified"]),
        (&json!("user"), &json!(false))
    );
    visitor
        .get("/api/v1/admin/users")
        .await
        .failure(401, "Validation Error");
    world.close().await;
}

async fn guessing_is_slowed_down(way: Way) {
    let Some(world) = way.world().await else { return };
    let browser = Browser::anonymous(&world.addresses());
    let mut answers = Vec::new();
    for guess in 0..12 {
        let form = json!({ "email": "customer@example.com", "password": format!("Wrong-Horse-{guess}") });
        answers.push(browser.post(SIGN_IN, form).await);
    }
    let slowed: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!slowed.is_empty(), "twelve guesses in a second pass");
    for answer in slowed {
        answer.auth_failure(429, "TOO_MANY_REQUESTS");
        let pause: u64 = answer
            .header("retry-after")
            .and_then(|it| it.parse().ok())
            .expect("a pause");
        assert_eq!(answer.json()["retryAfter"], pause);
    }
    world.customer.get(WALLET).await.success(200, "USER_BALANCE");
    world.close().await;
}

/// A user whom staff have banned, with a session from before.
async fn banned(system: &System, until: Option<Timestamp>) -> (User, String) {
    let ports = system.adapters();
    let now = ports.clock.now();
    let user = User {
        id: UserId::new(ports.ids.text_id()),
        name: Name::parse("Mallory").expect("a name"),
        email: Email::parse("mallory@example.com").expect("an address"),
        email_verified: false,
        image: None,
        role: Role::User,
        ban: Some(Ban {
            reason: Some("Fraud".to_owned()),
            until,
        }),
        second_factor: None,
        created_at: now,
        updated_at: now,
    };
    let hash = ports
        .hasher
        .hash(&Secret::new("Correct-Horse-7"))
        .await
        .expect("a hash");
    let token = ports.ids.text_id();
    let session = Session {
        id: SessionId::new(ports.ids.text_id()),
        user: user.id.clone(),
        kind: SessionKind::Browser,
        expires_at: now.plus(std::time::Duration::from_secs(3_600)),
        ip_address: None,
        user_agent: None,
        impersonated_by: None,
        authenticated_at: now,
        created_at: now,
        updated_at: now,
    };
    let mut tx = ports.store.begin().await.expect("a transaction");
    tx.identity().insert_user(&user).await.expect("a new user");
    let account = ports.ids.text_id();
    tx.identity()
        .set_password(&account, &user.id, &hash, now)
        .await
        .expect("a password");
    let digest = ports.digester.digest(&token);
    tx.identity()
        .insert_session(&session, &digest)
        .await
        .expect("a session");
    tx.commit().await.expect("it is recorded");
    let cookie = ports
        .signer
        .sign(&token)
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    (user, format!("{SESSION}={cookie}"))
}

async fn a_banned_user_neither_signs_in_nor_goes_on_nor_orders(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, cookie) = banned(world.system(), None).await;
    world.fund(user.id.as_str(), "5").await;
    let mut mallory = Browser::anonymous(&world.addresses());
    let form = json!({ "email": "mallory@example.com", "password": "Correct-Horse-7" });
    mallory.post(SIGN_IN, form).await.auth_failure(403, "BANNED_USER");
    let wrong = json!({ "email": "mallory@example.com", "password": "Wrong-Horse-7" });
    mallory
        .post(SIGN_IN, wrong)
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");

    mallory.cookie = Some(cookie);
    assert_eq!(mallory.get(GET_SESSION).await.json(), Value::Null);
    mallory.get(WALLET).await.failure(401, "Validation Error");
    let order = world.order_form("1012", "complete", 100);
    mallory
        .post("/api/v1/dashboard/orders", order)
        .await
        .failure(401, "Validation Error");
    assert_eq!(world.requests("add"), 0);
    world.close().await;
}

async fn a_cookie_that_was_not_given_out_signs_nobody_in(way: Way) {
    let Some(world) = way.world().await else { return };
    let cookie = world.customer.cookie.clone().expect("a session");
    let (name, value) = cookie.split_once('=').expect("a cookie");
    let (token, signature) = value.split_once('.').expect("a signed token");
    let (_, other) = world.join("other", Role::User).await;
    let other = other.cookie.expect("a session");
    let (_, foreign) = other.rsplit_once('.').expect("a signed token");
    for forged in [
        format!("{name}={token}"),
        format!("{name}={token}."),
        format!("{name}={token}.{foreign}"),
        format!("{name}=x{token}.{signature}"),
        format!("{name}=.{signature}"),
        format!("{name}=%"),
        format!("other={value}"),
    ] {
        let mut browser = Browser::anonymous(&world.addresses());
        browser.cookie = Some(forged.clone());
        browser.get(WALLET).await.failure(401, "Validation Error");
        assert_eq!(browser.get(GET_SESSION).await.json(), Value::Null, "{forged}");
    }
    let mut among_others = Browser::anonymous(&world.addresses());
    among_others.cookie = Some(format!("theme=dark; {cookie}; x=y"));
    among_others.get(WALLET).await.success(200, "USER_BALANCE");
    world.close().await;
}

async fn pages_of_other_sites_cannot_act(way: Way) {
    let Some(world) = way.world().await else { return };
    let orders = "/api/v1/dashboard/orders";
    let form = world.order_form("1012", "complete", 100);
    let with = async |name: &str, value: &str, path: &str| {
        let complete = |request: reqwest::RequestBuilder| request.header(name, value).json(&form);
        world.customer.send(Method::POST, path, complete).await
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        (ORIGIN.as_str(), "https://evil.example"),
        (ORIGIN.as_str(), "null"),
    ] {
        with(name, value, orders).await.failure(403, "INVALID_ORIGIN");
        with(name, value, SIGN_OUT)
            .await
            .auth_failure(403, "INVALID_ORIGIN");
    }
    // Looking is no acting, and a program sends neither header.
    let complete = |request: reqwest::RequestBuilder| request.header("sec-fetch-site", "cross-site");
    let looked = world.customer.send(Method::GET, orders, complete).await;
    assert_eq!(looked.success(200, "ORDER_FETCHED")["orders"], json!([]));
    let placed = with("sec-fetch-site", "same-origin", orders)
        .await
        .success(201, "ORDER_CREATED");
    world
        .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
        .await;
    world.customer.get(WALLET).await.success(200, "USER_BALANCE");
    world.close().await;
}
