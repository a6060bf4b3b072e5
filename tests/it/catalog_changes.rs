//! The public list and the feed of its changes, as third parties read them.

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Way, World, eventually, scenarios};
use crate::sync_http::{feed, put, service};

scenarios!(on both ways:
    every_change_that_staff_make_is_told_in_its_order,
    a_list_that_was_seen_is_not_sent_again_until_something_changes,
    categories_stand_in_the_order_that_staff_gave_them,
);
scenarios!(on two nodes: a_change_on_one_node_is_soon_seen_on_the_other);

const LIST: &str = "/api/v1/services";

async fn edit(world: &World, profit: f64) {
    let row = service(world, "1012").await;
    let path = format!("/api/v1/admin/services/{}", row["id"]);
    let form = json!({ "name": row["name"], "profit": profit, "category": row["category"] });
    world.admin.patch(&path, form).await.success(201, "SERVICE_ADDED");
}

async fn seen(browser: &Browser, tag: &str) -> Answer {
    let complete = |request: reqwest::RequestBuilder| request.header(IF_NONE_MATCH, tag);
    browser.send(Method::GET, LIST, complete).await
}

async fn every_change_that_staff_make_is_told_in_its_order(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let (all, since) = feed(&world, "0").await;
    let first = &all[0];
    assert_eq!(first["id"], 1);
    let row = service(&world, "1012").await;
    let id = row["id"].clone();
    let new = all
        .iter()
        .find(|change| change["service"] == id)
        .expect("it is new");
    let expected = json!({
        "id": new["id"], "service": id, "change": "new", "before": null, "at": new["at"], "after": {
            "name": row["name"], "category": row["category"], "type": "Default", "price": row["price"], "min": row["min"], "max": row["max"],
            "dripfeed": row["dripfeed"], "refill": row["refill"], "cancel": row["cancel"],
        },
    });
    assert_eq!(new, &expected);

    edit(&world, 0.5).await;
    let category = format!("/api/v1/admin/categories/{}", row["categoryId"]);
    let renamed = json!({ "name": "Renamed" });
    world
        .admin
        .patch(&category, renamed)
        .await
        .success(200, "CATEGORY_UPDATED");
    world.set_provider("availability", json!("disabled")).await;
    world.set_provider("availability", json!("active")).await;
    let path = format!("/api/v1/admin/services/{id}");
    world.admin.delete(&path).await.success(200, "SERVICES_DELETED");
    let (changes, since) = feed(&world, &since).await;
    let of_it: Vec<&str> = changes
        .iter()
        .filter(|change| change["service"] == id)
        .map(|change| change["change"].as_str().expect("a word"))
        .collect();
    assert_eq!(of_it, ["price", "category", "disabled", "enabled", "disabled"]);
    let numbers: Vec<i64> = changes
        .iter()
        .map(|it| it["id"].as_i64().expect("a number"))
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");

    let end = nobody.get(&format!("{LIST}/changes?since={since}")).await;
    let expected = json!({ "changes": [], "next": since, "hasMore": false, "currency": "USD" });
    assert_eq!(end.success(200, "CHANGES_FETCHED"), expected);
    for wrong in ["-1", "x", "1.5", "99999999999999999999"] {
        let answer = nobody.get(&format!("{LIST}/changes?since={wrong}")).await;
        answer.failure(400, "INVALID_CURSOR");
    }
    for wrong in ["0", "101"] {
        let answer = nobody.get(&format!("{LIST}/changes?limit={wrong}")).await;
        answer.failure(400, "VALIDATION_ERROR");
    }
    world.close().await;
}

async fn a_list_that_was_seen_is_not_sent_again_until_something_changes(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let first = nobody.get(LIST).await;
    let tag = first.header("etag").expect("it has a tag").to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    assert_eq!(nobody.get(LIST).await.text, first.text);
    for told in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".to_owned(),
    ] {
        let same = seen(&nobody, &told).await;
        assert_eq!((same.status, same.text.as_str()), (304, ""), "{told}");
        assert_eq!(same.header("etag"), Some(tag.as_str()));
    }
    assert_eq!(seen(&nobody, "\"other\"").await.status, 200);
    edit(&world, 0.7).await;
    let changed = seen(&nobody, &tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    assert_ne!(changed.text, first.text);
    world.close().await;
}

async fn categories_stand_in_the_order_that_staff_gave_them(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let mut ids = Vec::new();
    for name in ["Alpha", "Beta", "Gamma"] {
        let added = admin
            .post("/api/v1/admin/categories", json!({ "name": name }))
            .await;
        ids.push(added.success(201, "CATEGORY_ADDED")["id"].clone());
    }
    let order = "/api/v1/admin/categories/order";
    let arranged = put(&world, order, json!({ "ids": [ids[2], ids[0]] })).await;
    assert_eq!(arranged.success(200, "CATEGORIES_ARRANGED"), Value::Null);
    let names = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| row["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    let listed = admin.get("/api/v1/admin/categories").await;
    let listed = names(&listed.success(200, "CATEGORIES_FETCHED"));
    assert_eq!(listed[..3], ["Gamma", "Alpha", "Beta"]);
    let public = admin.get(LIST).await.success(200, "SERVICES_FETCHED");
    assert_eq!(names(&public["services"])[..2], ["Gamma", "Alpha"]);
    for wrong in [json!([999_999]), json!([ids[0], ids[0]])] {
        put(&world, order, json!({ "ids": wrong }))
            .await
            .failure(404, "CATEGORY_NOT_FOUND");
    }
    for wrong in [
        json!({}),
        json!({ "ids": ["x"] }),
        json!({ "ids": vec![1; 1_001] }),
    ] {
        put(&world, order, wrong).await.failure(400, "VALIDATION_ERROR");
    }
    world.close().await;
}

async fn a_change_on_one_node_is_soon_seen_on_the_other(way: Way) {
    let Some(world) = way.world().await else { return };
    let addresses = world.addresses();
    let nodes: Vec<Browser> = addresses
        .iter()
        .map(|address| Browser::anonymous(std::slice::from_ref(address)))
        .collect();
    for round in 1..=5 {
        edit(&world, f64::from(round)).await;
        let price = format!("\"price\":{}", service(&world, "1012").await["price"]);
        let lists = eventually(
            || format!("both nodes show {price} in round {round}"),
            async || {
                let mut lists = Vec::new();
                for node in &nodes {
                    lists.push(node.get(LIST).await);
                }
                lists
                    .iter()
                    .all(|list| list.text.contains(&price))
                    .then_some(lists)
            },
        )
        .await;
        assert_eq!(lists[0].text, lists[1].text, "round {round}");
        assert_eq!(lists[0].header("etag"), lists[1].header("etag"));
    }
    world.close().await;
}
