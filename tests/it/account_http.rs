//! Users look after their own account, in the client library's words.

use domain::identity::Role;
use serde_json::{Value, json};

use crate::support::{Browser, GET_SESSION, SESSION, SIGN_IN, Way, act, ask, scenarios, sign_in};

scenarios!(on both ways:
    a_password_is_changed_by_whoever_knows_it,
    sessions_are_listed_without_their_tokens_and_ended_by_their_names,
    sessions_end_together_and_by_the_hand_of_staff,
    a_profile_is_edited_and_nothing_else,
    rights_are_asked_for_in_the_callers_own_name,
);
scenarios!(on two nodes:
    sessions_end_together_and_by_the_hand_of_staff,
);

async fn a_password_is_changed_by_whoever_knows_it(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, mut browser) = world.join("ann", Role::User).await;
    let other = Browser::signed_in(&world.addresses(), "ann@example.com", "Correct-Horse-7").await;
    let change = async |browser: &Browser, current: &str, new: &str, revoke: Value| {
        let form = json!({ "currentPassword": current, "newPassword": new, "revokeOtherSessions": revoke });
        browser.post("/api/auth/change-password", form).await
    };
    change(&browser, "Wrong-Horse-7", "Correct-Horse-8", Value::Null)
        .await
        .auth_failure(400, "INVALID_PASSWORD");
    change(&browser, "Correct-Horse-7", "short", Value::Null)
        .await
        .auth_failure(400, "PASSWORD_TOO_SHORT");
    let changed = change(&browser, "Correct-Horse-7", "Correct-Horse-8", json!(false)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["token"], Value::Null);
    assert_eq!(changed.json()["user"]["email"], "ann@example.com");
    assert!(
        other.get(GET_SESSION).await.json().is_object(),
        "nobody asked to end it"
    );

    let changed = change(&browser, "Correct-Horse-8", "Correct-Horse-9", json!(true)).await;
    assert!(changed.json()["token"].is_string());
    for old in [&browser, &other] {
        assert_eq!(old.get(GET_SESSION).await.json(), Value::Null);
    }
    browser.cookie = Some(changed.session_cookie());
    assert!(browser.get(GET_SESSION).await.json().is_object());
    sign_in(&browser, "ann@example.com", "Correct-Horse-7")
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(
        sign_in(&browser, "ann@example.com", "Correct-Horse-9")
            .await
            .status,
        200
    );

    let form = json!({ "userId": user.id.as_str(), "newPassword": "Given-By-Staff-1" });
    let set = act(&world.admin, "set-user-password", form).await;
    assert_eq!(set, json!({ "status": true }));
    assert_eq!(browser.get(GET_SESSION).await.json(), Value::Null);
    assert_eq!(
        sign_in(&browser, "ann@example.com", "Given-By-Staff-1")
            .await
            .status,
        200
    );
    let nobody = browser.stranger();
    let refused = change(&nobody, "x", "y", Value::Null).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    world.close().await;
}

async fn sessions_are_listed_without_their_tokens_and_ended_by_their_names(way: Way) {
    let Some(world) = way.world().await else { return };
    let (_, browser) = world.join("ann", Role::User).await;
    let fresh =
        || async { Browser::signed_in(&world.addresses(), "ann@example.com", "Correct-Horse-7").await };
    let (second, _third) = (fresh().await, fresh().await);
    let list = || async {
        browser
            .get("/api/auth/list-sessions")
            .await
            .json()
            .as_array()
            .expect("a list")
            .clone()
    };
    let listed = list().await;
    assert_eq!(listed.len(), 3);
    let own = browser.get(GET_SESSION).await.json()["session"]["token"].clone();
    assert!(
        listed.iter().any(|session| session["token"] == own),
        "one of them is this one"
    );
    for session in &listed {
        let handle = session["token"].as_str().expect("a name");
        let mut forger = browser.stranger();
        forger.cookie = Some(format!("{SESSION}={handle}"));
        assert_eq!(
            forger.get(GET_SESSION).await.json(),
            Value::Null,
            "the name signs nobody in"
        );
    }
    let revoke = async |browser: &Browser, handle: &Value| {
        browser
            .post("/api/auth/revoke-session", json!({ "token": handle }))
            .await
    };
    let of_second = second.get(GET_SESSION).await.json()["session"]["token"].clone();
    for foreign in [&of_second, &json!("nobody's")] {
        revoke(&world.customer, foreign)
            .await
            .auth_failure(400, "SESSION_NOT_FOUND");
    }
    assert_eq!(
        revoke(&browser, &of_second).await.json(),
        json!({ "status": true })
    );
    assert_eq!(second.get(GET_SESSION).await.json(), Value::Null);
    revoke(&browser, &of_second)
        .await
        .auth_failure(400, "SESSION_NOT_FOUND");

    world.close().await;
}

