//! How often one network may ask for what costs something.

use serde_json::json;

use crate::client::Answer;
use crate::server::{TestServer, direct, start, start_as};

const OK: &str = "/api/auth/list-sessions";

/// A server behind one proxy.
async fn behind_a_proxy() -> TestServer {
    let mut config = direct();
    config.trusted_hops = 1;
    start_as(config, |state| state).await
}

async fn from(server: &TestServer, path: &str, address: &str) -> Answer {
    server
        .request("GET", path)
        .header("X-Forwarded-For", address)
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_learns_how_much_is_left_and_when_to_come_back() {
    let server = behind_a_proxy().await;
    let first = from(&server, OK, "2001:db8:1:2::1").await;
    assert_eq!(first.status, 401);
    let told = |answer: &Answer, name: &str| answer.header(name).unwrap().to_owned();
    assert_eq!(told(&first, "ratelimit-limit"), "100");
    assert_eq!(told(&first, "ratelimit-remaining"), "99");
    assert_eq!(told(&first, "ratelimit-policy"), "100;w=10");
    assert_eq!(told(&first, "x-ratelimit-limit"), "100");
    assert!(told(&first, "x-ratelimit-reset").ends_with('Z'));
    let mut denied = None;
    for host in 2..3_000 {
        // Every address of the network counts.
        let answer = from(&server, OK, &format!("2001:db8:1:2::{host:x}")).await;
        if answer.status == 429 {
            denied = Some(answer);
            break;
        }
    }
    let denied = denied.expect("thousands at once are too many");
    assert_eq!(denied.error(), (429, "TOO_MANY_REQUESTS".to_owned()));
    assert_eq!(told(&denied, "ratelimit-remaining"), "0");
    assert_eq!(told(&denied, "retry-after"), told(&denied, "x-retry-after"));
    assert_eq!(
        from(&server, OK, "2001:db8:1:3::1").await.status,
        401,
        "another network"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_looked_up_however_often_one_address_asks() {
    let server = behind_a_proxy().await;
    for _ in 0..150 {
        let answer = from(&server, "/api/auth/get-session", "192.0.2.7").await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "null"));
        assert!(answer.header("ratelimit-limit").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_wrong_password_waits_and_right_ones_are_not_counted() {
    let server = start().await;
    server.customer().await;
    let try_with = async |password: &str| {
        let form = json!({ "email": "ann@example.com", "password": password });
        server
            .request("POST", "/api/auth/sign-in/email")
            .json(&form)
            .send()
            .await
    };
    for _ in 0..12 {
        assert_eq!(try_with(crate::server::PASSWORD).await.status, 200);
    }
    for _ in 0..5 {
        assert_eq!(try_with("wrong password").await.status, 401);
    }
    let sixth = try_with("wrong password").await;
    assert_eq!(sixth.error(), (429, "TOO_MANY_REQUESTS".to_owned()));
    let pause: u64 = sixth.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=180).contains(&pause), "{pause}");
    // A delay for everybody who comes from there: a right password would tell that it was guessed.
    assert_eq!(try_with(crate::server::PASSWORD).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_from_afar_does_not_keep_the_owner_out() {
    let server = behind_a_proxy().await;
    server.customer().await;
    let try_from = async |address: &str, password: &str| {
        let form = json!({ "email": "ann@example.com", "password": password });
        server
            .request("POST", "/api/auth/sign-in/email")
            .header("X-Forwarded-For", address)
            .json(&form)
            .send()
            .await
    };
    for _ in 0..8 {
        try_from("192.0.2.66", "wrong password").await;
    }
    assert_eq!(try_from("192.0.2.66", "wrong password").await.status, 429);
    assert_eq!(
        try_from("198.51.100.7", crate::server::PASSWORD).await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_spelling_of_a_path_is_counted_as_the_path() {
    let server = behind_a_proxy().await;
    let sign_in = async |path: &str| {
        let form = json!({ "email": "nobody@example.com", "password": "wrong password" });
        server
            .request("POST", path)
            .header("X-Forwarded-For", "192.0.2.8")
            .json(&form)
            .send()
            .await
    };
    for path in [
        "/api/auth/sign-in/email",
        "/api/auth/%73ign-in/email",
        "/api/%61uth/sign-in/email",
        "/%61pi/v1/auth/sign%2Din/email",
    ] {
        let answer = sign_in(path).await;
        let expected = (401, "INVALID_EMAIL_OR_PASSWORD".to_owned());
        assert_eq!(answer.error(), expected, "{path}");
        assert_eq!(answer.header("ratelimit-limit"), Some("20"), "{path}");
    }
    // What is no spelling of it reaches nothing.
    for path in [
        "/api/auth/sign-in/email/",
        "/api/auth//sign-in/email",
        "/api//auth/sign-in/email",
        "/api/auth/sign-in%2Femail",
    ] {
        assert_eq!(sign_in(path).await.status, 404, "{path}");
    }
}
