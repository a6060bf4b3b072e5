//! What is in the audit log, and who may read it.

use domain::audit::Head;
use domain::identity::Role;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, PANEL_KEY, PASSWORD, SIGN_IN, Way, World, eventually, scenarios};

scenarios!(on both ways:
    every_way_in_and_out_is_noted_with_its_place_and_request,
    what_people_do_with_their_own_sessions_and_passwords_is_noted,
    what_staff_do_is_noted_with_what_was_there_before_and_without_secrets,
    the_log_is_searched_paged_and_exported,
    what_is_noted_is_sealed_by_itself_and_found_sound,
);

const AUDIT: &str = "/api/v1/admin/audit";

/// Lines that the query asks for, newest first.
async fn lines(world: &World, query: &str) -> Vec<Value> {
    let answer = world.admin.get(&format!("{AUDIT}?{query}")).await;
    let found = answer.success(200, "AUDIT_FETCHED");
    found["lines"].as_array().expect("lines").clone()
}

/// The newest line about this action, which this request caused.
async fn line_of(world: &World, action: &str, request: &Answer) -> Value {
    let found = lines(world, &format!("action={action}")).await;
    let id = request.header("x-request-id").expect("a request id");
    let line = found.into_iter().find(|line| line["requestId"] == id);
    let line = line.unwrap_or_else(|| panic!("no {action} of request {id}"));
    assert_eq!(line["address"], "127.0.0.1", "{line}");
    line
}

async fn every_way_in_and_out_is_noted_with_its_place_and_request(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut browser = Browser::anonymous(&world.addresses());
    let user = format!("user:{}", world.user.id);

    let right = json!({ "email": "customer@example.com", "password": PASSWORD });
    let opened = browser.post(SIGN_IN, right).await;
    let line = line_of(&world, "session.open", &opened).await;
    assert_eq!(
        (&line["actor"], &line["target"]),
        (&json!("customer"), &json!(user))
    );
    assert_eq!(line["actorUser"], json!(world.user.id.as_str()));

    browser.cookie = Some(opened.session_cookie());
    let closed = browser.post("/api/auth/sign-out", json!({})).await;
    let line = line_of(&world, "session.close", &closed).await;
    assert_eq!(line["actorUser"], json!(world.user.id.as_str()));

    let stranger = Browser::anonymous(&world.addresses());
    let wrong = json!({ "email": "customer@example.com", "password": "Wrong-Horse-1" });
    let refused = stranger.post(SIGN_IN, wrong).await;
    let line = line_of(&world, "session.refuse", &refused).await;
    assert_eq!(
        (&line["actor"], &line["target"]),
        (&json!("visitor"), &json!(user))
    );
    assert_eq!(line["details"], json!({ "reason": "credentials" }));
    let unknown = json!({ "email": "hunter2@example.org", "password": "Wrong-Horse-1" });
    let refused = stranger.post(SIGN_IN, unknown).await;
    let line = line_of(&world, "session.refuse", &refused).await;
    assert_eq!(line["target"], "email:h***@example.org");

    let form = json!({ "name": "New", "email": "new@example.com", "password": PASSWORD });
    let joined = stranger.post("/api/auth/sign-up/email", form).await;
    line_of(&world, "user.sign_up", &joined).await;
    line_of(&world, "session.open", &joined).await;
    let form = json!({ "name": "New", "email": "customer@example.com", "password": PASSWORD });
    let refused = stranger.post("/api/auth/sign-up/email", form).await;
    let line = line_of(&world, "session.refuse", &refused).await;
    assert_eq!(
        (&line["target"], &line["details"]),
        (&json!(user), &json!({ "reason": "taken" }))
    );
    world.close().await;
}

async fn what_people_do_with_their_own_sessions_and_passwords_is_noted(way: Way) {
    let Some(world) = way.world().await else { return };
    let (ann, first) = world.join("ann", Role::User).await;
    let sign_in = async || Browser::signed_in(&world.addresses(), "ann@example.com", PASSWORD).await;
    let user = format!("user:{}", ann.id);
    let noted = async |action: &str, request: &Answer| {
        let line = line_of(&world, action, request).await;
        assert_eq!(
            (&line["actor"], &line["actorUser"]),
            (&json!("customer"), &json!(ann.id.as_str()))
        );
        line
    };
    let second = sign_in().await;
    let id = second.get("/api/auth/get-session").await.json()["session"]["id"].clone();
    let ended = first
        .post("/api/auth/revoke-session", json!({ "token": id }))
        .await;
    let line = noted("session.revoke", &ended).await;
    assert_eq!(line["target"], format!("session:{}", id.as_str().expect("an id")));

    sign_in().await;
    let ended = first.post("/api/auth/revoke-other-sessions", json!({})).await;
    let line = noted("user.revoke_sessions", &ended).await;
    assert_eq!(
        (&line["target"], &line["details"]),
        (&json!(user), &json!({ "sessions_ended": "1" }))
    );
    let nothing = first.post("/api/auth/revoke-other-sessions", json!({})).await;
    assert_eq!(nothing.status, 200);

    // Whoever finds an open browser and guesses the password.
    let form = json!({ "currentPassword": "Wrong-Horse-1", "newPassword": "Correct-Horse-9" });
    let refused = first.post("/api/auth/change-password", form).await;
    let line = line_of(&world, "session.refuse", &refused).await;
    assert_eq!(
        (&line["target"], &line["details"]),
        (&json!(user), &json!({ "reason": "password" }))
    );
    let refused = first
        .post("/api/auth/delete-user", json!({ "password": "Wrong-Horse-1" }))
        .await;
    let line = line_of(&world, "session.refuse", &refused).await;
    assert_eq!(line["target"], user);

    let ended = first.post("/api/auth/revoke-sessions", json!({})).await;
    noted("user.revoke_sessions", &ended).await;
    world.close().await;
}

