//! Passwords that are guessed first are nobody's, whichever way they would be set.

use serde_json::json;

use crate::support::{Browser, PASSWORD, SIGN_UP, Way, ask, scenarios, sign_in};

scenarios!(on both ways:
    nobody_gets_a_password_that_is_guessed_first,
);

const REFUSAL: &str = "PASSWORD_COMPROMISED";

async fn nobody_gets_a_password_that_is_guessed_first(way: Way) {
    let Some(world) = way.world().await else { return };
    let anybody = Browser::anonymous(&world.addresses());
    // Common; the address, its first part, the name, and the panel's name.
    for guessable in [
        "Password123",
        "NEW.one@example.com",
        "new-one!!",
        "newest person",
        "SMM-Guru",
    ] {
        let form = json!({ "name": "Newest Person", "email": "new.one@example.com", "password": guessable });
        anybody
            .post(SIGN_UP, form.clone())
            .await
            .auth_failure(400, REFUSAL);
        ask(&world.admin, "create-user", form)
            .await
            .auth_failure(400, REFUSAL);
    }
    for guessable in ["Password123", "customer@example.com", "-CUSTOMER-", "smm  guru"] {
        let form = json!({ "userId": world.user.id.as_str(), "newPassword": guessable });
        ask(&world.admin, "set-user-password", form)
            .await
            .auth_failure(400, REFUSAL);
        let form = json!({ "currentPassword": PASSWORD, "newPassword": guessable });
        let changed = world.customer.post("/api/auth/change-password", form).await;
        changed.auth_failure(400, REFUSAL);
        assert!(!changed.text.contains(guessable), "a password is never repeated");
    }
    // Passwords that were chosen before there was a list go on working: only choosing is refused.
    assert_eq!(
        sign_in(&anybody, "customer@example.com", PASSWORD).await.status,
        200
    );
    world.close().await;
}
