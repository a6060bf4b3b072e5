//! The shop of the drill: three panels, their providers and services, customers with money, and two members of staff.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use sandbox::{Delays, Lookup, Panel, PanelConfig};
use serde_json::{Value, json};

use crate::books::Books;
use crate::chance::Chance;
use crate::http::{Request, Visitor};
use crate::plan::{SERVICES, faults_of_questions};

/// The panels' key. It must appear in no log and in no answer.
pub const PANEL_KEY: &str = "canary-2f0c6b1e-drill-key";
pub const PASSWORD: &str = "Correct-Horse-7";
pub const STAFF: [&str; 2] = ["sam@example.com", "kim@example.com"];
/// What every customer gets at first, and once more later, in units: less than the dearest order.
pub const FUNDS: [i64; 2] = [60, 30];
const CAPABILITIES: [(Lookup, &str); 3] = [
    (Lookup::None, "none"),
    (Lookup::LinkAndTime, "link_and_time"),
    (Lookup::Reference, "reference"),
];
/// The time of an order from pending to its end.
pub const PACE: Duration = Duration::from_millis(1_500);
const NODE_START_TIME_MAX: Duration = Duration::from_secs(90);

/// A provider: its panel is the witness.
pub struct Provider {
    pub panel: Panel,
    /// Our id.
    pub id: i64,
    /// Our ids of the services.
    pub services: Vec<i64>,
    pub can_be_asked: bool,
}

/// A customer.
pub struct Customer {
    pub visitor: Visitor,
    pub id: String,
}

/// Everybody and everything.
pub struct Shop {
    pub providers: Vec<Provider>,
    pub customers: Vec<Customer>,
    pub staff: Vec<Visitor>,
    pub books: Arc<Books>,
    pub seed: u64,
}

/// Panels that take orders, with misbehaviour, on free ports.
pub async fn panels(seed: u64) -> anyhow::Result<Vec<Panel>> {
    let mut panels = Vec::new();
    for (number, (lookup, _)) in (0..).zip(CAPABILITIES) {
        let config = PanelConfig {
            key: PANEL_KEY.to_owned(),
            seed: seed ^ number,
            pace: PACE,
            lookup,
            faults: faults_of_questions(),
            // Late answers come after the request was given up and before its lease has ended.
            delays: Delays {
                slow_by: Duration::from_millis(700),
                late_after: Duration::from_millis(1_800),
                drip_every: Duration::from_millis(15),
            },
            balance_micros: 1_000_000_000_000,
            ..PanelConfig::default()
        };
        panels.push(Panel::start(config).await.context("a panel cannot listen")?);
    }
    Ok(panels)
}

/// Opens the shop at the running nodes. Nothing goes wrong yet.
pub async fn open(
    panels: Vec<Panel>,
    nodes: Arc<[String]>,
    customers: usize,
    seed: u64,
    books: Arc<Books>,
) -> anyhow::Result<Shop> {
    let visitor = |number| Visitor::new(Arc::clone(&nodes), number, Arc::clone(&books));
    let mut staff = Vec::new();
    for (number, email) in (0..).zip(STAFF) {
        let member = visitor(number)?;
        member.sign_in(email, PASSWORD).await?;
        staff.push(member);
    }
    let boss = staff.first().context("staff")?;
    let mut providers = Vec::new();
    for (panel, (lookup, word)) in panels.into_iter().zip(CAPABILITIES) {
        providers.push(provider(boss, panel, lookup, word).await?);
    }
    let mut people = Vec::new();
    for number in 0..customers {
        let visitor = visitor(STAFF.len() + number)?;
        let id = visitor
            .sign_up(&format!("customer-{number}@example.com"), PASSWORD)
            .await?;
        people.push(Customer { visitor, id });
    }
    let shop = Shop {
        providers,
        customers: people,
        staff,
        books,
        seed,
    };
    for number in 0..customers {
        shop.fund(number, 0).await?;
    }
    Ok(shop)
}

async fn provider(boss: &Visitor, panel: Panel, lookup: Lookup, word: &str) -> anyhow::Result<Provider> {
    let chance = Chance::of(0, 0);
    let form = json!({
        "name": format!("Panel with look-up {word}"), "apiUrl": panel.url(), "apiKey": PANEL_KEY, "lookup": word,
        "requestsPerSecond": 500, "exposureCap": "5000",
    });
    let faults = panel.faults();
    // Staff choose from its list, which has to come.
    panel.set_faults(sandbox::Faults::none());
    let added = boss
        .insist(&Request::post("/api/v1/admin/providers", form), chance.clone())
        .await?;
    let id = added
        .result(201)?
        .get("id")
        .and_then(Value::as_i64)
        .context("a provider's id")?;
    let form = json!({ "services": SERVICES, "profitPercent": "30" });
    let import = Request::post(format!("/api/v1/admin/providers/{id}/import"), form);
    let imported = boss.insist(&import, chance).await?;
    panel.set_faults(faults);
    let rows = imported
        .result(200)?
        .get("rows")
        .and_then(Value::as_array)
        .context("rows")?
        .clone();
    let services = SERVICES.iter().map(|upstream| {
        let row = rows
            .iter()
            .find(|row| row.get("service").and_then(Value::as_str) == Some(upstream));
        row.and_then(|row| row.get("id")?.as_i64())
            .context("a service's id")
    });
    let services = services.collect::<anyhow::Result<Vec<i64>>>()?;
    Ok(Provider {
        panel,
        id,
        services,
        can_be_asked: lookup != Lookup::None,
    })
}

impl Shop {
    /// Staff put money into a wallet, however often they have to say so.
    pub async fn fund(&self, customer: usize, turn: usize) -> anyhow::Result<()> {
        let person = self.customers.get(customer).context("a customer")?;
        let amount = FUNDS.get(turn).context("an amount")?.to_string();
        let form = json!({ "amount": amount, "reason": "Bank transfer" });
        let path = format!("/api/v1/admin/users/{}/wallet/credit", person.id);
        let credit = Request::post(path, form).with_key(&format!("credit-{customer}-{turn}"));
        let boss = self.staff.first().context("staff")?;
        let chance = Chance::of(self.seed, 1_000 + u64::try_from(customer)?);
        boss.insist(&credit, chance).await?.result(201).map(|_| ())
    }

    /// The panel of one of our providers.
    pub fn panel_of(&self, provider: i64) -> Option<&Provider> {
        self.providers.iter().find(|it| it.id == provider)
    }
}

/// Waits until a node answers.
pub async fn answers(node: &str, books: &Arc<Books>) -> anyhow::Result<()> {
    let visitor = Visitor::new(Arc::from([node.to_owned()]), 0, Arc::clone(books))?;
    let begun = Instant::now();
    while begun.elapsed() < NODE_START_TIME_MAX {
        let answer = visitor
            .ask(&Request::get("/health"), 0, Duration::from_secs(1))
            .await;
        if answer.is_some_and(|answer| answer.status == 200) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("{node} does not answer")
}
