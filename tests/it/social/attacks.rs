//! What others try with a sign-in that is under way.

use application::identity::{BeginSocialError, Browser, Pages};
use serde_json::json;

use super::site::{PUBLIC, Site, arrives, digest, fails, fails_here, part};
use crate::support::{Way, scenarios};

scenarios!(on both ways:
    only_the_browser_that_began_it_ends_a_sign_in_and_only_once,
    a_code_is_worth_nothing_in_another_sign_in,
    a_sign_in_that_took_too_long_has_ended,
    a_network_begins_so_many_sign_ins_and_no_more,
    the_address_that_github_sends_back_to_is_the_configured_one,
);

const ANN: &[(&str, bool, bool)] = &[("ann@example.com", true, true)];

async fn only_the_browser_that_began_it_ends_a_sign_in_and_only_once(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth.seat(7, "ann", ANN).await;
    // An attacker sends their own way back to somebody else, to sign them in as the attacker.
    let attacker = site.go().await;
    let trap = site.oauth.consent(&attacker.url).await;
    let mut victim = site.go().await;
    fails_here(&victim.come_back(&trap).await, "please_restart_the_process");
    fails_here(&attacker.come_back(&trap).await, "please_restart_the_process");
    let session_less = site.go().await;
    let trap = site.oauth.consent(&session_less.url).await;
    victim.browser.cookie = None;
    fails_here(&victim.come_back(&trap).await, "please_restart_the_process");

    let away = site.go().await;
    let back = site.oauth.consent(&away.url).await;
    arrives(&away.come_back(&back).await, "/welcome");
    fails_here(&away.come_back(&back).await, "please_restart_the_process");

    let mut forged = site.go().await;
    let back = site.oauth.consent(&forged.url).await;
    let cookie = forged.browser.cookie.take().expect("a cookie");
    forged.browser.cookie = Some(cookie.replace("away%3A", "away%3Ax"));
    fails_here(&forged.come_back(&back).await, "please_restart_the_process");
    site.close().await;
}

async fn a_network_begins_so_many_sign_ins_and_no_more(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    let social = &site.system.services().identity.social_sign_in;
    let from = |address: &str| Browser {
        ip_address: Some(address.to_owned()),
        ..Browser::default()
    };
    let begin = async |address: &str| social.begin("github", &Pages::default(), &from(address)).await;
    let mut begun = 0;
    while begin("192.0.2.7").await.is_ok() {
        begun += 1;
        assert!(begun < 200, "nobody stops it");
    }
    assert!(begun >= 60, "{begun}");
    let refused = begin("192.0.2.7").await;
    assert!(
        matches!(refused, Err(BeginSocialError::TooMany { .. })),
        "{refused:?}"
    );
    assert!(begin("192.0.2.8").await.is_ok(), "another network");
    site.close().await;
}

async fn a_code_is_worth_nothing_in_another_sign_in(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth.seat(7, "ann", ANN).await;
    let stolen = site.oauth.consent(&site.go().await.url).await;
    let code = part(&stolen, "code");
    let thief = site.go().await;
    let back = format!(
        "/api/auth/callback/github?code={code}&state={}",
        thief.query("state")
    );
    fails(&thief.come_back(&back).await, "invalid_code");
    // A code that was used is not good again either, whoever has it.
    let away = site.go().await;
    let used = site.oauth.consent(&away.url).await;
    arrives(&away.come_back(&used).await, "/welcome");
    let thief = site.go().await;
    let code = part(&used, "code");
    let back = format!(
        "/api/auth/callback/github?code={code}&state={}",
        thief.query("state")
    );
    fails(&thief.come_back(&back).await, "invalid_code");
    site.close().await;
}

async fn a_sign_in_that_took_too_long_has_ended(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth.seat(7, "ann", ANN).await;
    let away = site.go().await;
    let back = site.oauth.consent(&away.url).await;
    let ports = site.system.adapters();
    let state = digest(&site, &away.query("state"));
    let mut tx = ports.store.begin().await.expect("a transaction");
    let now = ports.clock.now();
    let mut pending = tx
        .social()
        .take(&state, now)
        .await
        .expect("an answer")
        .expect("it is stored by its digest");
    pending.expires_at = now;
    tx.social()
        .begin(&state, &pending, now)
        .await
        .expect("it is stored again");
    tx.commit().await.expect("it is recorded");
    fails_here(&away.come_back(&back).await, "please_restart_the_process");
    site.close().await;
}

async fn the_address_that_github_sends_back_to_is_the_configured_one(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    let form = json!({ "provider": "github", "callbackURL": "/dashboard", "disableRedirect": true });
    let answer = site
        .anybody()
        .send(reqwest::Method::POST, "/api/auth/sign-in/social", |request| {
            let request = request.header("x-forwarded-host", "evil.example");
            request.header("x-forwarded-proto", "https").json(&form)
        })
        .await;
    let begun = answer.json();
    assert_eq!(begun["redirect"], false);
    let url = begun["url"].as_str().expect("an address");
    assert!(url.starts_with(&site.oauth.base), "{url}");
    let own = PUBLIC.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(
        part(url, "redirect_uri"),
        format!("{own}%2Fapi%2Fauth%2Fcallback%2Fgithub")
    );
    assert_eq!(part(url, "scope"), "read%3Auser+user%3Aemail");
    assert_eq!(part(url, "code_challenge_method"), "S256");

    for field in ["callbackURL", "errorCallbackURL", "newUserCallbackURL"] {
        for foreign in ["https://evil.example/", "//evil.example", "javascript:alert(1)"] {
            let form = json!({ "provider": "github", field: foreign });
            let answer = site.anybody().post("/api/auth/sign-in/social", form).await;
            answer.auth_failure(403, "INVALID_CALLBACKURL");
        }
    }
    let form = json!({ "provider": "gitlab", "callbackURL": "/dashboard" });
    let answer = site.anybody().post("/api/auth/sign-in/social", form).await;
    answer.auth_failure(404, "PROVIDER_NOT_FOUND");
    site.close().await;
}
