//! Users of the old application are taken over, and sign in here as they did there.

mod factor;
pub mod source;

use std::sync::Arc;

use application::identity::{ImportError, ImportOptions, ImportReport};
use domain::Money;
use domain::identity::Role;
use ports::import::UserSource;
use serde_json::{Value, json};

use crate::support::{Browser, PASSWORD, SESSION, Way, World, changes, scenarios, snapshot};
use source::{Old, Torn};

scenarios!(on both ways:
    users_sign_in_with_their_old_passwords,
    odd_users_are_taken_over_as_far_as_they_can_be_or_reported,
    bans_and_roles_are_what_they_were_and_nobody_here_is_overwritten,
    running_again_changes_nothing,
    a_run_that_was_torn_goes_on_where_it_ended,
    several_runs_at_once_take_everybody_over_once,
    a_dry_run_says_the_same_and_records_nothing,
    balances_are_credited_exactly_and_once,
    whoever_is_here_already_stays_as_they_are,
    open_sessions_go_on_if_that_was_asked_for,
);

const SIGN_IN: &str = "/api/auth/sign-in/email";
const OLD_PASSWORD: &str = "Old-Horse-4";
const EVERYTHING: ImportOptions = ImportOptions {
    sessions: true,
    balances: true,
    dry_run: false,
};
const USERS: ImportOptions = ImportOptions {
    sessions: false,
    balances: false,
    dry_run: false,
};

async fn import(
    world: &World,
    source: &dyn UserSource,
    options: ImportOptions,
) -> Result<ImportReport, ImportError> {
    let import = world.system().services().identity.import_users.clone();
    import.run(source, options, |_| {}).await
}

async fn sign_in(world: &World, email: &str, password: &str) -> crate::support::Answer {
    let form = json!({ "email": email, "password": password });
    Browser::anonymous(&world.addresses()).post(SIGN_IN, form).await
}

async fn users_sign_in_with_their_old_passwords(way: Way) {
    let Some(world) = way.world().await else { return };
    for old in Old::all().await {
        let report = import(&world, &*old.open(USERS).await, USERS)
            .await
            .expect("it runs");
        assert!(report.seen > 0);
    }
    let database = world.database().await;
    let hash =
        "SELECT password FROM accounts WHERE provider_id = 'credential' AND user_id = 'AnnOfTheOldShop'";
    let stored = database.texts(hash).await.expect("a hash");
    assert!(
        stored[0].starts_with("00112233445566778899aabbccddeeff:"),
        "{stored:?}"
    );
    sign_in(&world, "ann@old.example", "Wrong-Horse-4")
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    let signed_in = sign_in(&world, "ANN@old.example", OLD_PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let body = signed_in.json();
    assert_eq!(body["user"]["id"], "AnnOfTheOldShop");
    assert_eq!(body["user"]["name"], "Ann");
    assert_eq!(body["user"]["emailVerified"], true);
    assert_eq!(body["user"]["image"], "https://avatars.example/ann.png");
    assert_eq!(body["user"]["createdAt"], "2024-03-01T10:00:00.123Z");
    // The hash is a new one from now on, of the same password.
    let stored = database.texts(hash).await.expect("a hash");
    assert!(stored[0].starts_with("$argon2id$"), "{stored:?}");
    assert_eq!(sign_in(&world, "ann@old.example", OLD_PASSWORD).await.status, 200);
    // The same letters, typed in another way.
    let typed = "Pferd-1-e\u{301}clair";
    assert_eq!(sign_in(&world, "zofie@old.example", typed).await.status, 200);

    let mut ann = Browser::anonymous(&world.addresses());
    ann.cookie = Some(signed_in.session_cookie());
    let wallet = ann
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    assert_eq!(wallet["balance"], "0.00");
    world.close().await;
}

async fn odd_users_are_taken_over_as_far_as_they_can_be_or_reported(way: Way) {
    let Some(world) = way.world().await else { return };
    let old = Old::sqlite().await;
    let report = import(&world, &*old.open(EVERYTHING).await, EVERYTHING)
        .await
        .expect("it runs");
    let said = |remarks: &[application::identity::Remark]| -> Vec<String> {
        remarks
            .iter()
            .map(|it| format!("{}: {}", it.user, it.what))
            .collect()
    };
    assert_eq!(
        (report.seen, report.taken_over, report.already_there),
        (12, 8, 0),
        "{report:#?}"
    );
    assert_eq!(
        (report.passwords, report.links, report.sessions),
        (5, 2, 1),
        "{report:#?}"
    );
    assert_eq!(
        said(&report.skipped),
        [
            "c-cased-like-ann: the address ann@old.example is that of the user AnnOfTheOldShop".to_owned(),
            "h-no-address: the address must be an e-mail address".to_owned(),
            format!(
                "k-customer-here: the address customer@example.com is that of the user {}",
                world.user.id
            ),
            "l long: the id must have 1 to 128 characters without white space".to_owned(),
        ]
    );
    assert_eq!(
        said(&report.notes),
        [
            "b: the name cannot be used; the address stands for it",
            "b: the picture's address cannot be used",
            "b: nothing signs the user in; a reset gives a password",
            "b: the balance of -3 USD is left behind: it is below zero",
            "e-is-banned: the balance of 50 INR is left behind: it is not in USD",
            "f-staff: two-factor authentication was on there and is off here until the user turns it on again",
            "g-taken-over: the password is left behind: the address was never proven, and an account elsewhere signs in",
            "i-ïd: the role is unknown here; the user is a customer",
            "i-ïd: two-factor authentication was on there and is off here until the user turns it on again",
            "j-bcrypt: the password's hash is of no known form; a reset gives a new one",
            "j-bcrypt: nothing signs the user in; a reset gives a password",
        ]
    );
    world.close().await;
}

async fn bans_and_roles_are_what_they_were_and_nobody_here_is_overwritten(way: Way) {
    let Some(world) = way.world().await else { return };
    let old = Old::sqlite().await;
    import(&world, &*old.open(USERS).await, USERS)
        .await
        .expect("it runs");
    // A ban that has run out does not count.
    assert_eq!(sign_in(&world, "dan@old.example", OLD_PASSWORD).await.status, 200);
    sign_in(&world, "eve@old.example", OLD_PASSWORD)
        .await
        .auth_failure(403, "BANNED_USER");
    sign_in(&world, "gus@old.example", OLD_PASSWORD)
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    let staff = Browser::signed_in(&world.addresses(), "fay@old.example", OLD_PASSWORD).await;
    staff
        .get("/api/v1/admin/orders")
        .await
        .success(200, "ORDERS_FETCHED");
    // Whoever has the address here is who they were.
    assert_eq!(
        sign_in(&world, "customer@example.com", PASSWORD).await.status,
        200
    );
    world
        .customer
        .get("/api/v1/admin/orders")
        .await
        .failure(401, "Validation Error");
    world.close().await;
}

async fn running_again_changes_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let database = world.database().await;
    for old in Old::all().await {
        let source = old.open(EVERYTHING).await;
        let first = import(&world, &*source, EVERYTHING).await.expect("it runs");
        let before = snapshot(&database).await;
        let again = import(&world, &*source, EVERYTHING).await.expect("it runs");
        assert_eq!((again.taken_over, again.already_there), (0, 8), "{again:#?}");
        assert_eq!((again.wallets, again.credited), (0, Money::ZERO));
        assert_eq!(again.skipped, first.skipped);
        assert_eq!(changes(&before, &snapshot(&database).await), [""; 0]);
    }
    world.close().await;
}

