//! Every route, asked by everybody whom it is not for. The routes come from the document, so a new one cannot be
//! forgotten: it is refused to all of them, or this test has to be told why not.

use std::time::Duration;

use domain::identity::{Ban, Role, SessionKind, User};
use persistence::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};

use crate::matrix_requests::{Theirs, body, filled};
use crate::support::{Answer, Browser, Pass, Way, World, changes, enlist, open_session, scenarios, snapshot};

scenarios!(on both ways: nobody_does_what_is_not_theirs_to_do,);

/// Who needs no session. A route that is neither here nor behind a session fails the test.
const OPEN: &[&str] = &[
    "GET /health",
    "GET /ready",
    "GET /metrics",
    "GET /api/version",
    "GET /api/openapi.json",
    "GET /api/v1/services",
    "GET /api/v1/services/changes",
    "POST /api/auth/sign-up/email",
    "POST /api/auth/sign-in/email",
    "POST /api/auth/sign-in/social",
    "POST /api/auth/token",
    "POST /api/auth/token/refresh",
    "POST /api/auth/token/revoke",
    "GET /api/auth/callback/{provider}",
    "POST /api/auth/sign-out",
    "GET /api/auth/get-session",
    "GET /api/auth/ok",
    "GET /api/auth/error",
    "POST /api/auth/forget-password",
    "POST /api/auth/request-password-reset",
    "POST /api/auth/send-verification-email",
    "GET /api/auth/reset-password/{token}",
    "POST /api/auth/reset-password",
    "GET /api/auth/verify-email",
    // Whoever is half signed in has no session yet.
    "POST /api/auth/two-factor/verify-totp",
    "POST /api/auth/two-factor/verify-otp",
    "POST /api/auth/two-factor/verify-backup-code",
    "POST /api/auth/two-factor/send-otp",
    // Says that nobody is signed in, so that whoever comes from a mail program can be led here once more.
    "GET /api/auth/delete-user/callback",
];
/// Below `/api/auth/admin`, yet for everybody with a session: they are about the caller.
const ABOUT_THE_CALLER: [&str; 2] = [
    "/api/auth/admin/stop-impersonating",
    "/api/auth/admin/has-permission",
];
/// What programs ask with a key of their owner's. They answer everybody else with an error, some of them at status 200.
const KEYED: [&str; 4] = [
    "GET /api/v2",
    "POST /api/v2",
    "GET /v2/handler",
    "POST /v2/handler",
];
/// One thing that can be asked.
struct Route {
    method: Method,
    template: String,
    /// With the victim's ids in it.
    path: String,
    body: Option<Value>,
    is_open: bool,
    /// Whether programs may ask, too.
    takes_tokens: bool,
}

/// Somebody who asks, with a new session each time.
struct Asker {
    name: &'static str,
    user: Option<User>,
    session_ends: Duration,
}