async fn sessions_end_together_and_by_the_hand_of_staff(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, browser) = world.join("ann", Role::User).await;
    let fresh =
        || async { Browser::signed_in(&world.addresses(), "ann@example.com", "Correct-Horse-7").await };
    let third = fresh().await;
    let others = browser.post("/api/auth/revoke-other-sessions", json!({})).await;
    assert_eq!(others.json(), json!({ "status": true }));
    assert_eq!(third.get(GET_SESSION).await.json(), Value::Null);
    let left = browser.get("/api/auth/list-sessions").await.json();
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    // The token that signing in gave is a name, too.
    let form = json!({ "email": "ann@example.com", "password": "Correct-Horse-7" });
    let token = browser.stranger().post(SIGN_IN, form).await.json()["token"].clone();
    let by_token = browser
        .post("/api/auth/revoke-session", json!({ "token": token }))
        .await;
    assert_eq!(by_token.status, 200, "{}", by_token.text);

    let fourth = fresh().await;
    let target = json!({ "userId": user.id.as_str() });
    let seen = act(&world.admin, "list-user-sessions", target.clone()).await["sessions"].clone();
    let handle = fourth.get(GET_SESSION).await.json()["session"]["token"].clone();
    assert!(
        seen.as_array()
            .is_some_and(|seen| seen.iter().any(|session| session["token"] == handle))
    );
    let done = act(
        &world.admin,
        "revoke-user-session",
        json!({ "sessionToken": handle }),
    )
    .await;
    assert_eq!(done, json!({ "success": true }));
    assert_eq!(fourth.get(GET_SESSION).await.json(), Value::Null);
    assert!(browser.get(GET_SESSION).await.json().is_object());
    act(&world.admin, "revoke-user-sessions", target).await;
    assert_eq!(browser.get(GET_SESSION).await.json(), Value::Null);
    let fifth = fresh().await;
    assert_eq!(
        fifth.post("/api/auth/revoke-sessions", json!({})).await.status,
        200
    );
    assert_eq!(fifth.get(GET_SESSION).await.json(), Value::Null);
    assert!(
        world.customer.get(GET_SESSION).await.json().is_object(),
        "somebody else's stay"
    );
    world.close().await;
}

async fn a_profile_is_edited_and_nothing_else(way: Way) {
    let Some(world) = way.world().await else { return };
    let edit = async |body: Value| world.customer.post("/api/auth/update-user", body).await;
    let image = "https://example.com/c.png";
    let form =
        json!({ "name": "New Name", "image": image, "role": "admin", "banned": true, "emailVerified": true });
    assert_eq!(edit(form).await.json(), json!({ "status": true }));
    let user = || async { world.customer.get(GET_SESSION).await.json()["user"].clone() };
    let seen = user().await;
    assert_eq!(
        (&seen["name"], &seen["image"]),
        (&json!("New Name"), &json!(image))
    );
    assert_eq!(
        (&seen["role"], &seen["banned"], &seen["emailVerified"]),
        (&json!("user"), &Value::Null, &json!(false))
    );
    assert_eq!(edit(json!({ "image": null })).await.status, 200);
    let seen = user().await;
    assert_eq!(
        (&seen["name"], &seen["image"]),
        (&json!("New Name"), &Value::Null)
    );
    assert_eq!(edit(json!({})).await.json(), json!({ "status": true }));
    edit(json!({ "email": "other@example.com" }))
        .await
        .auth_failure(400, "EMAIL_CAN_NOT_BE_UPDATED");
    for wrong in [
        json!({ "name": "" }),
        json!({ "name": 7 }),
        json!({ "image": "javascript:alert(1)" }),
    ] {
        edit(wrong).await.auth_failure(400, "VALIDATION_ERROR");
    }
    world.close().await;
}

async fn rights_are_asked_for_in_the_callers_own_name(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = world.admin.get(GET_SESSION).await.json()["user"]["id"].clone();
    let body = json!({ "permissions": { "user": ["ban"] }, "userId": admin, "role": "admin" });
    let asked = async |browser: &Browser, body: &Value| ask(browser, "has-permission", body.clone()).await;
    let yes = json!({ "error": null, "success": true });
    assert_eq!(asked(&world.admin, &body).await.json(), yes);
    let no = json!({ "error": null, "success": false });
    assert_eq!(
        asked(&world.customer, &body).await.json(),
        no,
        "not in somebody else's"
    );
    assert_eq!(
        asked(&world.admin, &json!({ "permission": { "user": ["fly"] } }))
            .await
            .json(),
        no
    );
    asked(&world.admin, &json!({}))
        .await
        .auth_failure(400, "VALIDATION_ERROR");
    let refused = asked(&world.admin.stranger(), &body).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    world.close().await;
}
