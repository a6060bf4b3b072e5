//! The app is lost.

use domain::identity::Role;
use serde_json::{Value, json};

use super::device::{Device, Person, noted};
use crate::support::{Browser, Way, scenarios};

scenarios!(on both ways:
    a_recovery_code_works_once_and_ends_every_other_session,
    a_recovery_code_can_be_checked_without_a_session,
    staff_remove_the_factor_of_somebody_who_lost_everything,
    moderators_do_not_remove_the_factors_of_staff,
);

async fn a_recovery_code_works_once_and_ends_every_other_session(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let code = ann.recovery_codes[3].clone();
    let mut device = ann.half_signed_in(&world).await;
    let form = json!({ "code": code, "trustDevice": true });
    let recovered = device
        .post("/api/v1/auth/two-factor/verify-backup-code", form)
        .await;
    assert_eq!(recovered.status, 200, "{}", recovered.text);
    assert_eq!(recovered.json()["token"].as_str().map(str::len), Some(32));
    assert_eq!(device.me().await["twoFactorEnabled"], true);
    assert_eq!(ann.device.me().await, Value::Null);
    let mut again = ann.half_signed_in(&world).await;
    again
        .recover(&code)
        .await
        .auth_failure(401, "INVALID_BACKUP_CODE");
    let left = device.with_password("view-backup-codes").await.json();
    assert_eq!(left["backupCodes"].as_array().map(Vec::len), Some(9));
    assert_eq!(noted(&world, &ann.user, "two_factor.recover").await, 1);
    // In a session it counts as well.
    let spent = device.recover(&ann.recovery_codes[4]).await;
    assert_eq!(spent.status, 200, "{}", spent.text);
    assert_ne!(device.me().await, Value::Null);
    world.close().await;
}

async fn a_recovery_code_can_be_checked_without_a_session(way: Way) {
    let Some(world) = way.world().await else { return };
    let ann = Person::join(&world, "ann", Role::User).await;
    let mut device = ann.half_signed_in(&world).await;
    let form = json!({ "code": ann.recovery_codes[0], "disableSession": true });
    let path = "/api/auth/two-factor/verify-backup-code";
    let checked = device.post(path, form.clone()).await;
    assert_eq!(
        (checked.status, &checked.json()["token"]),
        (200, &Value::Null),
        "{}",
        checked.text
    );
    assert_eq!(device.me().await, Value::Null);
    // It is used, and so is the sign-in.
    device
        .post(path, form)
        .await
        .auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    world.close().await;
}

fn factor_of(person: &Person) -> String {
    format!("/api/v1/admin/users/{}/two-factor", person.user.id)
}

async fn staff_remove_the_factor_of_somebody_who_lost_everything(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let path = factor_of(&ann);
    world
        .customer
        .delete(&path)
        .await
        .failure(401, "Validation Error");
    world.admin.delete(&path).await.success(200, "TWO_FACTOR_REMOVED");
    assert_eq!(ann.device.me().await, Value::Null);
    let mut device = Device::new(&world.addresses());
    assert!(device.sign_in(&ann.user).await.json()["token"].is_string());
    assert_eq!(noted(&world, &ann.user, "two_factor.remove").await, 1);
    world
        .admin
        .delete(&path)
        .await
        .failure(409, "TWO_FACTOR_NOT_ENABLED");
    let nobody = "/api/v1/admin/users/nobody/two-factor";
    world.admin.delete(nobody).await.failure(404, "USER_NOT_FOUND");
    world.close().await;
}

async fn moderators_do_not_remove_the_factors_of_staff(way: Way) {
    let Some(world) = way.world().await else { return };
    let (boss, ann) = (
        Person::join(&world, "boss", Role::Admin).await,
        Person::join(&world, "ann", Role::User).await,
    );
    let (user, moderator) = world.join("mo", Role::Moderator).await;
    let remove = async |browser: &Browser, person: &Person| browser.delete(&factor_of(person)).await;
    remove(&moderator, &ann).await.failure(403, "FORBIDDEN");
    let rights = format!("/api/v1/admin/users/{}/rights", user.id);
    let form = json!({ "rights": ["users.reset"] });
    let given = world
        .admin
        .send(reqwest::Method::PUT, &rights, |request| request.json(&form))
        .await;
    given.success(200, "RIGHTS_SET");
    remove(&moderator, &boss).await.failure(403, "FORBIDDEN");
    remove(&moderator, &ann).await.success(200, "TWO_FACTOR_REMOVED");
    remove(&world.admin, &boss)
        .await
        .success(200, "TWO_FACTOR_REMOVED");
    world.close().await;
}
