//! The shapes that the pages of customers read.

use serde_json::json;

use crate::support::{Browser, Way, scenarios, undated};

scenarios!(on both ways:
    the_catalogue_has_the_shape_that_its_page_reads,
    wallet_and_orders_have_the_shapes_that_their_pages_read,
);

const ORDERS: &str = "/api/v1/dashboard/orders";
const FOLLOWERS: &str = "Instagram Followers | Mixed quality | 50K/day";

async fn the_catalogue_has_the_shape_that_its_page_reads(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    for currency in ["INR", "USD", ""] {
        let path = format!("/api/v1/services?currency={currency}");
        let listing = nobody.get(&path).await.success(200, "SERVICES_FETCHED");
        assert_eq!(listing["currency"], "USD", "the page formats with what we say");
    }
    let listing = nobody
        .get("/api/v1/services")
        .await
        .success(200, "SERVICES_FETCHED");
    let categories = listing["services"].as_array().expect("categories");
    assert!(
        categories
            .iter()
            .all(|category| category["name"] != "Uncategorized")
    );
    let followers = categories
        .iter()
        .find(|it| it["name"] == "Instagram Followers")
        .expect("a category");
    assert!(followers["id"].is_i64());
    let id = world.service("1012");
    let row = followers["services"]
        .as_array()
        .expect("services")
        .iter()
        .find(|it| it["id"] == id);
    let expected = json!({
        "id": id, "name": FOLLOWERS, "type": "Default", "price": "1.17", "min": 50, "max": 100_000,
        "dripfeed": true, "refill": false, "cancel": true, "description": null, "averageTime": null,
    });
    assert_eq!(row, Some(&expected));
    assert!(
        !listing.to_string().contains("rate\""),
        "customers do not see what we pay"
    );
    world.close().await;
}

async fn wallet_and_orders_have_the_shapes_that_their_pages_read(way: Way) {
    let Some(world) = way.world().await else { return };
    let wallet = world.customer.get("/api/v1/dashboard/wallet?currency=USD").await;
    let expected = json!({ "balance": "100.00", "held": "0.00", "status": "active", "currency": "USD" });
    assert_eq!(wallet.success(200, "USER_BALANCE"), expected);

    let service = world.service("1012");
    let form = world.order_form("1012", "partial:50", 1_000);
    let answer = world.customer.post(ORDERS, form.clone()).await;
    assert_eq!(
        answer.json()["message"],
        "Order created successfully and price deducted from wallet"
    );
    let placed = answer.success(201, "ORDER_CREATED")["order"].clone();
    let expected = json!({
        "id": placed["id"], "serviceId": service, "serviceName": FOLLOWERS, "link": form["link"], "quantity": 1_000,
        "price": "1.17", "currency": "USD", "status": "Pending", "created_at": "DATE",
    });
    assert_eq!(undated(&placed), expected);

    world
        .until(placed["id"].as_i64().expect("an id"), "partial")
        .await;
    let orders = world
        .customer
        .get(&format!("{ORDERS}?currency=usd"))
        .await
        .success(200, "ORDER_FETCHED");
    let order = orders["orders"][0].clone();
    let expected = json!({
        "orders": [{
            "id": placed["id"], "serviceId": service, "serviceName": FOLLOWERS, "link": form["link"],
            "quantity": 1_000, "price": 1.17, "refunded": "0.585", "status": "Partial", "refill": false,
            "startCount": order["startCount"], "remains": 500, "cancelRequestedAt": null,
            "created_at": "DATE", "updated_at": "DATE",
        }],
        "currency": "USD", "nextCursor": null,
    });
    assert_eq!(undated(&orders), expected);
    world.close().await;
}
