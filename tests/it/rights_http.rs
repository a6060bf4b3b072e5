//! What moderators may do, and who has to type a password once more.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::identity::{Right, Role, Session, SessionKind, User};
use domain::{SessionId, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, Browser, GET_SESSION, PASSWORD, SESSION, SIGN_IN, WALLET, Way, World, act, ask, scenarios,
};

scenarios!(on both ways:
    a_route_for_staff_is_open_to_a_moderator_with_its_right_and_to_no_other,
    a_right_counts_from_the_next_request_on_and_ends_with_the_role,
    only_administrators_give_rights_and_only_to_moderators,
    everybody_sees_their_own_rights,
    only_administrators_end_the_sessions_of_staff,
    whoever_signed_in_long_ago_types_the_password_once_more,
);

const REAUTHENTICATE: &str = "/api/v1/auth/reauthenticate";
/// Whoever is signed in may ask these.
const OPEN: [&str; 2] = [
    "/api/auth/admin/has-permission",
    "/api/auth/admin/stop-impersonating",
];

fn rights_of(user: &User) -> String {
    format!("/api/v1/admin/users/{}/rights", user.id)
}

async fn put(browser: &Browser, path: &str, body: Value) -> Answer {
    let complete = |request: reqwest::RequestBuilder| request.json(&body);
    browser.send(Method::PUT, path, complete).await
}

async fn give(world: &World, user: &User, rights: &[&str]) {
    let set = put(&world.admin, &rights_of(user), json!({ "rights": rights })).await;
    set.success(200, "RIGHTS_SET");
}

/// A route for staff, and the right that the document says it needs.
struct Route {
    method: Method,
    path: String,
    right: String,
}

impl Route {
    /// Every one of them, read from the document, so that a new one cannot be forgotten.
    async fn all(world: &World) -> Vec<Self> {
        let document = world.admin.get("/api/openapi.json").await.json();
        let mut routes = Vec::new();
        for (template, item) in document["paths"].as_object().expect("paths") {
            let both = ["/api/v1/admin/", "/api/auth/admin/"];
            if !both.iter().any(|tree| template.starts_with(tree)) || OPEN.contains(&template.as_str()) {
                continue;
            }
            for (method, operation) in item.as_object().expect("operations") {
                let right = operation["security"][0]["session"][0].as_str();
                let right = right.unwrap_or_else(|| panic!("{method} {template} names no right"));
                routes.push(Self {
                    method: method.to_uppercase().parse().expect("a method"),
                    // Nothing has this id.
                    path: template.replace("{id}", "999999"),
                    right: right.to_owned(),
                });
            }
        }
        assert!(routes.len() >= 40, "the document lists {} routes", routes.len());
        routes
    }

    /// Asks without anything to be done: there is nothing with that id, and no body says what to do.
    async fn ask(&self, browser: &Browser) -> Answer {
        let complete = |request: reqwest::RequestBuilder| match self.method {
            Method::GET | Method::DELETE => request,
            _ => request.json(&json!({})),
        };
        browser.send(self.method.clone(), &self.path, complete).await
    }

    async fn is_closed_to(&self, browser: &Browser) {
        let what = format!("{} {}", self.method, self.path);
        let answer = self.ask(browser).await;
        if self.path.starts_with("/api/auth/") {
            assert_eq!(answer.status, 403, "{what}: {}", answer.text);
            let code = answer.json()["code"].clone();
            assert!(
                code.as_str()
                    .is_some_and(|code| code.starts_with("YOU_ARE_NOT_ALLOWED_TO_")),
                "{what}: {code}"
            );
            return;
        }
        let refused = answer.failure(403, "FORBIDDEN");
        assert_eq!(refused["details"]["requiredPermission"], self.right, "{what}");
        assert_eq!(refused["details"]["receivedPermission"], "moderator", "{what}");
    }
}

async fn a_route_for_staff_is_open_to_a_moderator_with_its_right_and_to_no_other(way: Way) {
    let Some(world) = way.world().await else { return };
    let (_, idle) = world.join("idle", Role::Moderator).await;
    let routes = Route::all(&world).await;
    for route in &routes {
        route.is_closed_to(&idle).await;
    }
    let rights: BTreeSet<&str> = routes.iter().map(|route| route.right.as_str()).collect();
    for (number, given) in rights.into_iter().enumerate() {
        // Nobody may ask for that many files.
        let (user, moderator) = world.join(&format!("mo{number}"), Role::Moderator).await;
        let right = Right::from_stored(given).expect("the document names rights that there are");
        if right.can_be_given() {
            give(&world, &user, &[given]).await;
        } else {
            let all = Right::ALL.iter().filter(|right| right.can_be_given());
            let all: Vec<&str> = all.map(|right| right.as_str()).collect();
            give(&world, &user, &all).await;
        }
        for route in &routes {
            if route.right == given && right.can_be_given() {
                let answer = route.ask(&moderator).await;
                let what = format!("{} {}: {}", route.method, route.path, answer.text);
                assert!(!matches!(answer.status, 401 | 403 | 500), "{what}");
            } else if route.right == given || right.can_be_given() {
                route.is_closed_to(&moderator).await;
            }
        }
    }
    world.close().await;
}