async fn what_staff_do_is_noted_with_what_was_there_before_and_without_secrets(way: Way) {
    let Some(world) = way.world().await else { return };
    let credit = format!("/api/v1/admin/users/{}/wallet/credit", world.user.id);
    let form = json!({ "amount": "2.5", "reason": "=SUM(A1)" });
    let credited = world.admin.post(&credit, form).await;
    credited.success(201, "WALLET_CREDITED");
    let line = line_of(&world, "wallet.credit", &credited).await;
    assert_eq!(
        (&line["details"]["amount"], &line["details"]["available"]),
        (&json!("2.5"), &json!("102.5"))
    );

    let mut form = world.provider_form();
    form["name"] = json!("Renamed panel");
    let path = format!("/api/v1/admin/providers/{}", world.provider);
    let edited = world.admin.patch(&path, form).await;
    let details = line_of(&world, "provider.edit", &edited).await["details"].clone();
    assert_eq!(details["name_before"], "Simulated panel");
    assert_eq!(
        (&details["name"], &details["key"]),
        (&json!("Renamed panel"), &json!("changed"))
    );
    assert!(!details.to_string().contains(PANEL_KEY));

    let (user, _) = world.join("mo", Role::Moderator).await;
    let path = format!("/api/v1/admin/users/{}/rights", user.id);
    let body = json!({ "rights": ["orders.read"] });
    let set = world
        .admin
        .send(reqwest::Method::PUT, &path, |request| request.json(&body))
        .await;
    let details = line_of(&world, "user.rights", &set).await["details"].clone();
    assert_eq!(details, json!({ "rights_before": "", "rights": "orders.read" }));
    world.close().await;
}

async fn the_log_is_searched_paged_and_exported(way: Way) {
    let Some(world) = way.world().await else { return };
    let credit = format!("/api/v1/admin/users/{}/wallet/credit", world.user.id);
    for reason in ["=1+1", "two", "three, \"four\""] {
        let form = json!({ "amount": "1", "reason": reason });
        world
            .admin
            .post(&credit, form)
            .await
            .success(201, "WALLET_CREDITED");
    }
    let query = format!("action=wallet.credit&target=user:{}", world.user.id);
    let all = lines(&world, &query).await;
    assert_eq!(all.len(), 4, "with the funds of the beginning");
    let (mut cursor, mut paged) = (String::new(), Vec::new());
    loop {
        let path = format!("{AUDIT}?{query}&limit=3{cursor}");
        let page = world.admin.get(&path).await.success(200, "AUDIT_FETCHED");
        paged.extend(page["lines"].as_array().expect("lines").clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let since = all[1]["at"].as_str().expect("a date");
    assert!(lines(&world, &format!("{query}&until={since}")).await.len() <= 2);
    assert!(lines(&world, &format!("{query}&from={since}")).await.len() >= 2);
    world
        .admin
        .get(&format!("{AUDIT}?from=yesterday"))
        .await
        .failure(400, "VALIDATION_ERROR");
    world
        .admin
        .get(&format!("{AUDIT}?cursor=o1"))
        .await
        .failure(400, "INVALID_CURSOR");

    let csv = world.admin.get(&format!("{AUDIT}.csv?{query}")).await;
    assert_eq!(csv.status, 200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text.lines().count(), 5, "{}", csv.text);
    assert!(csv.text.starts_with("id,at,actor,"));
    line_of(&world, "audit.export", &csv).await;
    world
        .customer
        .get(&format!("{AUDIT}.csv"))
        .await
        .failure(401, "Validation Error");
    world.close().await;
}

async fn what_is_noted_is_sealed_by_itself_and_found_sound(way: Way) {
    let Some(world) = way.world().await else { return };
    let verify = &world.system().services().audit.verify;
    let head = eventually(
        || "the log is sealed within a minute".to_owned(),
        async || verify.head().await.ok().filter(|head| *head != Head::nothing()),
    )
    .await;
    let report = verify.verify(Some(head)).await.expect("it is looked at");
    assert_eq!(report.findings, []);
    world.close().await;
}
