//! A provider who bills in rupees.

use sandbox::{Panel, PanelConfig};
use serde_json::{Value, json};

use crate::support::{Answer, PANEL_KEY, Way, World, scenarios};

scenarios!(on both ways:
    a_provider_who_bills_in_rupees_is_read_in_dollars_or_not_at_all,
    a_currency_stays_while_costs_were_read_in_it,
    a_panel_that_knows_no_balance_and_allows_one_request_a_second_is_read,
);

const PROVIDERS: &str = "/api/v1/admin/providers";

/// A panel of its own, and our provider, of which staff said nothing but where it is.
struct Foreign<'a> {
    world: &'a World,
    panel: Panel,
    id: i64,
}

impl<'a> Foreign<'a> {
    async fn added(world: &'a World) -> Self {
        let config = PanelConfig {
            key: PANEL_KEY.to_owned(),
            currency: "INR".to_owned(),
            ..PanelConfig::default()
        };
        let panel = Panel::start(config).await.expect("the panel listens");
        let answer = world.admin.post(PROVIDERS, Self::form(&panel)).await;
        let id = answer.success(201, "PROVIDER_ADDED")["id"]
            .as_i64()
            .expect("an id");
        Self { world, panel, id }
    }

    fn form(panel: &Panel) -> Value {
        json!({ "name": "Rupees", "apiUrl": panel.url(), "apiKey": PANEL_KEY, "requestsPerSecond": 200 })
    }

    async fn edit(&self, field: &str, value: Value) -> Answer {
        let mut form = Self::form(&self.panel);
        form[field] = value;
        self.world
            .admin
            .patch(&format!("{PROVIDERS}/{}", self.id), form)
            .await
    }

    async fn list(&self) -> Answer {
        self.world
            .admin
            .get(&format!("{PROVIDERS}/services/{}", self.id))
            .await
    }

    async fn import(&self) -> Answer {
        let form = json!({ "services": ["1012"], "profitPercent": "25" });
        self.world
            .admin
            .post(&format!("{PROVIDERS}/{}/import", self.id), form)
            .await
    }
}

async fn a_provider_who_bills_in_rupees_is_read_in_dollars_or_not_at_all(way: Way) {
    let Some(world) = way.world().await else { return };
    let theirs = world
        .admin
        .get(&format!("{PROVIDERS}/services/{}", world.provider))
        .await;
    let theirs = rate_of(&theirs.success(200, "SERVICES_FETCHED"));

    let foreign = Foreign::added(&world).await;
    for refused in [foreign.list().await, foreign.import().await] {
        let body = refused.failure(409, "PROVIDER_CURRENCY_DIFFERS");
        let message = body["message"].as_str().expect("text");
        assert!(message.contains("bills in INR"), "{message}");
    }
    foreign
        .edit("currency", json!("rupees"))
        .await
        .failure(400, "VALIDATION_ERROR");
    foreign
        .edit("currency", json!("inr"))
        .await
        .success(200, "PROVIDER_EDITED");
    foreign.list().await.failure(503, "CURRENCY_UNAVAILABLE");
    foreign.import().await.failure(503, "CURRENCY_UNAVAILABLE");

    let form = json!({ "rate": "80", "reason": "a test" });
    let answer = world.admin.post("/api/v1/admin/rates/INR", form).await;
    answer.success(200, "RATE_SET");
    world.system().services().currency.rates.forget();
    let ours = rate_of(&foreign.list().await.success(200, "SERVICES_FETCHED"));
    assert_eq!(
        nanos(&ours),
        (nanos(&theirs) + 79) / 80,
        "{theirs} rupees are {ours} dollars"
    );
    let done = foreign.import().await.success(200, "SERVICES_IMPORTED");
    assert_eq!(done["added"], 1, "{done}");
    assert_eq!(done["rows"][0]["planned"]["cost"], ours.as_str());
    foreign.panel.stop().await;
    world.close().await;
}

async fn a_currency_stays_while_costs_were_read_in_it(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut form = world.provider_form();
    form["currency"] = json!("EUR");
    let path = format!("{PROVIDERS}/{}", world.provider);
    let refused = world.admin.patch(&path, form.clone()).await;
    refused.failure(409, "PROVIDER_HAS_SERVICES");
    // Nothing of the form was taken, and what changes nothing may be said.
    form["currency"] = json!("USD");
    world
        .admin
        .patch(&path, form)
        .await
        .success(200, "PROVIDER_EDITED");

    let foreign = Foreign::added(&world).await;
    foreign
        .edit("currency", json!("INR"))
        .await
        .success(200, "PROVIDER_EDITED");
    let audit = world.admin.get("/api/v1/admin/audit?action=provider.edit").await;
    let audit = audit.success(200, "AUDIT_FETCHED");
    let details = &audit["lines"][0]["details"];
    assert_eq!(
        (&details["currency_before"], &details["currency"]),
        (&json!("USD"), &json!("INR"))
    );
    let rows = world.admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    let rows = rows.as_array().expect("providers").iter();
    let currencies: Vec<&Value> = rows.map(|row| &row["currency"]).collect();
    assert_eq!(currencies, ["INR", "USD"]);
    foreign.panel.stop().await;
    world.close().await;
}

async fn a_panel_that_knows_no_balance_and_allows_one_request_a_second_is_read(way: Way) {
    let Some(world) = way.world().await else { return };
    for fault in ["balance:403", "balance:html"] {
        let config = PanelConfig {
            key: PANEL_KEY.to_owned(),
            faults: fault.parse().expect("a fault"),
            ..PanelConfig::default()
        };
        let panel = Panel::start(config).await.expect("the panel listens");
        let mut form = Foreign::form(&panel);
        form["name"] = json!(fault);
        form["requestsPerSecond"] = json!(1);
        let answer = world.admin.post(PROVIDERS, form).await;
        let id = answer.success(201, "PROVIDER_ADDED")["id"].clone();
        let list = world.admin.get(&format!("{PROVIDERS}/services/{id}")).await;
        list.success(200, "SERVICES_FETCHED");
        assert_eq!(panel.requests()["balance"], 1);
        panel.stop().await;
    }
    world.close().await;
}

/// The price of a thousand followers, as it is listed.
fn rate_of(list: &Value) -> String {
    let mut rows = list.as_array().expect("services").iter();
    let row = rows.find(|row| row["service"] == "1012").expect("it is offered");
    row["rate"].as_str().expect("text").to_owned()
}

fn nanos(rate: &str) -> i64 {
    domain::Rate::parse(rate).expect("a rate").nanos()
}
