//! What is wrong with a request, in the order in which it is said: size, syntax, session, role, content.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Way, World, scenarios};

scenarios!(on both ways: every_row_says_what_is_wrong_in_the_same_order);

/// A row of the contract, and a body with which it says what is wrong with its content; `None` where there is no body.
struct Row {
    method: Method,
    path: String,
    wrong: Option<Value>,
}

fn rows(world: &World) -> Vec<Row> {
    let (provider, service) = (world.provider, world.service("1012"));
    let row = |method: Method, path: String, wrong| Row { method, path, wrong };
    let admin = |path: &str| format!("/api/v1/admin/{path}");
    vec![
        row(Method::GET, "/api/v1/dashboard/wallet".to_owned(), None),
        row(Method::GET, "/api/v1/dashboard/orders".to_owned(), None),
        row(
            Method::POST,
            "/api/v1/dashboard/orders".to_owned(),
            Some(json!({})),
        ),
        row(Method::GET, admin("categories"), None),
        row(Method::POST, admin("categories"), Some(json!({ "name": "" }))),
        row(Method::PATCH, admin("categories/1"), Some(json!({ "name": 7 }))),
        row(Method::DELETE, admin("categories/1"), None),
        row(Method::GET, admin("providers"), None),
        row(Method::POST, admin("providers"), Some(json!({ "name": "x" }))),
        row(
            Method::PATCH,
            admin(&format!("providers/{provider}")),
            Some(json!({ "name": "Fine" })),
        ),
        row(Method::DELETE, admin(&format!("providers/{provider}")), None),
        row(Method::GET, admin(&format!("providers/key/{provider}")), None),
        row(
            Method::GET,
            admin(&format!("providers/services/{provider}")),
            None,
        ),
        row(Method::GET, admin("services"), None),
        row(
            Method::POST,
            admin(&format!("services?provider-id={provider}")),
            Some(json!({ "service": "1" })),
        ),
        row(
            Method::PATCH,
            admin(&format!("services/{service}")),
            Some(json!({ "name": "Fine", "profit": -1, "category": "Fine" })),
        ),
        row(Method::DELETE, admin(&format!("services/{service}")), None),
    ]
}

async fn send(browser: &Browser, row: &Row, body: Option<String>) -> Answer {
    let complete = |request: reqwest::RequestBuilder| match body {
        Some(body) => request.header(CONTENT_TYPE, "application/json").body(body),
        None => request,
    };
    browser.send(row.method.clone(), &row.path, complete).await
}

async fn every_row_says_what_is_wrong_in_the_same_order(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    for row in rows(&world) {
        let is_staff = row.path.starts_with("/api/v1/admin/");
        if row.wrong.is_some() {
            too_large(&nobody, &row).await;
            malformed(&nobody, &row).await;
        }
        let wrong = row.wrong.as_ref().map(Value::to_string);
        let unknown = send(&nobody, &row, wrong.clone()).await;
        unauthenticated(&unknown, is_staff);
        if is_staff {
            let customer = send(&world.customer, &row, wrong.clone()).await;
            not_staff(&customer);
        }
        if row.wrong.is_some() {
            let caller = if is_staff { &world.admin } else { &world.customer };
            let answer = send(caller, &row, wrong).await;
            let body = answer.failure(400, "VALIDATION_ERROR");
            assert!(body["details"]["issues"][0]["message"].is_string(), "{body}");
        }
    }
    world.close().await;
}

async fn too_large(nobody: &Browser, row: &Row) {
    let large = format!("{{\"name\":\"{}\"", "x".repeat(102_400));
    let expected = json!({
        "success": false, "name": "PAYLOAD_TOO_LARGE", "message": "Request payload exceeds maximum allowed size",
        "result": null, "details": { "maxSize": "100KB" },
    });
    let answer = send(nobody, row, Some(large)).await;
    assert_eq!((answer.status, answer.json()), (413, expected), "{}", row.path);
    // The largest that is allowed is looked at.
    let most = format!("{{\"name\":\"{}\"}}", "x".repeat(102_400 - 11));
    assert_eq!(most.len(), 102_400);
    assert_eq!(send(nobody, row, Some(most)).await.status, 401, "{}", row.path);
}

async fn malformed(nobody: &Browser, row: &Row) {
    let expected = json!({
        "success": false, "name": "INVALID_JSON", "message": "Request body contains malformed JSON", "result": null,
        "details": { "action": "check_json_syntax", "hint": "Ensure your JSON is properly formatted" },
    });
    for body in ["{", "{\"name\":}", "name=x", "{\"a\":1}}"] {
        let answer = send(nobody, row, Some(body.to_owned())).await;
        assert_eq!(
            (answer.status, answer.json()),
            (400, expected.clone()),
            "{} {body}",
            row.path
        );
    }
}

#[track_caller]
fn unauthenticated(answer: &Answer, is_staff: bool) {
    let (area, required) = if is_staff {
        ("admin", "admin")
    } else {
        ("dashboard", "user")
    };
    let expected = json!({
        "success": false, "name": "Validation Error", "result": null,
        "message": format!("Authentication required. Please log in to access {area} resources."),
        "details": {
            "action": "access_protected_resource", "requiredPermission": required,
            "receivedPermission": "unauthenticated",
        },
    });
    assert_eq!((answer.status, answer.json()), (401, expected));
}

#[track_caller]
fn not_staff(answer: &Answer) {
    let expected = json!({
        "success": false, "name": "Validation Error", "result": null,
        "message": "Admin access required. Insufficient permissions.",
        "details": {
            "action": "access_protected_resource", "requiredPermission": "admin", "receivedPermission": "user",
        },
    });
    assert_eq!((answer.status, answer.json()), (401, expected));
}
