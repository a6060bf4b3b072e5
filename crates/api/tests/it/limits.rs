//! What is refused before anybody asks what it means, and in which order.

use serde_json::json;

use crate::server::start;

const ORDERS: &str = "/api/v1/dashboard/orders";

#[tokio::test(flavor = "multi_thread")]
async fn size_comes_before_syntax_syntax_before_session_and_session_before_validation() {
    let server = start().await;
    let too_large = vec![b'{'; 102_401];
    let json = |body: &[u8]| {
        server
            .request("POST", ORDERS)
            .header("Content-Type", "application/json")
            .body(body)
    };

    let answer = json(&too_large).send().await;
    assert_eq!(answer.error(), (413, "PAYLOAD_TOO_LARGE".to_owned()));
    assert_eq!(answer.json()["details"]["maxSize"], "100KB");

    let answer = json(b"{bad").send().await;
    assert_eq!(answer.error(), (400, "INVALID_JSON".to_owned()));
    assert_eq!(answer.json()["message"], "Request body contains malformed JSON");

    let answer = json(b"{}").send().await;
    assert_eq!(answer.error(), (401, "Validation Error".to_owned()));
    let body = answer.json();
    assert_eq!(
        body["message"],
        "Authentication required. Please log in to access dashboard resources."
    );
    assert_eq!(body["details"]["receivedPermission"], "unauthenticated");

    let (_, ann) = server.customer().await;
    let answer = json(b"{}").cookie(&ann).send().await;
    assert_eq!(answer.error(), (400, "VALIDATION_ERROR".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_undeclared_length_is_bounded_too() {
    let server = start().await;
    let mut chunked = Vec::new();
    for _ in 0..30 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend_from_slice(&[b' '; 0x1000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let answer = server
        .request("POST", ORDERS)
        .header("Content-Type", "application/json")
        .header("Transfer-Encoding", "chunked")
        .raw_body(chunked)
        .send()
        .await;
    assert_eq!(answer.error(), (413, "PAYLOAD_TOO_LARGE".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_still_passes() {
    let server = start().await;
    let mut body = json!({ "name": "x" }).to_string().into_bytes();
    body.resize(102_400, b' ');
    let answer = server
        .request("POST", "/api/v1/admin/categories")
        .header("Content-Type", "application/json")
        .cookie(&server.staff().await)
        .body(body)
        .send()
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_fields_of_one_name_nul_and_what_is_no_text_are_refused_everywhere() {
    let server = start().await;
    let sam = server.staff().await;
    for body in [
        r#"{"name":"a","name":"b"}"#,
        r#"{"name":"a","x":{"y":["\u0000"]}}"#,
    ] {
        let answer = server
            .request("POST", "/api/v1/admin/categories")
            .header("Content-Type", "application/json")
            .cookie(&sam)
            .body(body)
            .send()
            .await;
        assert_eq!(answer.error(), (400, "INVALID_JSON".to_owned()), "{body}");
    }
    for path in [
        "/api/v1/admin/audit?target=%00",
        "/api/v1/admin/audit?target=%ff",
        "/api/v1/admin/users/%00/rights",
        "/api/auth/reset-password/%00?callbackURL=/",
    ] {
        let answer = server.get(path, &sam).await;
        assert_eq!(answer.error(), (400, "VALIDATION_ERROR".to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_not_understood() {
    let server = start().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let answer = server
            .request("POST", ORDERS)
            .header("Content-Type", content_type)
            .body("{}")
            .send()
            .await;
        assert_eq!(answer.error(), (415, "UNSUPPORTED_MEDIA_TYPE".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_addresses_and_headers_are_refused() {
    let server = start().await;
    let path = format!("/api/v1/services?x={}", "a".repeat(9_000));
    let answer = server.request("GET", &path).send().await;
    assert_eq!(answer.error(), (414, "URI_TOO_LONG".to_owned()));
    let answer = server
        .request("GET", "/api/auth/ok")
        .header("X-Long", &"a".repeat(17_000))
        .send()
        .await;
    assert_eq!(answer.error(), (431, "HEADERS_TOO_LARGE".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_wrong_methods_are_told_in_the_dialect_of_the_path() {
    let server = start().await;
    let answer = server.request("GET", "/nowhere").send().await;
    assert_eq!(answer.error(), (404, "ROUTE_NOT_FOUND".to_owned()));
    assert_eq!(answer.json()["success"], false);

    let answer = server.request("GET", "/api/v1/auth/nowhere").send().await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));

    let answer = server.request("PUT", "/api/v1/services").send().await;
    assert_eq!(answer.error(), (405, "METHOD_NOT_ALLOWED".to_owned()));
    assert_eq!(answer.header("allow"), Some("GET"));

    // What is behind a door is nobody's business before the door.
    let answer = server.request("GET", "/api/v1/admin/nowhere").send().await;
    assert_eq!(answer.status, 401);
    let answer = server.get("/api/v1/admin/nowhere", &server.staff().await).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_queries_of_the_wrong_kind_are_refused_in_the_envelope() {
    let server = start().await;
    let sam = server.staff().await;
    for (method, path) in [
        ("DELETE", "/api/v1/admin/categories/abc"),
        ("GET", "/api/v1/admin/orders?limit=x"),
        ("GET", "/api/v1/admin/orders?limit=101"),
        ("GET", "/api/v1/admin/orders?state=lost"),
        ("GET", "/api/v1/admin/orders?providerId=x"),
    ] {
        let answer = server.request(method, path).cookie(&sam).send().await;
        assert_eq!(answer.error(), (400, "VALIDATION_ERROR".to_owned()), "{path}");
    }
    let answer = server.get("/api/v1/admin/orders?cursor=e1", &sam).await;
    assert_eq!(answer.error(), (400, "INVALID_CURSOR".to_owned()));
}
