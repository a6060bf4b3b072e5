//! Pages of other sites, and who a client is.

use serde_json::json;

use crate::server::{direct, start, start_as};

const SIGN_OUT: &str = "/api/auth/sign-out";
const CANCEL: &str = "/api/v1/dashboard/orders/1/cancel";

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_cannot_act_with_a_visitors_cookie() {
    let server = start().await;
    let (_, ann) = server.customer().await;

    let answer = server
        .request("POST", CANCEL)
        .cookie(&ann)
        .header("Origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(answer.error(), (403, "INVALID_ORIGIN".to_owned()));

    let answer = server
        .request("POST", SIGN_OUT)
        .cookie(&ann)
        .header("Sec-Fetch-Site", "cross-site")
        .send()
        .await;
    assert_eq!(
        answer.json(),
        json!({ "code": "INVALID_ORIGIN", "message": "Invalid origin" })
    );

    let session = server.get("/api/auth/get-session", &ann).await;
    assert!(session.json().is_object(), "the session is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_page_a_program_and_a_look_pass() {
    let server = start().await;
    let (_, ann) = server.customer().await;
    let own = format!("http://{}", server.address);
    for headers in [
        vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")],
        vec![("Origin", own.as_str())],
        vec![],
    ] {
        let mut request = server.request("POST", CANCEL).cookie(&ann);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(request.send().await.status, 404, "there is no order to cancel");
    }
    let looked = server
        .request("GET", "/api/v1/dashboard/wallet")
        .cookie(&ann)
        .header("Sec-Fetch-Site", "cross-site")
        .send()
        .await;
    assert_eq!(looked.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_cookies_are_secure_and_the_public_address_is_ours() {
    let mut config = direct();
    config.public_origins = vec!["https://smm.example/".to_owned()];
    config.secure_cookies = true;
    let server = start_as(config, |state| state).await;
    let form = json!({
        "name": "Ann", "email": "ann@example.com", "password": "Correct-Horse-1",
    });
    let answer = server
        .request("POST", "/api/auth/sign-up/email")
        .json(&form)
        .send()
        .await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Strict"),
        "{cookie}"
    );
    let answer = server
        .request("POST", CANCEL)
        .cookie(&answer.cookies())
        .header("Origin", "https://smm.example")
        .send()
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_from_one_address_is_slowed_down_whatever_address_it_claims() {
    let mut config = direct();
    config.trusted_hops = 1;
    let server = start_as(config, |state| state).await;
    let mut last = None;
    for attempt in 0..31 {
        let form = json!({ "email": format!("user{attempt}@example.com"), "password": "wrong password" });
        let answer = server
            .request("POST", "/api/auth/sign-in/email")
            .header("X-Forwarded-For", &format!("10.0.0.{attempt}, 192.0.2.7"))
            .json(&form)
            .send()
            .await;
        last = Some(answer);
    }
    let answer = last.unwrap();
    assert_eq!(answer.error(), (429, "TOO_MANY_REQUESTS".to_owned()));
    let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=90).contains(&pause), "{pause}");
    assert_eq!(answer.json()["retryAfter"], pause);
}
