//! What goes wrong on the way, and what the visitor is told.

use super::site::{Site, arrives, fails, fails_here};
use crate::support::{Way, scenarios};

scenarios!(on both ways:
    every_way_back_that_is_none_has_a_name,
    a_server_that_stalls_or_lies_signs_nobody_in,
);

const ANN: &[(&str, bool, bool)] = &[("ann@example.com", true, true)];

async fn every_way_back_that_is_none_has_a_name(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth.seat(7, "ann", ANN).await;
    let callback = "/api/auth/callback/github";
    let somebody = site.go().await;
    fails_here(&somebody.come_back(callback).await, "state_not_found");
    let made_up = format!("{callback}?code=x&state=made-up");
    fails_here(&somebody.come_back(&made_up).await, "please_restart_the_process");
    let markup = format!("{callback}?error=%3Cscript%3E");
    fails_here(&somebody.come_back(&markup).await, "unknown");

    let no_code = format!("{callback}?state={}", somebody.query("state"));
    fails(&somebody.come_back(&no_code).await, "no_code");
    let made_up = site.go().await;
    let back = format!("{callback}?code=made-up&state={}", made_up.query("state"));
    fails(&made_up.come_back(&back).await, "invalid_code");
    let strayed = site.go().await;
    let back = site.oauth.consent(&strayed.url).await;
    let elsewhere = back.replace("/github?", "/gitlab?");
    fails(&strayed.come_back(&elsewhere).await, "oauth_provider_not_found");

    site.oauth.decline(true).await;
    fails(&site.sign_in().await, "access_denied");
    site.oauth.decline(false).await;
    arrives(&site.sign_in().await, "/welcome");
    site.close().await;
}

async fn a_server_that_stalls_or_lies_signs_nobody_in(way: Way) {
    let Some(site) = Site::open(way).await else { return };
    site.oauth.seat(7, "ann", ANN).await;
    for (place, fault, told) in [
        ("token", "stalls", "invalid_code"),
        ("token", "trickles", "invalid_code"),
        ("token", "html", "invalid_code"),
        ("token", "fails", "invalid_code"),
        ("token", "huge", "invalid_code"),
        ("token", "elsewhere", "invalid_code"),
        ("token", "nobody", "invalid_code"),
        ("user", "stalls", "unable_to_get_user_info"),
        ("user", "fails", "unable_to_get_user_info"),
        ("user", "huge", "unable_to_get_user_info"),
        ("user", "elsewhere", "unable_to_get_user_info"),
        ("user", "nobody", "unable_to_get_user_info"),
        ("emails", "html", "unable_to_get_user_info"),
        ("emails", "nobody", "unable_to_get_user_info"),
        ("emails", "silent", "email_not_found"),
    ] {
        site.oauth.fault(place, fault).await;
        fails(&site.sign_in().await, told);
        assert_eq!(site.user("ann@example.com").await, None, "{place} {fault}");
    }
    site.oauth.fault("nowhere", "stalls").await;
    arrives(&site.sign_in().await, "/welcome");
    site.close().await;
}
