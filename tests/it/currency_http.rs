//! Amounts in other currencies.

use std::time::Duration;

use application::currency::{RatePorts, RefreshRates};
use domain::Secret;
use domain::currency::RatePolicy;
use domain::identity::Role;
use sandbox::{RateFault, RateServer};
use serde_json::{Value, json};
use smm_guru::FundsSetup;

use crate::support::{Browser, Scene, Way, World, eventually, money, scenarios};

scenarios!(on both ways:
    amounts_are_shown_in_the_currency_that_is_asked_for_and_orders_keep_the_rate_of_their_day,
    a_currency_that_there_is_not_is_refused_everywhere,
    without_a_rate_the_shop_shows_dollars_and_a_wallet_nothing_wrong,
    whatever_a_source_says_or_does_a_wrong_rate_is_never_used,
    staff_set_a_rate_above_every_source_and_take_it_back,
);
scenarios!(on two nodes:
    a_rate_set_on_one_node_counts_on_the_other_and_one_of_them_asks,
);

const KEY: &str = "canary-currency-key";
const SERVICES: &str = "/api/v1/services";
const WALLET: &str = "/api/v1/dashboard/wallet";
const ORDERS: &str = "/api/v1/dashboard/orders";
const ENTRIES: &str = "/api/v1/dashboard/wallet/transactions";
const RATES: &str = "/api/v1/admin/rates";

/// A shop that asks two sources for rates.
pub struct Bureau {
    pub world: World,
    pub first: RateServer,
    second: RateServer,
}

impl Bureau {
    pub async fn open(way: Way, first: &[(&str, &str)], second: &[(&str, &str)]) -> Option<Self> {
        let first = RateServer::start(KEY, first).await.expect("it listens");
        let second = RateServer::start("", second).await.expect("it listens");
        let funds = FundsSetup {
            currencyapi: Some((first.url(), Secret::new(KEY))),
            open_er: Some(second.url()),
            rates_timeout: Duration::from_secs(2),
            rates: RatePolicy {
                refresh_every: Duration::from_hours(1),
                ..RatePolicy::default()
            },
            ..FundsSetup::none()
        };
        let world = way.world_on(Scene::default(), funds).await?;
        Some(Self { world, first, second })
    }

    /// Asks the sources at once, as the schedule does when it is time to.
    pub async fn refresh(&self) {
        let system = self.world.system();
        let ports = system.adapters();
        let mut tx = ports.store.begin().await.expect("a transaction");
        tx.rates().set_turn(ports.clock.now()).await.expect("a turn");
        tx.commit().await.expect("it is recorded");
        let ports = RatePorts {
            store: ports.store.clone(),
            queries: ports.rates.clone(),
            sources: ports.rate_sources.clone(),
            clock: ports.clock.clone(),
        };
        let refresh = RefreshRates::new(ports, system.services().currency.rates.clone());
        let asked = self.first.asked();
        eventually(
            || "the sources are asked".to_owned(),
            async || {
                refresh.refresh().await.expect("the database works");
                (self.first.asked() > asked).then_some(())
            },
        )
        .await;
        // The schedule of the node may have taken the turn, and record a moment later.
        eventually(
            || "what they said is recorded".to_owned(),
            async || {
                system.services().currency.rates.forget();
                let report = &self.rates().await["sources"];
                report.as_array().is_some_and(|all| !all.is_empty()).then_some(())
            },
        )
        .await;
    }

    async fn rates(&self) -> Value {
        self.world.admin.get(RATES).await.success(200, "RATES_FETCHED")
    }

    /// The source and the rate that staff see.
    async fn rate(&self, code: &str) -> Option<(String, String)> {
        let rates = self.rates().await;
        let rates = rates["rates"].as_array().expect("rates");
        let rate = rates.iter().find(|rate| rate["currency"] == code)?;
        let word = |field: &str| rate[field].as_str().expect("a text").to_owned();
        Some((word("source"), word("rate")))
    }

