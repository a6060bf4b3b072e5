//! Turning it on, signing in with it, and turning it off.

use domain::identity::Role;
use serde_json::{Value, json};

use super::device::{Device, HALF, Person, begin, noted};
use crate::support::{PASSWORD, SESSION, Way, enlist, scenarios};

scenarios!(on both ways:
    it_is_on_with_the_first_right_code_and_every_other_session_ends,
    signing_in_takes_the_password_and_then_a_code,
    whoever_is_not_to_be_remembered_is_not_with_a_code_either,
    turning_it_off_takes_the_password_and_ends_every_other_session,
    recovery_codes_are_renewed_and_counted_with_the_password,
    whoever_is_not_signed_in_is_told_so,
);

async fn it_is_on_with_the_first_right_code_and_every_other_session_ends(way: Way) {
    let Some(world) = way.world().await else { return };
    let ann = enlist(world.system(), "ann", Role::User).await;
    let (mut device, mut other) = (Device::new(&world.addresses()), Device::new(&world.addresses()));
    device.sign_in(&ann).await;
    other.sign_in(&ann).await;
    let wrong = json!({ "password": "Wrong-Horse-1" });
    let refused = device.post("/api/auth/two-factor/enable", wrong).await;
    assert_eq!(refused.auth_failure(400, "INVALID_PASSWORD"), "Invalid password");
    let off = device.show("123456").await;
    assert_eq!(off.auth_failure(400, "TOTP_NOT_ENABLED"), "TOTP not enabled");

    let (first, _) = begin(&mut device, None).await;
    let (mut app, codes) = begin(&mut device, Some(world.database().await)).await;
    let form = |code: &String| code.len() == 11 && code.as_bytes()[5] == b'-';
    assert!(codes.len() == 10 && codes.iter().all(form), "{codes:?}");
    // It is not on yet: whoever mistyped the secret is not locked out.
    assert_eq!(device.me().await["twoFactorEnabled"], false);
    assert_eq!(
        Device::new(&world.addresses()).sign_in(&ann).await.json()["token"]
            .as_str()
            .map(str::len),
        Some(32)
    );
    let recovery = device.recover(&codes[0]).await;
    recovery.auth_failure(400, "BACKUP_CODES_ARENT_ENABLED");
    let now = world.system().adapters().clock.now().micros() / 30_000_000;
    let of_the_first = device.show(&first.at(now)).await;
    assert_eq!(of_the_first.auth_failure(401, "INVALID_CODE"), "Invalid code");
    assert_ne!(other.me().await, Value::Null);

    let before = device.cookies[SESSION].clone();
    let shown = device.show(&app.code(world.system()).await).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let body = shown.json();
    assert_eq!(
        (body["token"].as_str().map(str::len), &body["user"]["email"]),
        (Some(32), &json!("ann@example.com"))
    );
    assert!(body["user"].get("twoFactorEnabled").is_none(), "{body}");
    assert_ne!(device.cookies[SESSION], before);
    assert_eq!(device.me().await["twoFactorEnabled"], true);
    assert_eq!(other.me().await, Value::Null);
    for action in ["two_factor.enable", "session.refuse"] {
        assert!(noted(&world, &ann, action).await >= 1, "{action}");
    }
    let again = device.with_password("enable").await;
    again.auth_failure(409, "TWO_FACTOR_ALREADY_ENABLED");
    let address = device.with_password("get-totp-uri").await.json();
    let shown = device.show(&app.code(world.system()).await).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(
        address["totpURI"]
            .as_str()
            .is_some_and(|it| it.contains(":ann%40example.com?secret="))
    );
    world.close().await;
}

