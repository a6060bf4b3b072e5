//! What holds for every operation of the document.

use std::collections::HashSet;

use serde_json::Value;

use super::*;

fn as_json() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

fn every_operation(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        })
        .collect()
}

#[test]
fn the_contracts_endpoints_are_in_the_document() {
    let document = as_json();
    let known: HashSet<_> = every_operation(&document)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for endpoint in [
        "get /api/v1/services",
        "get /api/v1/dashboard/wallet",
        "get /api/v1/dashboard/orders",
        "get /api/v1/dashboard/settings",
        "patch /api/v1/dashboard/settings",
        "post /api/v1/dashboard/orders",
        "get /api/v1/admin/categories",
        "post /api/v1/admin/categories",
        "patch /api/v1/admin/categories/{id}",
        "delete /api/v1/admin/categories/{id}",
        "get /api/v1/admin/providers",
        "post /api/v1/admin/providers",
        "patch /api/v1/admin/providers/{id}",
        "delete /api/v1/admin/providers/{id}",
        "get /api/v1/admin/providers/key/{id}",
        "get /api/v1/admin/providers/services/{id}",
        "get /api/v1/admin/services",
        "post /api/v1/admin/services",
        "patch /api/v1/admin/services/{id}",
        "delete /api/v1/admin/services/{id}",
        "post /api/auth/sign-up/email",
        "post /api/auth/sign-in/email",
        "post /api/auth/sign-out",
        "get /api/auth/get-session",
        "get /api/auth/error",
        "get /api/auth/admin/list-users",
        "post /api/auth/admin/ban-user",
        "get /v2/api-key",
        "post /v2/handler",
        "post /api/v2",
        "get /health",
        "get /ready",
        "get /metrics",
        "get /api/version",
        "get /api/openapi.json",
    ] {
        assert!(known.contains(endpoint), "{endpoint}");
    }
}

#[test]
fn operations_have_ids_of_their_own_a_summary_and_a_body_for_every_failure() {
    let mut ids = HashSet::new();
    for (name, operation) in every_operation(&as_json()) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{id} twice");
        assert!(operation["summary"].is_string(), "{name} has no summary");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_empty = response["description"] == SIGNED_OUT || status.starts_with('3');
            assert_ne!(
                response["content"].is_null(),
                !is_empty,
                "{name} {status} has no body"
            );
        }
    }
}

#[test]
fn protected_paths_ask_for_the_session_and_open_ones_do_not() {
    for (name, operation) in every_operation(&as_json()) {
        let own = [
            "change-email",
            "change-password",
            "delete-user",
            "reauthenticate",
            "update-user",
            "list-sessions",
            "revoke-session",
            "revoke-sessions",
            "token/session",
            "token/revoke-all",
            "two-factor/enable",
            "two-factor/disable",
            "two-factor/get-totp-uri",
            "two-factor/generate-backup-codes",
            "two-factor/view-backup-codes",
        ];
        let is_own = own
            .iter()
            .any(|path| name.ends_with(&format!("/api/auth/{path}")))
            || name.ends_with("revoke-other-sessions");
        let is_protected = name.contains("/dashboard/")
            || name.contains("/admin/")
            || name.contains("/v2/api-key")
            || is_own;
        let takes_keys = name.ends_with("/api/v2") || name.ends_with("/v2/handler");
        assert_eq!(
            operation["security"].is_array(),
            is_protected || takes_keys,
            "{name}"
        );
        assert_eq!(
            operation["responses"]["401"].is_object(),
            is_protected
                || name.contains("sign-in/email")
                || name.contains("verify-email")
                || name.contains("two-factor/")
                || ["/token", "/token/refresh"].iter().any(|end| name.ends_with(end))
                || name == "post /v2/handler",
            "{name}"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = as_json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[test]
fn no_parameter_is_described_twice() {
    for (name, operation) in every_operation(&as_json()) {
        let mut seen = HashSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let key = (parameter["name"].to_string(), parameter["in"].to_string());
            assert!(seen.insert(key.clone()), "{name} {key:?}");
        }
    }
}

#[test]
fn every_refusal_has_an_example_with_a_code_that_it_names_and_that_has_its_status() {
    let mut examples = 0;
    for (name, operation) in every_operation(&as_json()) {
        let path = name.split(' ').next_back().unwrap();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &response["content"][JSON];
            let schema = content["schema"]["$ref"].as_str().unwrap_or_default();
            let is_failure = ["/Failure", "/AuthFailure", "/PanelFailure"]
                .iter()
                .any(|end| schema.ends_with(end));
            if !is_refusal(status) || (!is_failure && Dialect::of(path) != Dialect::Panel) {
                continue;
            }
            let description = response["description"].as_str().unwrap();
            let example = &content["example"];
            examples += 1;
            let word = [&example["name"], &example["code"]]
                .iter()
                .find_map(|word| word.as_str());
            let Some(word) = word else {
                let is_text = Dialect::of(path) == Dialect::Panel && example["error"].is_string();
                assert!(is_text, "{name} {status} names no code: {description}");
                continue;
            };
            assert!(
                examples::named(description).any(|named| named == word),
                "{name} {status}: {word} is not in {description}"
            );
            let known = actix_web::http::StatusCode::from_bytes(status.as_bytes()).unwrap();
            let is_code = |word: &str| {
                examples::code(word, known).is_some()
                    || Dialect::of(path) == Dialect::Auth && examples::auth_code(word, known).is_some()
            };
            assert!(is_code(word), "{name} {status}: {word}");
            // Nor is a code named that has another status.
            for named in examples::named(description) {
                let is_any = crate::codes::Code::ALL.iter().any(|code| code.word() == named)
                    || crate::codes::AuthCode::ALL
                        .iter()
                        .any(|code| code.word() == named);
                assert!(!is_any || is_code(named), "{name} {status}: {named}");
            }
        }
    }
    assert!(examples > 500, "{examples} refusals were looked at");
}
