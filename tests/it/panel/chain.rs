//! One installation sells what another one delivers: the product's own client against the product's own server.

use std::time::Duration;

use domain::Money;
use domain::identity::Role;
use domain::orders::OrderPolicy;
use serde_json::{Value, json};
use smm_guru::FundsSetup;

use super::{MANAGED, Script};
use crate::support::{Browser, PASSWORD, Way, World, enlist, eventually, money, prove_the_books, scenarios};

scenarios!(on both ways:
    an_order_at_one_installation_is_delivered_by_another_to_its_end,
);

/// The installation in front: it sells what the one behind delivers.
struct Front {
    node: crate::support::Node,
    admin: Browser,
    customer: Browser,
    service: i64,
    provider: i64,
}

impl Front {
    async fn open(way: Way, key: &str, behind: &World) -> Option<(Self, crate::support::Ground)> {
        let policy = OrderPolicy {
            lease: Duration::from_secs(8),
            send_within: Duration::from_secs(4),
            send_timeout: Duration::from_secs(4),
            poll_percent: 1,
            lookup_percent: 2,
            ..OrderPolicy::default()
        };
        let (mut nodes, ground) = way.nodes(policy, FundsSetup::none()).await?;
        let node = nodes.remove(0);
        let addresses = [node.running[0].base_url()];
        enlist(&node.system, "boss", Role::Admin).await;
        let buyer = enlist(&node.system, "buyer", Role::User).await;
        let admin = Browser::signed_in(&addresses, "boss@example.com", PASSWORD).await;
        let customer = Browser::signed_in(&addresses, "buyer@example.com", PASSWORD).await;
        let form = json!({
            "name": "The one behind", "apiUrl": format!("{}/api/v2", behind.addresses()[0]), "apiKey": key,
            "lookup": "reference", "requestsPerSecond": 200,
        });
        let provider = admin
            .post("/api/v1/admin/providers", form)
            .await
            .success(201, "PROVIDER_ADDED");
        let provider = provider["id"].as_i64().expect("an id");
        let import = format!("/api/v1/admin/providers/{provider}/import");
        let services = json!({ "services": [behind.service("1012").to_string()], "profitPercent": "100" });
        let report = admin
            .post(&import, services)
            .await
            .success(200, "SERVICES_IMPORTED");
        assert_eq!(report["added"], 1, "{report}");
        let service = report["rows"][0]["id"].as_i64().expect("an id");
        let credit = format!("/api/v1/admin/users/{}/wallet/credit", buyer.id);
        let hundred = json!({ "amount": "100", "reason": "Bank transfer" });
        admin.post(&credit, hundred).await.success(201, "WALLET_CREDITED");
        let front = Self {
            node,
            admin,
            customer,
            service,
            provider,
        };
        Some((front, ground))
    }

    /// The customer orders at this link; the order.
    async fn order(&self, link: &str) -> i64 {
        let form = json!({ "category": "any", "service": self.service.to_string(), "link": link, "quantity": 1_000 });
        let placed = self.customer.post("/api/v1/dashboard/orders", form).await;
        let placed = placed.success(201, "ORDER_CREATED");
        placed["order"]["id"].as_i64().expect("an id")
    }

    async fn until(&self, order: i64, state: &str) -> Value {
        let path = format!("/api/v1/admin/orders/{order}");
        eventually(
            || format!("order {order} is {state}"),
            async || {
                let shown = self.admin.get(&path).await.success(200, "ORDER_FETCHED");
                (shown["order"]["state"] == state).then_some(shown)
            },
        )
        .await
    }

    async fn balance(&self) -> i64 {
        let wallet = self.customer.get("/api/v1/dashboard/wallet").await;
        money(&wallet.success(200, "USER_BALANCE")["balance"])
    }

    async fn close(self) {
        prove_the_books(&self.node.system).await;
        for running in self.node.running {
            running.stop().await;
        }
        self.node.system.close().await;
    }
}

async fn an_order_at_one_installation_is_delivered_by_another_to_its_end(way: Way) {
    let Some(behind) = way.world().await else { return };
    let script = Script::of(&behind, json!({})).await;
    let Some((front, _ground)) = Front::open(way, &script.key, &behind).await else {
        return;
    };
    // What is 1.17 behind is 2.34 in front.
    let complete = front.order(&behind.link("complete")).await;
    let partial = front.order(&behind.link("partial:50")).await;
    let canceled = front.order(&behind.link("cancel")).await;
    front.until(complete, "completed").await;
    let ended = front.until(partial, "partial").await;
    assert_eq!(ended["order"]["remains"], 500, "{ended}");
    front.until(canceled, "canceled").await;
    assert_eq!(front.balance().await, 100_000_000 - 2_340_000 - 1_170_000);
    assert_eq!(behind.spent().await, 1_170_000 + 585_000);

    // An order in front is found behind by the reference that went with it.
    let listed = script.told("orders", &[]).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(3));

    // What is refused behind is given back in front, and nobody is charged.
    let path = format!("{MANAGED}/{}", script.id);
    let spent = json!({ "spendCap": { "amount": "0.01", "period": "total" } });
    behind
        .customer
        .patch(&path, spent)
        .await
        .success(200, "API_KEY_UPDATED");
    let refused = front.order(&behind.link("complete")).await;
    front.until(refused, "voided").await;
    assert_eq!(front.balance().await, 100_000_000 - 2_340_000 - 1_170_000);
    let panel = front
        .admin
        .get(&format!("/api/v1/admin/providers/{}/balance", front.provider))
        .await;
    assert_eq!(
        panel.json()["result"]["balance"],
        json!("98.245"),
        "{}",
        panel.text
    );
    assert_eq!(Money::from_micros(behind.spent().await).to_string(), "1.755");
    front.close().await;
    behind.close().await;
}