async fn nobody_does_what_is_not_theirs_to_do(way: Way) {
    let Some(world) = way.world().await else { return };
    let database = world.database().await;
    let order = world.place("complete").await;
    world.until(order, "completed").await;
    let [outsiders, insiders] = askers(&world).await;
    let document = world.customer.get("/api/openapi.json").await.json();
    let form = json!({ "name": "the victim's" });
    let key = world.customer.post("/api/v1/dashboard/api-keys", form).await;
    let key = key.success(201, "API_KEY_CREATED")["apiKey"]["id"].clone();
    let theirs = Theirs {
        order,
        key: key.as_str().expect("an id").to_owned(),
    };
    let routes = routes(&world, &theirs, &document);
    assert!(routes.len() > 60, "{} routes", routes.len());
    let mut before = snapshot(&database).await;
    for route in &routes {
        let name = format!("{} {}", route.method, route.template);
        let may_be_open = OPEN.contains(&name.as_str());
        assert_eq!(route.is_open, may_be_open, "{name}: who is it for?");
        if KEYED.contains(&name.as_str()) {
            for asker in outsiders.iter().chain(&insiders) {
                asked_without_a_key(&world, asker, route).await;
            }
        } else if route.is_open {
            let answer = ask(&world, Pass::default(), route, &route.path, Some(json!({}))).await;
            assert!(answer.status < 500, "{name}: {}", answer.text);
        } else {
            for asker in &outsiders {
                refused(&world, asker, route, &[401]).await;
            }
        }
        if KEYED.contains(&name.as_str()) {
            // A session is no key, whosever it is.
        } else if is_for_staff(route) {
            for asker in &insiders {
                refused(&world, asker, route, &[401, 403]).await;
            }
        } else if !route.is_open && route.template.contains('{') {
            for asker in &insiders {
                refused(&world, asker, route, &[404]).await;
            }
        }
        let after = snapshot(&database).await;
        let mut written = changes(&before, &after);
        // Of what somebody asked for themselves a moment ago: the link is good from when its mail is sent.
        written.retain(|row| !row.starts_with("+ verifications") || !row.contains("new-email:"));
        assert_eq!(written, [""; 0], "{name} wrote something");
        let is_own = !route.is_open && !is_for_staff(route) && !route.template.contains('{');
        if is_own && !KEYED.contains(&name.as_str()) {
            about_themselves(&world, &database, &insiders, route).await;
        }
        before = snapshot(&database).await;
    }
    world.close().await;
}

/// What the caller does with what is the caller's own does nothing to anybody else.
async fn about_themselves(world: &World, database: &TestDatabase, insiders: &[Asker], route: &Route) {
    let of_others = async || {
        let insider = |row: &String| {
            let ids = insiders.iter().filter_map(|asker| asker.user.as_ref());
            ids.map(|user| user.id.as_str()).any(|id| row.contains(id))
        };
        let mut all = snapshot(database).await;
        all.values_mut().for_each(|rows| rows.retain(|row| !insider(row)));
        all
    };
    let before = of_others().await;
    for (asker, kind) in by_every_means(insiders) {
        let pass = asker.pass(world, kind).await;
        let answer = ask(world, pass, route, &route.path, route.body.clone()).await;
        let is_let_in = answer.status != 401 || (kind == SessionKind::Program && !route.takes_tokens);
        assert!(
            answer.status < 500 && is_let_in,
            "{} {} by {}: {} {}",
            route.method,
            route.template,
            asker.name,
            answer.status,
            answer.text
        );
        end_sessions(world, asker).await;
    }
    let changed = changes(&before, &of_others().await);
    assert_eq!(changed, [""; 0], "{} {}", route.method, route.template);
}

async fn asked_without_a_key(world: &World, asker: &Asker, route: &Route) {
    for (key, kind) in [None, Some("smm_guru_live_nobodys")].into_iter().zip(KINDS) {
        let pass = asker.pass(world, kind).await;
        let body =
            json!({ "action": "add", "service": 1, "link": "https://a.b/c", "quantity": 100, "key": key });
        let path = format!("{}?action=balance", route.path);
        let answer = ask(world, pass, route, &path, Some(body)).await;
        assert!(matches!(answer.status, 200 | 401), "{path}: {}", answer.text);
        assert_eq!(
            answer.json()["error"],
            "Invalid API key",
            "{path} by {}",
            asker.name
        );
        end_sessions(world, asker).await;
    }
}

fn is_for_staff(route: &Route) -> bool {
    let behind = ["/api/v1/admin/", "/api/auth/admin/"];
    behind.iter().any(|door| route.template.starts_with(door))
        && !ABOUT_THE_CALLER.contains(&route.template.as_str())
}

async fn refused(world: &World, asker: &Asker, route: &Route, statuses: &[u16]) {
    let twin = route
        .path
        .strip_prefix("/api/auth/")
        .map(|rest| format!("/api/v1/auth/{rest}"));
    let paths = [Some(&route.path), twin.as_ref()].into_iter().flatten();
    for (path, kind) in paths.flat_map(|path| KINDS.map(|kind| (path, kind))) {
        let pass = asker.pass(world, kind).await;
        let answer = ask(world, pass, route, path, route.body.clone()).await;
        let is_for_browsers = kind == SessionKind::Program && !route.takes_tokens;
        assert!(
            statuses.contains(&answer.status) || (is_for_browsers && answer.status == 401),
            "{} {path} by {}: {} {}",
            route.method,
            asker.name,
            answer.status,
            answer.text
        );
        end_sessions(world, asker).await;
    }
}