async fn a_run_that_was_torn_goes_on_where_it_ended(way: Way) {
    let Some(world) = way.world().await else { return };
    let old = Old::sqlite().await;
    let source = old.open(EVERYTHING).await;
    for pages in [1, 2] {
        let torn = Torn::after(source.clone(), pages);
        let ended = import(&world, &torn, EVERYTHING).await;
        assert!(matches!(ended, Err(ImportError::Source(_))), "{ended:?}");
    }
    let rest = import(&world, &*source, EVERYTHING).await.expect("it runs");
    assert!(rest.already_there > 0 && rest.taken_over > 0, "{rest:#?}");
    assert_eq!(rest.already_there + rest.taken_over, 8);
    assert_eq!(
        sign_in(&world, "zofie@old.example", "Pferd-\u{2460}-éclair")
            .await
            .status,
        200
    );
    assert_eq!(balance_of(&world, "AnnOfTheOldShop").await, 1_234_050_000);
    world.close().await;
}

async fn balance_of(world: &World, user: &str) -> i64 {
    let database = world.database().await;
    let sql = format!("SELECT available FROM wallets WHERE user_id = '{user}'");
    database.number(&sql).await.expect("a wallet")
}

async fn several_runs_at_once_take_everybody_over_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let old = Old::sqlite().await;
    let source = old.open(EVERYTHING).await;
    let runs = (0..3).map(|_| import(&world, &*source, EVERYTHING));
    let reports = futures::future::join_all(runs).await;
    let mut taken = 0;
    let mut credited = Money::ZERO;
    for report in reports {
        let report = report.expect("it runs");
        assert_eq!(report.taken_over + report.already_there, 8, "{report:#?}");
        taken += report.taken_over;
        credited = credited.checked_add(report.credited).expect("a sum");
    }
    assert_eq!((taken, credited), (8, Money::from_micros(1_234_060_000)));
    assert_eq!(balance_of(&world, "AnnOfTheOldShop").await, 1_234_050_000);
    world.close().await;
}

async fn a_dry_run_says_the_same_and_records_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let database = world.database().await;
    let old = Old::dumped().await;
    let source = old.open(EVERYTHING).await;
    let before = snapshot(&database).await;
    let dry = ImportOptions {
        dry_run: true,
        ..EVERYTHING
    };
    let said = import(&world, &*source, dry).await.expect("it runs");
    assert_eq!(changes(&before, &snapshot(&database).await), [""; 0]);
    let lines = "SELECT count(*) FROM audit_log WHERE action = 'user.import'";
    assert_eq!(database.number(lines).await, Ok(0));
    let done = import(&world, &*source, EVERYTHING).await.expect("it runs");
    assert_eq!(said, done);
    assert_eq!(database.number(lines).await, Ok(8));
    world.close().await;
}

