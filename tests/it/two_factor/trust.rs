//! Devices that their user trusts.

use domain::identity::Role;
use serde_json::json;

use super::device::{Device, Person, TRUST, noted};
use crate::support::{PASSWORD, Way, World, scenarios};

scenarios!(on both ways:
    a_trusted_device_is_asked_for_no_code_and_its_cookie_works_once,
    a_device_is_trusted_for_one_user_and_not_without_the_password,
    no_device_is_trusted_after_all_sessions_were_ended,
);

/// A device that its user trusts.
async fn trusted(world: &World, ann: &mut Person) -> Device {
    let mut device = ann.half_signed_in(world).await;
    let form = json!({ "code": ann.app.code(world.system()).await, "trustDevice": true });
    let shown = device.post("/api/auth/two-factor/verify-totp", form).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let cookies = shown.cookies();
    let cookie = cookies.iter().find(|it| it.starts_with(TRUST)).expect("a cookie");
    assert!(
        cookie.ends_with("; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    device
}

async fn a_trusted_device_is_asked_for_no_code_and_its_cookie_works_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut device = trusted(&world, &mut ann).await;
    let mut thief = Device::new(&world.addresses());
    thief
        .cookies
        .insert(TRUST.to_owned(), device.cookies[TRUST].clone());
    for _ in 0..3 {
        let before = device.cookies[TRUST].clone();
        let answer = device.sign_in(&ann.user).await;
        assert!(answer.json()["token"].is_string(), "{}", answer.text);
        assert_ne!(device.cookies[TRUST], before);
        assert_eq!(device.me().await["id"], ann.user.id.as_str());
    }
    thief.half_sign_in(&ann.user).await;
    let opened = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_log WHERE details LIKE '%trusted_device%'";
    assert_eq!(world.database().await.number(opened).await, Ok(3));
    world.close().await;
}

async fn a_device_is_trusted_for_one_user_and_not_without_the_password(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut bob = Person::join(&world, "bob", Role::User).await;
    let mut device = trusted(&world, &mut ann).await;
    device.half_sign_in(&bob.user).await;
    let code = bob.app.code(world.system()).await;
    assert_eq!(device.show(&code).await.status, 200);
    let form = json!({ "email": "ann@example.com", "password": "Wrong-Horse-1" });
    let wrong = device.post("/api/auth/sign-in/email", form).await;
    wrong.auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    assert!(device.sign_in(&ann.user).await.json()["token"].is_string());
    world.close().await;
}

async fn no_device_is_trusted_after_all_sessions_were_ended(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let id = ann.user.id.to_string();
    for path in ["revoke-sessions", "revoke-other-sessions"] {
        let mut device = trusted(&world, &mut ann).await;
        let ended = device.post(&format!("/api/auth/{path}"), json!({})).await;
        assert_eq!(ended.status, 200, "{}", ended.text);
        device.half_sign_in(&ann.user).await;
    }
    for (path, form) in [
        ("admin/revoke-user-sessions", json!({ "userId": id })),
        (
            "admin/set-user-password",
            json!({ "userId": id, "newPassword": PASSWORD }),
        ),
    ] {
        let mut device = trusted(&world, &mut ann).await;
        let ended = world.admin.post(&format!("/api/auth/{path}"), form).await;
        assert_eq!(ended.status, 200, "{}", ended.text);
        device.half_sign_in(&ann.user).await;
    }
    assert_eq!(noted(&world, &ann.user, "session.ask_code").await, 8);
    world.close().await;
}
