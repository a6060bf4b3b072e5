//! Guessing, replaying, and coming at once.

use std::time::Duration;

use domain::identity::{Ban, Role, User};
use futures::future::join_all;
use serde_json::{Value, json};

use super::device::{Device, Person, noted};
use crate::support::{Answer, PASSWORD, SESSION, Way, World, scenarios};

scenarios!(on both ways:
    wrong_codes_are_slowed_down_over_all_sign_ins_and_right_ones_cost_nothing,
    a_half_sign_in_opens_nothing_but_itself,
    a_changed_password_and_a_ban_end_sign_ins_that_wait,
    a_code_of_somebody_else_is_worth_nothing,
    no_secret_and_no_code_is_stored_in_clear,
    of_five_who_show_the_same_code_at_once_one_comes_in,
    of_five_who_show_the_same_recovery_code_at_once_one_comes_in,
);
scenarios!(on two nodes:
    of_five_who_show_the_same_code_at_once_one_comes_in,
    of_five_who_show_the_same_recovery_code_at_once_one_comes_in,
);

/// Sends what each device shows, all at once.
async fn at_once(devices: &mut [Device], path: &str, code: &str) -> Vec<Answer> {
    let path = format!("/api/auth/two-factor/{path}");
    let asking = devices
        .iter_mut()
        .map(|device| device.post(&path, json!({ "code": code })));
    join_all(asking).await
}

async fn five_halves(world: &World, person: &Person) -> Vec<Device> {
    let mut devices = Vec::new();
    for _ in 0..5 {
        devices.push(person.half_signed_in(world).await);
    }
    devices
}

/// One is in, the others are told that the code is wrong.
async fn one_is_in(devices: &mut [Device], answers: &[Answer], refusal: &str) {
    let (in_, out): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|it| it.status == 200);
    assert_eq!(
        in_.len(),
        1,
        "{:?}",
        answers.iter().map(|it| &it.text).collect::<Vec<_>>()
    );
    for answer in out {
        answer.auth_failure(401, refusal);
        assert!(!answer.cookies().iter().any(|it| it.starts_with(SESSION)));
    }
    let mut signed_in = 0;
    for device in devices {
        signed_in += usize::from(device.me().await != Value::Null);
    }
    assert_eq!(signed_in, 1);
}

async fn of_five_who_show_the_same_code_at_once_one_comes_in(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut devices = five_halves(&world, &ann).await;
    let code = ann.app.code(world.system()).await;
    let answers = at_once(&mut devices, "verify-totp", &code).await;
    one_is_in(&mut devices, &answers, "INVALID_CODE").await;
    world.close().await;
}

async fn of_five_who_show_the_same_recovery_code_at_once_one_comes_in(way: Way) {
    let Some(world) = way.world().await else { return };
    let ann = Person::join(&world, "ann", Role::User).await;
    let mut devices = five_halves(&world, &ann).await;
    let answers = at_once(&mut devices, "verify-backup-code", &ann.recovery_codes[0]).await;
    // The winner ends every sign-in that waits, so the others may find theirs gone.
    let won = answers.iter().filter(|it| it.status == 200).count();
    assert_eq!(
        won,
        1,
        "{:?}",
        answers.iter().map(|it| &it.text).collect::<Vec<_>>()
    );
    assert!(answers.iter().all(|it| matches!(it.status, 200 | 401)));
    let left = world
        .database()
        .await
        .number("SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes")
        .await;
    assert_eq!(left, Ok(9));
    let recovered = noted(&world, &ann.user, "two_factor.recover").await;
    assert_eq!(recovered, 1);
    world.close().await;
}

async fn wrong_codes_are_slowed_down_over_all_sign_ins_and_right_ones_cost_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut bob = Person::join(&world, "bob", Role::User).await;
    for _ in 0..6 {
        ann.signed_in(&world).await;
    }
    let wrong = ann.app.wrong(world.system());
    // Each guess with a sign-in of its own, and with every kind of code.
    for n in 0..5 {
        let mut device = ann.half_signed_in(&world).await;
        let answer = match n % 2 {
            0 => device.show(&wrong).await,
            _ => device.recover("AAAAA-00000").await,
        };
        assert_eq!(answer.status, 401, "{}", answer.text);
    }
    let mut device = ann.half_signed_in(&world).await;
    let code = ann.app.code(world.system()).await;
    for answer in [
        device.show(&code).await,
        device.recover(&ann.recovery_codes[0]).await,
    ] {
        answer.auth_failure(429, "TOO_MANY_REQUESTS");
        let pause: u64 = answer
            .header("retry-after")
            .and_then(|it| it.parse().ok())
            .expect("a pause");
        assert!((1..=900).contains(&pause), "{pause}");
    }
    // Nobody else waits, and what was refused unseen was not used.
    bob.signed_in(&world).await;
    let used = "SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes";
    assert_eq!(world.database().await.number(used).await, Ok(20));
    assert!(noted(&world, &ann.user, "session.refuse").await >= 5);
    world.close().await;
}