async fn a_right_counts_from_the_next_request_on_and_ends_with_the_role(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, moderator) = world.join("mo", Role::Moderator).await;
    let orders = "/api/v1/admin/orders";
    moderator.get(orders).await.failure(403, "FORBIDDEN");
    give(&world, &user, &["orders.read", "users.read"]).await;
    moderator.get(orders).await.success(200, "ORDERS_FETCHED");
    let shown = moderator
        .get(&rights_of(&user))
        .await
        .success(200, "RIGHTS_FETCHED");
    let expected = json!({ "role": "moderator", "rights": ["orders.read", "users.read"] });
    assert_eq!(shown, expected);
    give(&world, &user, &["users.read"]).await;
    moderator.get(orders).await.failure(403, "FORBIDDEN");

    set_role(&world, &user.id, Role::User).await;
    let refused = moderator.get(orders).await.failure(401, "Validation Error");
    assert_eq!(refused["details"]["receivedPermission"], "user");
    set_role(&world, &user.id, Role::Moderator).await;
    let shown = world
        .admin
        .get(&rights_of(&user))
        .await
        .success(200, "RIGHTS_FETCHED");
    assert_eq!(shown, json!({ "role": "moderator", "rights": [] }));
    set_role(&world, &user.id, Role::Admin).await;
    moderator.get(orders).await.success(200, "ORDERS_FETCHED");
    world.close().await;
}

async fn set_role(world: &World, user: &UserId, role: Role) {
    let ports = world.system().adapters();
    let mut tx = ports.store.begin().await.expect("a transaction");
    let set = tx.identity().set_role(user, role, ports.clock.now()).await;
    assert!(set.expect("it is set"));
    tx.commit().await.expect("it is recorded");
}

async fn only_administrators_give_rights_and_only_to_moderators(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, moderator) = world.join("mo", Role::Moderator).await;
    let one = json!({ "rights": ["orders.read"] });
    for (id, status, name) in [
        (world.user.id.as_str(), 409, "NOT_A_MODERATOR"),
        ("nobody", 404, "USER_NOT_FOUND"),
    ] {
        let path = format!("/api/v1/admin/users/{id}/rights");
        put(&world.admin, &path, one.clone()).await.failure(status, name);
    }
    let path = rights_of(&user);
    for wrong in ["rights.write", "orders", "root", ""] {
        let body = json!({ "rights": ["orders.read", wrong] });
        put(&world.admin, &path, body)
            .await
            .failure(400, "VALIDATION_ERROR");
    }
    let all: Vec<&str> = Right::ALL
        .iter()
        .filter(|it| it.can_be_given())
        .map(|it| it.as_str())
        .collect();
    give(&world, &user, &all).await;
    put(&moderator, &path, one.clone())
        .await
        .failure(403, "FORBIDDEN");
    put(&world.customer, &path, one)
        .await
        .failure(401, "Validation Error");
    let shown = world.admin.get(&path).await.success(200, "RIGHTS_FETCHED");
    assert_eq!(shown["rights"].as_array().map(Vec::len), Some(all.len()));
    world.close().await;
}

async fn everybody_sees_their_own_rights(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, moderator) = world.join("mo", Role::Moderator).await;
    give(&world, &user, &["tickets.write"]).await;
    let own = async |browser: &Browser| {
        let answer = browser.get("/api/v1/dashboard/rights").await;
        answer.success(200, "RIGHTS_FETCHED")
    };
    let expected = json!({ "role": "moderator", "rights": ["tickets.write"] });
    assert_eq!(own(&moderator).await, expected);
    assert_eq!(
        own(&world.customer).await,
        json!({ "role": "user", "rights": [] })
    );
    let boss = own(&world.admin).await;
    assert_eq!(boss["role"], "admin");
    assert_eq!(boss["rights"].as_array().map(Vec::len), Some(Right::ALL.len()));
    world.close().await;
}