    pub async fn has(&self, code: &str, source: &str, rate: &str) {
        let expected = Some((source.to_owned(), rate.to_owned()));
        let mut seen = None;
        for _ in 0..100 {
            seen = self.rate(code).await;
            if seen == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{code} is {seen:?}, not {expected:?}: {:#}", self.rates().await);
    }

    /// The price of 1000 followers.
    async fn price(&self, currency: &str) -> (String, String) {
        let path = format!("{SERVICES}?currency={currency}");
        let listing = self
            .world
            .customer
            .get(&path)
            .await
            .success(200, "SERVICES_FETCHED");
        let id = self.world.service("1012");
        let all = listing["services"].as_array().expect("categories").iter();
        let mut all = all.flat_map(|category| category["services"].as_array().expect("services"));
        let service = all.find(|service| service["id"] == id).expect("it is listed");
        let price = service["price"].as_str().expect("a price is a text").to_owned();
        (price, listing["currency"].as_str().expect("a code").to_owned())
    }
}

async fn list(browser: &Browser, currency: &str) -> Value {
    let answer = browser.get(&format!("{ORDERS}?currency={currency}")).await;
    answer.success(200, "ORDER_FETCHED")
}

async fn amounts_are_shown_in_the_currency_that_is_asked_for_and_orders_keep_the_rate_of_their_day(way: Way) {
    let Some(bureau) = Bureau::open(way, &[("INR", "80"), ("KWD", "0.3")], &[]).await else {
        return;
    };
    let world = &bureau.world;
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "80").await;
    let (dollars, _) = bureau.price("USD").await;
    let dollars = money(&json!(dollars));
    let (rupees, code) = bureau.price("inr").await;
    assert_eq!(code, "INR");
    assert!(
        rupees.split_once('.').is_some_and(|(_, cents)| cents.len() == 2),
        "{rupees}"
    );
    assert!((money(&json!(rupees)) - dollars * 80).abs() <= 5_000, "{rupees}");
    let (dinars, _) = bureau.price("KWD").await;
    assert_ne!(money(&json!(dinars)), 0, "what costs something never looks free");

    let wallet = world.customer.get(&format!("{WALLET}?currency=INR")).await;
    let wallet = wallet.success(200, "USER_BALANCE");
    assert_eq!(
        (&wallet["balance"], &wallet["currency"]),
        (&json!("8000.00"), &json!("INR"))
    );
    let order = world.place("complete").await;
    world.until(order, "completed").await;
    let charged = world.spent().await;
    assert_eq!(
        charged, dollars,
        "what is shown changes nothing about what is charged"
    );
    let before = list(&world.customer, "INR").await;
    let price = before["orders"][0]["price"]
        .as_f64()
        .expect("a price is a number");
    assert_eq!(money(&json!(price.to_string())), charged * 80);

    bureau.first.quote("INR", "82");
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "82").await;
    assert_eq!(
        list(&world.customer, "INR").await,
        before,
        "the order is shown as it was seen"
    );
    assert_eq!(list(&world.customer, "USD").await["currency"], "USD");
    let (later, _) = bureau.price("INR").await;
    assert!(money(&json!(later)) > money(&json!(rupees)));
    let detail = world
        .customer
        .get(&format!("{ORDERS}/{order}?currency=INR"))
        .await;
    let detail = detail.success(200, "ORDER_FETCHED");
    assert_eq!(
        (&detail["rate"], &detail["currency"]),
        (&json!("80"), &json!("INR"))
    );
    let entries = world.customer.get(&format!("{ENTRIES}?currency=INR")).await;
    let entries = entries.success(200, "TRANSACTIONS_FETCHED");
    let deposit = entries["transactions"]
        .as_array()
        .and_then(|all| all.last())
        .expect("entries");
    assert_eq!(
        (&deposit["amount"], &deposit["currency"]),
        (&json!("8200.00"), &json!("INR"))
    );
    bureau.world.close().await;
}

async fn a_currency_that_there_is_not_is_refused_everywhere(way: Way) {
    let Some(world) = way.world().await else { return };
    for path in [SERVICES, WALLET, ORDERS, ENTRIES] {
        for odd in ["XXX", "US", "BTC", "USD%20EUR", "rupees", "%F0%9F%92%B8"] {
            let answer = world.customer.get(&format!("{path}?currency={odd}")).await;
            answer.failure(400, "CURRENCY_UNKNOWN");
        }
        let no_text = world.customer.get(&format!("{path}?currency=%00")).await;
        no_text.failure(400, "VALIDATION_ERROR");
        for plain in ["", "?currency=", "?currency=usd"] {
            let answer = world.customer.get(&format!("{path}{plain}")).await;
            assert_eq!(answer.status, 200, "{path}{plain}: {}", answer.text);
        }
    }
    world.close().await;
}

async fn without_a_rate_the_shop_shows_dollars_and_a_wallet_nothing_wrong(way: Way) {
    let Some(world) = way.world().await else { return };
    let order = world.place("complete").await;
    world.until(order, "completed").await;
    let plain = world
        .customer
        .get(SERVICES)
        .await
        .success(200, "SERVICES_FETCHED");
    let wanted = world.customer.get(&format!("{SERVICES}?currency=INR")).await;
    assert_eq!(
        wanted.success(200, "SERVICES_FETCHED"),
        plain,
        "and it says that these are dollars"
    );
    assert_eq!(plain["currency"], "USD");
    for path in [WALLET, ORDERS, ENTRIES] {
        let answer = world.customer.get(&format!("{path}?currency=INR")).await;
        answer.failure(503, "CURRENCY_UNAVAILABLE");
        assert!(answer.header("retry-after").is_some());
    }
    world.close().await;
}