async fn a_half_sign_in_opens_nothing_but_itself(way: Way) {
    let Some(world) = way.world().await else { return };
    let ann = Person::join(&world, "ann", Role::User).await;
    let mut device = ann.half_signed_in(&world).await;
    // Its cookie stands in for no session, and a session's for no half sign-in.
    let half = device.cookies["better-auth.two_factor"].clone();
    let mut forger = Device::new(&world.addresses());
    forger.cookies.insert(SESSION.to_owned(), half.clone());
    assert_eq!(forger.me().await, Value::Null);
    let wallet = forger.get("/api/v1/dashboard/wallet").await;
    wallet.failure(401, "Validation Error");
    forger.cookies.clear();
    let session = ann.device.cookies[SESSION].clone();
    forger
        .cookies
        .insert("better-auth.two_factor".to_owned(), session);
    let refused = forger.recover(&ann.recovery_codes[0]).await;
    refused.auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    forger
        .cookies
        .insert("better-auth.two_factor".to_owned(), half.replace('.', ".A"));
    let refused = forger.recover(&ann.recovery_codes[0]).await;
    refused.auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    assert_eq!(device.recover(&ann.recovery_codes[0]).await.status, 200);
    world.close().await;
}

async fn a_changed_password_and_a_ban_end_sign_ins_that_wait(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut waiting = ann.half_signed_in(&world).await;
    let form = json!({ "currentPassword": PASSWORD, "newPassword": "Correct-Horse-8" });
    let changed = ann.device.post("/api/auth/change-password", form).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let code = ann.app.code(world.system()).await;
    waiting
        .show(&code)
        .await
        .auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");

    // A new password that staff set leaves the second factor as it is.
    let form = json!({ "userId": ann.user.id.as_str(), "newPassword": PASSWORD });
    let set = world.admin.post("/api/auth/admin/set-user-password", form).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let mut waiting = ann.half_signed_in(&world).await;
    let form = json!({ "userId": ann.user.id.as_str() });
    let banned = world.admin.post("/api/auth/admin/ban-user", form).await;
    assert_eq!(banned.status, 200, "{}", banned.text);
    waiting
        .show(&code)
        .await
        .auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    let refused = waiting.sign_in(&ann.user).await;
    refused.auth_failure(403, "BANNED_USER");

    // Not even if a ban came by another way than the product's.
    let mut bob = Person::join(&world, "bob", Role::User).await;
    let mut waiting = bob.half_signed_in(&world).await;
    let ports = world.system().adapters();
    let mut tx = ports.store.begin().await.expect("a transaction");
    let until = Some(ports.clock.now().plus(Duration::from_hours(1)));
    let ban = Some(Ban { reason: None, until });
    let user = User {
        ban,
        ..bob.user.clone()
    };
    tx.identity().save_user(&user).await.expect("a ban");
    tx.commit().await.expect("it is recorded");
    let code = bob.app.code(world.system()).await;
    waiting.show(&code).await.auth_failure(403, "BANNED_USER");
    world.close().await;
}

async fn a_code_of_somebody_else_is_worth_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let ann = Person::join(&world, "ann", Role::User).await;
    let mut bob = Person::join(&world, "bob", Role::User).await;
    let mut device = ann.half_signed_in(&world).await;
    let code = bob.app.code(world.system()).await;
    device.show(&code).await.auth_failure(401, "INVALID_CODE");
    let recovered = device.recover(&bob.recovery_codes[0]).await;
    recovered.auth_failure(401, "INVALID_BACKUP_CODE");
    // It is still good for its owner.
    let mut own = bob.half_signed_in(&world).await;
    assert_eq!(own.recover(&bob.recovery_codes[0]).await.status, 200);
    world.close().await;
}

async fn no_secret_and_no_code_is_stored_in_clear(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let address = ann.device.with_password("get-totp-uri").await.json();
    let secret = ann.app.secret_text();
    assert!(address["totpURI"].as_str().is_some(), "{address}");
    let rows = crate::support::snapshot(&world.database().await).await;
    let mut all: Vec<String> = rows.values().flatten().cloned().collect();
    let log = world
        .database()
        .await
        .texts("SELECT details FROM audit_log")
        .await;
    all.extend(log.expect("details"));
    for row in &all {
        assert!(!row.contains(&secret), "{row}");
        assert!(!row.to_lowercase().contains(&hex_of(&secret)), "{row}");
        assert!(!ann.recovery_codes.iter().any(|code| row.contains(code)), "{row}");
    }
    world.close().await;
}

/// Bytes as both databases print them.
fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
