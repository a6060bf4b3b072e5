//! What staff do, in the bodies of the web application.

use sandbox::{Panel, PanelConfig};
use serde_json::{Value, json};

use crate::client::Answer;
use crate::server::{TestServer, start};

async fn add_provider(server: &TestServer, sam: &str, panel: &Panel) -> i64 {
    let form = json!({ "name": "Panel", "apiUrl": panel.url(), "apiKey": panel.key() });
    let answer = server.send("POST", "/api/v1/admin/providers", sam, &form).await;
    assert_eq!(said(&answer), (201, "PROVIDER_ADDED"), "{}", answer.text);
    answer.json()["result"]["id"].as_i64().unwrap()
}

fn said(answer: &Answer) -> (u16, &'static str) {
    let name = answer.json()["name"].as_str().unwrap().to_owned();
    (answer.status, name.leak())
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_not_staff() {
    let server = start().await;
    let (_, ann) = server.customer().await;
    let answer = server.get("/api/v1/admin/providers", &ann).await;
    assert_eq!(said(&answer), (401, "Validation Error"));
    assert_eq!(
        answer.json()["message"],
        "Admin access required. Insufficient permissions."
    );
    assert_eq!(answer.json()["details"]["receivedPermission"], "user");
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_are_added_renamed_and_removed_but_never_the_last_resort() {
    let server = start().await;
    let sam = server.staff().await;
    let categories = "/api/v1/admin/categories";
    let named = |name: &str| json!({ "name": name });

    let added = server.send("POST", categories, &sam, &named("Instagram")).await;
    assert_eq!(said(&added), (201, "CATEGORY_ADDED"));
    let twice = server.send("POST", categories, &sam, &named("Instagram")).await;
    assert_eq!(said(&twice), (409, "CATEGORY_EXISTS"));
    let one = format!("{categories}/{}", added.json()["result"]["id"]);
    let renamed = server.send("PATCH", &one, &sam, &named("TikTok")).await;
    assert_eq!(said(&renamed), (200, "CATEGORY_UPDATED"));
    let reserved = server.send("PATCH", &one, &sam, &named("Uncategorized")).await;
    assert_eq!(said(&reserved), (409, "CATEGORY_RESERVED"));

    let listed = server.get(categories, &sam).await.json();
    assert_eq!(listed["result"][0]["name"], "TikTok");
    assert!(listed["result"][0]["created_at"].as_str().unwrap().ends_with('Z'));

    let removed = server.request("DELETE", &one).cookie(&sam).send().await;
    assert_eq!(said(&removed), (200, "CATEGORY_DELETED"));
    let gone = server.request("DELETE", &one).cookie(&sam).send().await;
    assert_eq!(said(&gone), (404, "CATEGORY_NOT_FOUND"));
    let last = server.get(categories, &sam).await.json()["result"][0].clone();
    assert_eq!(last["name"], "Uncategorized");
    let last = format!("{categories}/{}", last["id"]);
    let kept = server.request("DELETE", &last).cookie(&sam).send().await;
    assert_eq!(said(&kept), (409, "CATEGORY_RESERVED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_added_tested_edited_and_removed() {
    let (server, panel) = (start().await, Panel::start(PanelConfig::default()).await.unwrap());
    let sam = server.staff().await;
    let id = add_provider(&server, &sam, &panel).await;
    let one = format!("/api/v1/admin/providers/{id}");

    let tested = server
        .request("POST", &format!("{one}/test"))
        .cookie(&sam)
        .send()
        .await;
    assert_eq!(said(&tested), (200, "PROVIDER_CONNECTED"), "{}", tested.text);
    let key = format!("/api/v1/admin/providers/key/{id}");
    let revealed = server.get(&key, &sam).await.json();
    assert_eq!(revealed["result"]["apiKey"], panel.key());
    let listed = server.get("/api/v1/admin/providers", &sam).await;
    assert!(!listed.text.contains(panel.key()), "lists hold no keys");
    assert!(listed.json()["result"][0]["balance"]["balance"].is_string());

    let masked =
        json!({ "name": "Renamed", "apiUrl": panel.url(), "apiKey": "********", "requestsPerSecond": 9 });
    let edited = server.send("PATCH", &one, &sam, &masked).await;
    assert_eq!(said(&edited), (200, "PROVIDER_EDITED"));
    let revealed = server.get(&key, &sam).await.json();
    assert_eq!(
        revealed["result"]["apiKey"],
        panel.key(),
        "a mask leaves the key alone"
    );
    assert_eq!(revealed["result"]["name"], "Renamed");

    let removed = server.request("DELETE", &one).cookie(&sam).send().await;
    assert_eq!(said(&removed), (200, "PROVIDER_DELETED"));
    assert_eq!(
        server.get("/api/v1/admin/providers", &sam).await.json()["result"],
        json!([])
    );
    assert_eq!(said(&server.get(&key, &sam).await), (404, "PROVIDER_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_service_is_added_as_it_was_listed_and_edited_either_way() {
    let (server, panel) = (start().await, Panel::start(PanelConfig::default()).await.unwrap());
    let sam = server.staff().await;
    let id = add_provider(&server, &sam, &panel).await;

    let path = format!("/api/v1/admin/providers/services/{id}");
    let offered = server.get(&path, &sam).await.json()["result"].clone();
    let row = offered[0].clone();
    assert!(row["service"].is_string() && row["min"].is_string(), "{row}");
    let add = format!("/api/v1/admin/services?provider-id={id}");
    assert_eq!(
        said(&server.send("POST", &add, &sam, &row).await),
        (201, "SERVICE_ADDED")
    );
    assert_eq!(
        said(&server.send("POST", &add, &sam, &row).await),
        (409, "SERVICE_ALREADY_EXIST")
    );
    let nobody = "/api/v1/admin/services?provider-id=null";
    assert_eq!(
        said(&server.send("POST", nobody, &sam, &row).await),
        (400, "PROVIDER_ID_REQUIRED")
    );

    let service = |listed: &Value| listed["result"][0].clone();
    let listed = service(&server.get("/api/v1/admin/services", &sam).await.json());
    assert_eq!(listed["category"], "Uncategorized");
    assert_eq!(listed["profit"], Value::Null);
    assert!(listed["rate"].is_number() && listed["service"].is_string());
    let public = server
        .request("GET", "/api/v1/services?currency=INR")
        .send()
        .await
        .json();
    assert_eq!(public["result"], json!({ "services": [], "currency": "USD" }));

    let one = format!("/api/v1/admin/services/{}", listed["id"]);
    let plain = json!({ "name": "Fast", "profit": 0.5, "category": "Uncategorized" });
    assert_eq!(
        said(&server.send("PATCH", &one, &sam, &plain).await),
        (201, "SERVICE_ADDED")
    );
    let added = server
        .send(
            "POST",
            "/api/v1/admin/categories",
            &sam,
            &json!({ "name": "Best" }),
        )
        .await;
    let selected = json!({ "name": "Best", "id": added.json()["result"]["id"] }).to_string();
    let chosen = json!({ "name": "Fast", "profit": 0.25, "category": selected });
    assert_eq!(
        said(&server.send("PATCH", &one, &sam, &chosen).await),
        (201, "SERVICE_ADDED")
    );
    let listed = service(&server.get("/api/v1/admin/services", &sam).await.json());
    assert_eq!(
        (&listed["category"], &listed["profit"]),
        (&json!("Best"), &json!(0.25))
    );
    let public = server.request("GET", "/api/v1/services").send().await.json();
    assert_eq!(public["result"]["services"][0]["services"][0]["name"], "Fast");

    let removed = server.request("DELETE", &one).cookie(&sam).send().await;
    assert_eq!(said(&removed), (200, "SERVICES_DELETED"));
    assert_eq!(
        server.get("/api/v1/admin/services", &sam).await.json()["result"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_reports_every_service_and_twice_is_harmless() {
    let (server, panel) = (start().await, Panel::start(PanelConfig::default()).await.unwrap());
    let sam = server.staff().await;
    let id = add_provider(&server, &sam, &panel).await;
    let path = format!("/api/v1/admin/providers/services/{id}");
    let first = server.get(&path, &sam).await.json()["result"][0]["service"].clone();

    let import = format!("/api/v1/admin/providers/{id}/import");
    let some = json!({ "services": [first, "no such"], "profitPercent": "25", "category": "Ours" });
    let report = server.send("POST", &import, &sam, &some).await.json()["result"].clone();
    assert_eq!(report["added"], 1);
    assert_eq!(report["rows"][0]["outcome"], "added");
    assert_eq!(report["rows"][1]["outcome"], "not_offered");

    let all = json!({ "profitFixed": "0.1" });
    let report = server.send("POST", &import, &sam, &all).await.json()["result"].clone();
    let outcomes: Vec<_> = report["rows"].as_array().unwrap().iter().collect();
    assert_eq!(
        outcomes
            .iter()
            .filter(|row| row["outcome"] == "already_there")
            .count(),
        1
    );
    assert_eq!(report["added"].as_u64(), u64::try_from(outcomes.len() - 1).ok());
    let again = server.send("POST", &import, &sam, &all).await.json();
    assert_eq!(again["result"]["added"], 0);

    let both = json!({ "category": "One", "categories": { "Two": "Two" } });
    assert_eq!(
        said(&server.send("POST", &import, &sam, &both).await),
        (400, "VALIDATION_ERROR")
    );
    let nobody = "/api/v1/admin/providers/99/import";
    assert_eq!(
        said(&server.send("POST", nobody, &sam, &json!({})).await),
        (404, "PROVIDER_NOT_FOUND")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_is_made_once_and_a_key_means_one_credit() {
    let server = start().await;
    let (sam, (ann, cookie)) = (server.staff().await, server.customer().await);
    let path = format!("/api/v1/admin/users/{ann}/wallet/credit");
    let credit = |amount: &str| {
        server
            .request("POST", &path)
            .cookie(&sam)
            .header("Idempotency-Key", "gift-1")
            .json(&json!({ "amount": amount, "reason": "a gift" }))
    };
    let made = credit("2.5").send().await;
    assert_eq!(said(&made), (201, "WALLET_CREDITED"));
    assert_eq!(made.json()["result"]["wallet"]["balance"], "2.50");
    let again = credit("2.5").send().await.json()["result"].clone();
    assert_eq!(
        (&again["replayed"], &again["wallet"]["balance"]),
        (&json!(true), &json!("2.50"))
    );
    assert_eq!(said(&credit("2.6").send().await), (422, "IDEMPOTENCY_KEY_REUSED"));
    for amount in ["0", "-1", "ten", "0.0000001"] {
        assert_eq!(
            said(&credit(amount).send().await),
            (400, "VALIDATION_ERROR"),
            "{amount}"
        );
    }
    let nobody = json!({ "amount": 1, "reason": "x" });
    let nobody = server
        .send("POST", "/api/v1/admin/users/nobody/wallet/credit", &sam, &nobody)
        .await;
    assert_eq!(said(&nobody), (404, "USER_NOT_FOUND"));

    let entries = server
        .get("/api/v1/dashboard/wallet/transactions", &cookie)
        .await
        .json();
    assert_eq!(entries["result"]["transactions"].as_array().unwrap().len(), 1);
    assert_eq!(entries["result"]["transactions"][0]["amount"], "2.50");
    assert_eq!(entries["result"]["transactions"][0]["note"], "a gift");
}