async fn only_administrators_end_the_sessions_of_staff(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, moderator) = world.join("mo", Role::Moderator).await;
    give(&world, &user, &["users.read", "users.write"]).await;
    let is_in = async |browser: &Browser| browser.get(GET_SESSION).await.json().is_object();
    for (name, role) in [("boss", Role::Admin), ("jo", Role::Moderator)] {
        let (theirs, browser) = world.join(name, role).await;
        let id = browser.get(GET_SESSION).await.json()["session"]["token"].clone();
        let form = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        let token = browser.stranger().post(SIGN_IN, form).await.json()["token"].clone();
        assert!(id.is_string() && token.is_string(), "{name}");
        for (path, form) in [
            ("revoke-user-session", json!({ "sessionToken": id })),
            ("revoke-user-session", json!({ "sessionToken": token })),
            ("revoke-user-sessions", json!({ "userId": theirs.id.as_str() })),
        ] {
            ask(&moderator, path, form)
                .await
                .auth_failure(403, "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS");
        }
        assert!(is_in(&browser).await, "{name}");
        act(&world.admin, "revoke-user-session", json!({ "sessionToken": id })).await;
        assert!(!is_in(&browser).await, "an administrator may: {name}");
    }
    // Customers' sessions, none at all, and their own.
    let (ann, browser) = world.join("ann", Role::User).await;
    let ann = json!({ "userId": ann.id.as_str() });
    act(&moderator, "revoke-user-sessions", ann).await;
    assert!(!is_in(&browser).await);
    act(
        &moderator,
        "revoke-user-session",
        json!({ "sessionToken": "none" }),
    )
    .await;
    let own = json!({ "userId": user.id.as_str() });
    act(&moderator, "revoke-user-sessions", own).await;
    assert!(!is_in(&moderator).await);
    world.close().await;
}

/// A session whose user typed the password an hour ago.
async fn signed_in_long_ago(world: &World, user: &User) -> Browser {
    let ports = world.system().adapters();
    let now = ports.clock.now();
    let token = ports.ids.text_id();
    let session = Session {
        id: SessionId::new(ports.ids.text_id()),
        user: user.id.clone(),
        kind: SessionKind::Browser,
        expires_at: now.plus(Duration::from_mins(20)),
        ip_address: None,
        user_agent: None,
        impersonated_by: None,
        authenticated_at: now.minus(Duration::from_hours(1)),
        created_at: now,
        updated_at: now,
    };
    let mut tx = ports.store.begin().await.expect("a transaction");
    let digest = ports.digester.digest(&token);
    let opened = tx.identity().insert_session(&session, &digest).await;
    opened.expect("a session");
    tx.commit().await.expect("it is recorded");
    let cookie = ports.signer.sign(&token);
    let cookie = cookie.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let mut browser = world.admin.stranger();
    browser.cookie = Some(format!("{SESSION}={cookie}"));
    browser
}

async fn whoever_signed_in_long_ago_types_the_password_once_more(way: Way) {
    let Some(world) = way.world().await else { return };
    let (boss, _) = world.join("boss", Role::Admin).await;
    let (user, _) = world.join("mo", Role::Moderator).await;
    let mut browser = signed_in_long_ago(&world, &boss).await;
    let credit = format!("/api/v1/admin/users/{}/wallet/credit", world.user.id);
    let form = json!({ "amount": "1", "reason": "a gift" });
    let before = world.wallet().await;

    // What the pages do goes on.
    browser
        .get("/api/v1/admin/orders")
        .await
        .success(200, "ORDERS_FETCHED");
    let provider = format!("/api/v1/admin/providers/{}", world.provider);
    let edited = browser.patch(&provider, world.provider_form()).await;
    edited.success(200, "PROVIDER_EDITED");
    let key = format!("/api/v1/admin/providers/key/{}", world.provider);
    browser.get(&key).await.success(200, "PROVIDER_KEY_FETCHED");
    // What is dangerous does not.
    let refused = browser.post(&credit, form.clone()).await;
    refused.failure(403, "REAUTHENTICATION_REQUIRED");
    let refused = put(&browser, &rights_of(&user), json!({ "rights": [] })).await;
    refused.failure(403, "REAUTHENTICATION_REQUIRED");
    assert_eq!(world.wallet().await, before);

    let wrong = browser
        .post(REAUTHENTICATE, json!({ "password": "Wrong-Horse-1" }))
        .await;
    wrong.auth_failure(400, "INVALID_PASSWORD");
    browser
        .post(&credit, form.clone())
        .await
        .failure(403, "REAUTHENTICATION_REQUIRED");
    let right = json!({ "password": PASSWORD });
    let nobody = world.admin.stranger().post(REAUTHENTICATE, right.clone()).await;
    assert_eq!(nobody.status, 401);
    let proved = browser.post(REAUTHENTICATE, right).await;
    assert_eq!((proved.status, proved.text.as_str()), (200, r#"{"status":true}"#));

    // Whoever has a copy of the old cookie has nothing of it.
    browser.get(WALLET).await.failure(401, "Validation Error");
    browser.cookie = Some(proved.session_cookie());
    browser.post(&credit, form).await.success(201, "WALLET_CREDITED");
    put(&browser, &rights_of(&user), json!({ "rights": [] }))
        .await
        .success(200, "RIGHTS_SET");
    world.close().await;
}