/// A session of each kind.
const KINDS: [SessionKind; 2] = [SessionKind::Browser, SessionKind::Program];

fn by_every_means(askers: &[Asker]) -> impl Iterator<Item = (&Asker, SessionKind)> {
    askers.iter().flat_map(|asker| KINDS.map(|kind| (asker, kind)))
}

async fn ask(world: &World, pass: Pass, route: &Route, path: &str, body: Option<Value>) -> Answer {
    let mut browser = Browser::anonymous(&world.addresses());
    (browser.cookie, browser.bearer) = (pass.cookie, pass.bearer);
    let complete = |request: reqwest::RequestBuilder| match &body {
        Some(body) if !route.method.is_safe() => request.json(body),
        _ => request,
    };
    browser.send(route.method.clone(), path, complete).await
}

/// Those who have no business behind the door, and those who have none in there with somebody else's things.
async fn askers(world: &World) -> [Vec<Asker>; 2] {
    const HOUR: Duration = Duration::from_hours(1);
    let join = async |name: &str, role| enlist(world.system(), name, role).await;
    let banned = User {
        ban: Some(Ban {
            reason: None,
            until: None,
        }),
        ..join("banned", Role::User).await
    };
    let mut tx = world
        .system()
        .adapters()
        .store
        .begin()
        .await
        .expect("a transaction");
    tx.identity().save_user(&banned).await.expect("a ban");
    tx.commit().await.expect("it is recorded");
    let asker = |name, user, session_ends| Asker {
        name,
        user,
        session_ends,
    };
    [
        vec![
            asker("nobody", None, HOUR),
            asker("a banned user", Some(banned), HOUR),
            asker(
                "an expired session",
                Some(join("expired", Role::User).await),
                Duration::ZERO,
            ),
            asker(
                "an expired session of staff",
                Some(join("left", Role::Admin).await),
                Duration::ZERO,
            ),
        ],
        vec![
            asker("another user", Some(join("other", Role::User).await), HOUR),
            asker(
                "a moderator",
                Some(join("moderator", Role::Moderator).await),
                HOUR,
            ),
        ],
    ]
}

impl Asker {
    /// A cookie, or an access token, of a session that was just opened.
    async fn pass(&self, world: &World, kind: SessionKind) -> Pass {
        match &self.user {
            Some(user) => open_session(world.system(), user, kind, self.session_ends).await,
            None => Pass::default(),
        }
    }
}

/// What the test itself opened is no write of the product's.
async fn end_sessions(world: &World, asker: &Asker) {
    let Some(user) = &asker.user else { return };
    let mut tx = world
        .system()
        .adapters()
        .store
        .begin()
        .await
        .expect("a transaction");
    tx.identity()
        .delete_sessions_of(&user.id, None)
        .await
        .expect("they end");
    // The secrets of keys do not name their owner.
    let keys = world.system().adapters().api_keys.keys_of(&user.id).await;
    for (key, _) in keys.expect("keys") {
        tx.api_keys().delete(&user.id, &key.id).await.expect("it goes");
    }
    tx.commit().await.expect("it is recorded");
}

fn routes(world: &World, theirs: &Theirs, document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (template, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let ways = operation["security"].as_array().map_or(&[][..], Vec::as_slice);
            let takes_tokens = ways.iter().any(|way| way.get("token").is_some());
            let is_open = operation.get("security").is_none();
            routes.push(Route {
                method: method.to_uppercase().parse().expect("a method"),
                template: template.clone(),
                path: filled(world, theirs, template, is_open),
                body: (!schema.is_null()).then(|| body(world, document, schema)),
                is_open,
                takes_tokens,
            });
        }
    }
    routes
}