async fn whatever_a_source_says_or_does_a_wrong_rate_is_never_used(way: Way) {
    let Some(bureau) = Bureau::open(way, &[("INR", "80")], &[]).await else {
        return;
    };
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "80").await;
    // The schedule of a node may have taken the turn to ask, and record a moment later.
    let problem = async |part: &str| {
        eventually(
            || format!("staff are told {part}"),
            async || {
                let rates = bureau.rates().await;
                assert!(!rates.to_string().contains(KEY));
                let source = &rates["sources"].as_array().expect("sources")[0];
                let problem = source["problem"].as_str().unwrap_or_default();
                (!problem.is_empty() && problem.contains(part)).then_some(())
            },
        )
        .await;
    };
    bureau.second.fault(Some(RateFault::Close));
    for (odd, says) in [
        ("0", "not above zero"),
        ("-80", "not above zero"),
        ("NaN", "not a number"),
        ("8", "nobody else says so"),
        ("800", "nobody else says so"),
        ("1e300", "INR"),
    ] {
        bureau.first.quote("INR", odd);
        bureau.refresh().await;
        bureau.has("INR", "currencyapi", "80").await;
        problem(says).await;
    }
    bureau.first.quote("INR", "81");
    for (fault, says) in [
        (RateFault::Status(500), "status 500"),
        (RateFault::Status(429), "status 429"),
        (RateFault::Html, "not JSON"),
        (RateFault::Cut, "not JSON"),
        (RateFault::Close, ""),
        (RateFault::Stall, "timeout"),
        (RateFault::OtherBase, "not based on"),
    ] {
        bureau.first.fault(Some(fault));
        bureau.refresh().await;
        bureau.has("INR", "currencyapi", "80").await;
        problem(says).await;
    }
    bureau.first.fault(None);
    bureau.first.age(Duration::from_hours(49));
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "80").await;
    problem("too old").await;
    // The other source knows better. A jump counts when both take it.
    bureau.second.fault(None);
    bureau.second.quote("INR", "79");
    bureau.refresh().await;
    bureau.has("INR", "open.er-api", "79").await;
    bureau.first.age(Duration::from_hours(1));
    bureau.first.quote("INR", "160");
    bureau.second.quote("INR", "161");
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "160").await;
    bureau.world.close().await;
}

async fn staff_set_a_rate_above_every_source_and_take_it_back(way: Way) {
    let Some(bureau) = Bureau::open(way, &[("INR", "80")], &[]).await else {
        return;
    };
    let world = &bureau.world;
    bureau.refresh().await;
    let rupees = format!("{RATES}/INR");
    let form = json!({ "rate": "100", "reason": "The bank's rate" });
    world
        .admin
        .post(&rupees, form.clone())
        .await
        .success(200, "RATE_SET");
    bureau.has("INR", "manual", "100").await;
    bureau.first.quote("INR", "81");
    bureau.refresh().await;
    bureau.has("INR", "manual", "100").await;
    let wallet = world.customer.get(&format!("{WALLET}?currency=INR")).await;
    assert_eq!(wallet.success(200, "USER_BALANCE")["balance"], "10000.00");

    for (path, rate, name) in [
        (&rupees, "0", "VALIDATION_ERROR"),
        (&rupees, "-1", "VALIDATION_ERROR"),
        (&rupees, "lots", "VALIDATION_ERROR"),
        (&format!("{RATES}/USD"), "1", "CURRENCY_UNKNOWN"),
        (&format!("{RATES}/XXX"), "1", "CURRENCY_UNKNOWN"),
    ] {
        let form = json!({ "rate": rate, "reason": "no" });
        world.admin.post(path, form).await.failure(400, name);
    }
    let (_, moderator) = world.join("moderator", Role::Moderator).await;
    moderator.post(&rupees, form).await.failure(403, "FORBIDDEN");

    world.admin.delete(&rupees).await.success(200, "RATE_DROPPED");
    world.admin.delete(&rupees).await.failure(404, "RATE_NOT_FOUND");
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "81").await;
    let audit = world.admin.get("/api/v1/admin/audit?action=rates.set").await;
    let audit = audit.success(200, "AUDIT_FETCHED");
    let lines = audit["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 2, "{audit}");
    assert_eq!(
        (&lines[1]["details"]["rate"], &lines[0]["details"]["rate_before"]),
        (&json!("100"), &json!("100"))
    );
    bureau.world.close().await;
}

async fn a_rate_set_on_one_node_counts_on_the_other_and_one_of_them_asks(way: Way) {
    let Some(bureau) = Bureau::open(way, &[("INR", "80")], &[]).await else {
        return;
    };
    let world = &bureau.world;
    bureau.refresh().await;
    let asked = bureau.first.asked();
    world
        .admin
        .post(&format!("{RATES}/INR"), json!({ "rate": "90", "reason": "no" }))
        .await
        .success(200, "RATE_SET");
    for node in world.addresses() {
        let mut browser = Browser::anonymous(&[node]);
        browser.cookie = world.customer.cookie.clone();
        eventually(
            || "the node shows the new rate".to_owned(),
            async || {
                let wallet = browser.get(&format!("{WALLET}?currency=INR")).await;
                (wallet.success(200, "USER_BALANCE")["balance"] == "9000.00").then_some(())
            },
        )
        .await;
    }
    assert_eq!(
        bureau.first.asked(),
        asked,
        "it is not time to ask yet, for any node"
    );
    bureau.world.close().await;
}
