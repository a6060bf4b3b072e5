//! An account elsewhere is one factor.

use domain::identity::User;
use serde_json::{Value, json};

use super::site::{Site, arrives};
use crate::support::{SESSION, Way, scenarios};
use crate::two_factor::device::{Device, TRUST, begin};

scenarios!(on both ways:
    whoever_comes_back_from_github_is_asked_for_a_code_too,
    the_app_of_whoever_never_proved_the_address_is_asked_for_nothing,
);

const ANN: &str = "ann@example.com";

/// A customer with an app, and their device.
async fn customer(site: &Site) -> (User, Device, crate::two_factor::device::App) {
    let (user, _) = site.customer("ann").await;
    let mut device = Device::new(&[site.address()]);
    device.sign_in(&user).await;
    let (mut app, _) = begin(&mut device, None).await;
    let shown = device.show(&app.code(&site.system).await).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    (user, device, app)
}

async fn whoever_comes_back_from_github_is_asked_for_a_code_too(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    let (user, _, mut app) = customer(&site).await;
    site.save(&User {
        email_verified: true,
        ..user.clone()
    })
    .await;
    site.oauth.seat(7, "ann", &[(ANN, true, true)]).await;
    let answer = site.sign_in().await;
    let page = answer.header("location").expect("a page");
    assert!(page.ends_with("/dashboard?twoFactorRedirect=true"), "{page}");
    let granted = |cookie: &String| cookie.starts_with(SESSION) && !cookie.contains("Max-Age=0");
    assert!(!answer.cookies().iter().any(granted), "{:?}", answer.cookies());
    let mut device = Device::new(&[site.address()]);
    device.keep(&answer);
    assert_eq!(device.me().await, Value::Null);
    let form = json!({ "code": app.code(&site.system).await, "trustDevice": true });
    let shown = device.post("/api/auth/two-factor/verify-totp", form).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!(device.me().await["id"], user.id.as_str());

    // A device that its user trusts is asked for nothing.
    let mut away = site.go().await;
    let back = site.oauth.consent(&away.url).await;
    let own = away.browser.cookie.take().expect("a cookie");
    away.browser.cookie = Some(format!("{own}; {TRUST}={}", device.cookies[TRUST]));
    arrives(&away.come_back(&back).await, "/dashboard");
    site.close().await;
}

async fn the_app_of_whoever_never_proved_the_address_is_asked_for_nothing(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    // Somebody knows that Ann will come one day, and waits with a password and an app.
    let (user, mut thief, _) = customer(&site).await;
    site.oauth.seat(7, "ann", &[(ANN, true, true)]).await;
    let answer = site.sign_in().await;
    arrives(&answer, "/dashboard");
    let session = site.session(&answer).await;
    assert_eq!(session["user"]["id"], user.id.as_str());
    assert_eq!(session["user"]["twoFactorEnabled"], false);
    assert_eq!(thief.me().await, Value::Null);
    site.close().await;
}