async fn signing_in_takes_the_password_and_then_a_code(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut device = Device::new(&world.addresses());
    device.cookies.clone_from(&ann.device.cookies);
    let form = json!({ "email": "ann@example.com", "password": PASSWORD, "callbackURL": "/dashboard" });
    let asked = device.post("/api/v1/auth/sign-in/email", form).await;
    assert_eq!(
        (asked.status, asked.text.as_str()),
        (200, r#"{"twoFactorRedirect":true}"#)
    );
    let cookies = asked.cookies();
    let cleared = |name: &str| format!("{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict");
    assert_eq!(cookies[..2], [SESSION, "better-auth.session_data"].map(cleared));
    assert!(cookies[2].starts_with("better-auth.two_factor="), "{cookies:?}");
    assert!(
        cookies[2].ends_with("; Max-Age=600; Path=/; HttpOnly; SameSite=Strict"),
        "{cookies:?}"
    );
    assert_eq!(cookies.len(), 3);
    assert_eq!(device.me().await, Value::Null);

    let wrong = ann.app.wrong(world.system());
    device.show(&wrong).await.auth_failure(401, "INVALID_CODE");
    for odd in ["", "1", "12345678", "abcdef", "１２３４５６"] {
        let mut patient = Device::new(&world.addresses());
        let answer = patient.show(odd).await;
        let told = answer.auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
        assert_eq!(told, "Invalid two factor cookie");
    }
    let code = ann.app.code(world.system()).await;
    let kept = device.cookies.clone();
    let shown = device.show(&format!(" {} {} ", &code[..3], &code[3..])).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!(shown.json()["token"].as_str().map(str::len), Some(32));
    assert!(!device.cookies.contains_key(HALF));
    assert_eq!(device.me().await["id"], ann.user.id.as_str());
    assert_ne!(
        ann.device.me().await,
        Value::Null,
        "signing in ends no other session"
    );

    // The same cookie and the same code are good for nothing more.
    let mut thief = Device::new(&world.addresses());
    thief.cookies = kept;
    thief
        .show(&code)
        .await
        .auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    let mut replay = ann.half_signed_in(&world).await;
    replay.show(&code).await.auth_failure(401, "INVALID_CODE");
    let next = ann.app.code(world.system()).await;
    assert_eq!(replay.show(&next).await.status, 200);
    assert_eq!(noted(&world, &ann.user, "session.ask_code").await, 2);
    world.close().await;
}

async fn whoever_is_not_to_be_remembered_is_not_with_a_code_either(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut device = Device::new(&world.addresses());
    let form = json!({ "email": "ann@example.com", "password": PASSWORD, "rememberMe": false });
    device.post("/api/auth/sign-in/email", form).await;
    let code = ann.app.code(world.system()).await;
    let shown = device.show(&code).await;
    let session = shown.cookies().into_iter().find(|it| it.starts_with(SESSION));
    assert!(
        session.is_some_and(|it| !it.contains("Max-Age")),
        "{:?}",
        shown.cookies()
    );
    assert!(device.cookies.contains_key("better-auth.dont_remember"));
    world.close().await;
}

async fn turning_it_off_takes_the_password_and_ends_every_other_session(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut other = ann.signed_in(&world).await;
    let mut waiting = ann.half_signed_in(&world).await;
    let wrong = json!({ "password": "Wrong-Horse-1" });
    let refused = ann.device.post("/api/auth/two-factor/disable", wrong).await;
    refused.auth_failure(400, "INVALID_PASSWORD");
    let off = ann.device.with_password("disable").await;
    assert_eq!((off.status, off.text.as_str()), (200, r#"{"status":true}"#));
    assert_eq!(ann.device.me().await["twoFactorEnabled"], false);
    assert_eq!(other.me().await, Value::Null);
    let code = ann.app.code(world.system()).await;
    waiting
        .show(&code)
        .await
        .auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
    assert!(waiting.sign_in(&ann.user).await.json()["token"].is_string());
    let again = ann.device.with_password("disable").await;
    assert_eq!(
        again.auth_failure(400, "TWO_FACTOR_ISNT_ENABLED"),
        "Two factor isn't enabled"
    );
    for path in ["get-totp-uri", "generate-backup-codes", "view-backup-codes"] {
        assert_eq!(ann.device.with_password(path).await.status, 400, "{path}");
    }
    assert_eq!(noted(&world, &ann.user, "two_factor.disable").await, 1);
    world.close().await;
}

async fn recovery_codes_are_renewed_and_counted_with_the_password(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    for path in ["generate-backup-codes", "view-backup-codes", "get-totp-uri"] {
        let path = format!("/api/auth/two-factor/{path}");
        let wrong = ann
            .device
            .post(&path, json!({ "password": "Wrong-Horse-1" }))
            .await;
        wrong.auth_failure(400, "INVALID_PASSWORD");
    }
    let left = ann.device.with_password("view-backup-codes").await.json();
    assert_eq!(left["backupCodes"].as_array().map(Vec::len), Some(10));
    assert!(
        !ann.recovery_codes
            .iter()
            .any(|code| left.to_string().contains(code)),
        "{left}"
    );
    let renewed = ann.device.with_password("generate-backup-codes").await.json();
    assert_eq!(renewed["status"], true);
    let new = renewed["backupCodes"].as_array().expect("codes").clone();
    assert_eq!(new.len(), 10);
    let mut device = ann.half_signed_in(&world).await;
    let old = device.recover(&ann.recovery_codes[0]).await;
    assert_eq!(
        old.auth_failure(401, "INVALID_BACKUP_CODE"),
        "Invalid backup code"
    );
    let typed = new[0].as_str().expect("a code").replace('-', " ");
    assert_eq!(device.recover(&typed).await.status, 200);
    // The database knows none of them.
    let stored = world
        .database()
        .await
        .texts("SELECT code_digest FROM recovery_codes")
        .await;
    let stored = stored.expect("digests").join(" ");
    assert!(
        new.iter()
            .all(|code| !stored.contains(code.as_str().expect("a code")))
    );
    world.close().await;
}

async fn whoever_is_not_signed_in_is_told_so(way: Way) {
    let Some(world) = way.world().await else { return };
    for base in ["/api/auth", "/api/v1/auth"] {
        let mut nobody = Device::new(&world.addresses());
        for path in [
            "enable",
            "disable",
            "get-totp-uri",
            "generate-backup-codes",
            "view-backup-codes",
        ] {
            let path = format!("{base}/two-factor/{path}");
            let answer = nobody.post(&path, json!({ "password": PASSWORD })).await;
            assert_eq!((answer.status, answer.text.as_str()), (401, ""), "{path}");
        }
        for path in ["verify-totp", "verify-otp", "verify-backup-code", "send-otp"] {
            let path = format!("{base}/two-factor/{path}");
            let answer = nobody.post(&path, json!({ "code": "123456" })).await;
            answer.auth_failure(401, "INVALID_TWO_FACTOR_COOKIE");
        }
    }
    world.close().await;
}
