//! Users whose sign-ins took a second factor in the old application.

use application::identity::ImportOptions;
use serde_json::json;

use super::source::Old;
use super::{OLD_PASSWORD, USERS, import, sign_in};
use crate::support::{Browser, Way, scenarios};

scenarios!(on both ways: a_second_factor_stays_behind_and_is_set_up_again);

async fn a_second_factor_stays_behind_and_is_set_up_again(way: Way) {
    let Some(world) = way.world().await else { return };
    const ENABLE: &str = "/api/auth/two-factor/enable";
    for old in Old::all().await {
        let dry = ImportOptions {
            dry_run: true,
            ..USERS
        };
        let report = import(&world, &*old.open(dry).await, dry).await.expect("it runs");
        let of_factors = report.notes.iter().filter(|it| it.what.contains("two-factor"));
        let users: Vec<&str> = of_factors.map(|it| it.user.as_str()).collect();
        assert_eq!(users, ["f-staff", "i-ïd"], "from every form of the old tables");
    }
    let old = Old::dumped().await;
    import(&world, &*old.open(USERS).await, USERS)
        .await
        .expect("it runs");
    let signed_in = sign_in(&world, "fay@old.example", OLD_PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let mut fay = Browser::anonymous(&world.addresses());
    fay.cookie = Some(signed_in.session_cookie());
    let me = fay.get("/api/auth/get-session").await.json();
    assert_eq!(me["user"]["twoFactorEnabled"], false, "{me}");
    let enrolled = fay.post(ENABLE, json!({ "password": OLD_PASSWORD })).await;
    assert!(enrolled.json()["totpURI"].is_string(), "{}", enrolled.text);
    world.close().await;
}