async fn balances_are_credited_exactly_and_once(way: Way) {
    let Some(world) = way.world().await else { return };
    for old in Old::all().await {
        // First without the money, then with it, as often as one likes.
        import(&world, &*old.open(USERS).await, USERS)
            .await
            .expect("it runs");
        let source = old.open(EVERYTHING).await;
        for _ in 0..2 {
            import(&world, &*source, EVERYTHING).await.expect("it runs");
        }
        assert_eq!(balance_of(&world, "AnnOfTheOldShop").await, 1_234_050_000);
        assert_eq!(balance_of(&world, "d-was-banned").await, 10_000);
        for none in ["b", "e-is-banned", "f-staff"] {
            assert_eq!(balance_of(&world, none).await, 0, "{none}");
        }
    }
    assert_eq!(
        world.wallet().await,
        (100_000_000, 0),
        "who has the address already gets nothing"
    );
    let rows = "SELECT count(*) FROM transfers WHERE reference LIKE 'import:%'";
    assert_eq!(world.database().await.number(rows).await, Ok(2));
    world.close().await;
}

async fn whoever_is_here_already_stays_as_they_are(way: Way) {
    let Some(world) = way.world().await else { return };
    let old = Old::sqlite().await;
    let source = old.open(EVERYTHING).await;
    import(&world, &*source, EVERYTHING).await.expect("it runs");
    let ann = Browser::signed_in(&world.addresses(), "ann@old.example", OLD_PASSWORD).await;
    let change =
        json!({ "currentPassword": OLD_PASSWORD, "newPassword": "New-Horse-5", "revokeOtherSessions": true });
    assert_eq!(ann.post("/api/auth/change-password", change).await.status, 200);
    let admin = async |path: &str, body: Value| {
        let answer = world.admin.post(&format!("/api/auth/admin/{path}"), body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    };
    admin("ban-user", json!({ "userId": "d-was-banned" })).await;
    admin("set-role", json!({ "userId": "f-staff", "role": "user" })).await;
    admin("remove-user", json!({ "userId": "b" })).await;
    let again = import(&world, &*source, EVERYTHING).await.expect("it runs");
    assert_eq!((again.taken_over, again.already_there), (0, 7), "{again:#?}");
    assert!(
        again
            .skipped
            .iter()
            .any(|it| it.user == "b" && it.what.contains("removed")),
        "{again:#?}"
    );
    sign_in(&world, "ann@old.example", OLD_PASSWORD)
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(
        sign_in(&world, "ann@old.example", "New-Horse-5").await.status,
        200
    );
    sign_in(&world, "dan@old.example", OLD_PASSWORD)
        .await
        .auth_failure(403, "BANNED_USER");
    let fay = sign_in(&world, "fay@old.example", OLD_PASSWORD).await.json();
    let fay = fay["user"]["id"].as_str().expect("an id").to_owned();
    let user = world
        .system()
        .adapters()
        .identity
        .user(&domain::UserId::new(fay))
        .await;
    assert_eq!(user.expect("it is read").expect("she is there").role, Role::User);
    let sessions = "SELECT count(*) FROM sessions WHERE id = 's1'";
    assert_eq!(
        world.database().await.number(sessions).await,
        Ok(0),
        "an ended session is back"
    );
    world.close().await;
}

async fn open_sessions_go_on_if_that_was_asked_for(way: Way) {
    let Some(world) = way.world().await else { return };
    let old = Old::sqlite().await;
    import(&world, &*old.open(EVERYTHING).await, EVERYTHING)
        .await
        .expect("it runs");
    let signed = |token: &str| {
        let signed = world.system().adapters().signer.sign(token);
        let encoded = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let mut browser = Browser::anonymous(&world.addresses());
        browser.cookie = Some(format!("{SESSION}={encoded}"));
        browser
    };
    let ann = signed("tokenOfAnnWhichIsOpen0000000000A")
        .get("/api/auth/get-session")
        .await
        .json();
    assert_eq!(ann["user"]["id"], "AnnOfTheOldShop");
    for ended in [
        "tokenOfAnnWhichHasEnded00000000B",
        "tokenOfStaffWhoActsAsAnn0000000C",
        "tokenOfEveWhoIsBanned0000000000D",
    ] {
        assert_eq!(
            signed(ended).get("/api/auth/get-session").await.json(),
            Value::Null,
            "{ended}"
        );
    }
    let clear = "SELECT count(*) FROM sessions WHERE token_digest LIKE 'tokenOf%'";
    assert_eq!(world.database().await.number(clear).await, Ok(0));
    world.close().await;
}

/// So that several runs can share it.
type Shared = Arc<dyn UserSource>;
