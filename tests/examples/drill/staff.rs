//! Staff: they decide what only people can decide, and they tell the truth, which they know from the provider.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sandbox::{Faults, PanelOrder, Status};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::http::{Request, Visitor};
use crate::shop::{PACE, Provider, Shop};

const PURPOSE_STAFF: u64 = 4;
const ROUND: Duration = Duration::from_millis(700);
/// Staff ask a provider only when no request for the order can be under way any more: later than lease and quarantine.
const ASKS_AFTER: Duration = Duration::from_secs(7);
/// Where the system can look for itself, it goes first.
const ASKS_INSTEAD_AFTER: Duration = Duration::from_secs(14);

/// An order as staff see it.
pub struct Case {
    pub id: i64,
    pub provider: i64,
    pub link: String,
    pub state: String,
    pub provider_order_id: Option<u64>,
    pub body: Value,
}

impl Case {
    fn read(body: &Value) -> anyhow::Result<Self> {
        let number = |name: &str| body.get(name).and_then(Value::as_i64);
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            id: number("id").context("id")?,
            provider: number("providerId").context("providerId")?,
            link: text("link").context("link")?,
            state: text("state").context("state")?,
            provider_order_id: text("providerOrderId").and_then(|id| id.parse().ok()),
            body: body.clone(),
        })
    }
}

/// Every order on a list of staff's.
pub async fn list(visitor: &Visitor, path: &str, chance: &mut Chance) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = Request::get(format!("/api/v1/admin/orders{path}?limit=100{cursor}"));
        let answer = visitor.insist(&page, Chance::of(chance.draw(), 0)).await?;
        let result = answer.result(200)?;
        let rows = result.get("orders").and_then(Value::as_array).context("orders")?;
        for row in rows {
            cases.push(Case::read(row)?);
        }
        match result.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(cases),
        }
    }
}

/// Staff at work.
pub struct Office {
    shop: Arc<Shop>,
    /// Since when each order has been seen as unknown.
    unknown: HashMap<i64, Instant>,
    /// Since when each order of a provider has been seen in progress, after the storm.
    in_progress: HashMap<(i64, u64), Instant>,
    chance: Chance,
}

impl Office {
    pub fn new(shop: &Arc<Shop>) -> Self {
        Self {
            shop: Arc::clone(shop),
            unknown: HashMap::new(),
            in_progress: HashMap::new(),
            chance: Chance::of(shop.seed, PURPOSE_STAFF),
        }
    }

    /// Decides whatever comes up, until it is over.
    pub async fn work(mut self, calm: Arc<AtomicBool>, over: Arc<AtomicBool>) {
        while !over.load(Ordering::SeqCst) {
            if calm.load(Ordering::SeqCst) {
                self.come_to_an_end();
            }
            if let Err(error) = self.round().await {
                self.shop.books.wrong(format!("staff: {error:#}"));
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Once the storm is over, providers answer every question, and deliver what got stuck.
    fn come_to_an_end(&mut self) {
        for provider in &self.shop.providers {
            provider.panel.set_faults(Faults::none());
            for order in provider.panel.orders() {
                let since = self
                    .in_progress
                    .entry((provider.id, order.id))
                    .or_insert_with(Instant::now);
                if order.status == Status::InProgress.as_str() && since.elapsed() > PACE * 2 {
                    provider.panel.advance(order.id, Status::Completed, 0);
                }
            }
        }
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        let shop = Arc::clone(&self.shop);
        let boss = shop.staff.first().context("staff")?;
        let unknown = list(boss, "/unknown", &mut self.chance).await?;
        self.unknown
            .retain(|id, _| unknown.iter().any(|case| case.id == *id));
        for case in &unknown {
            let since = self.unknown.entry(case.id).or_insert_with(Instant::now).elapsed();
            let provider = shop.panel_of(case.provider).context("a provider")?;
            let patience = if provider.can_be_asked {
                ASKS_INSTEAD_AFTER
            } else {
                ASKS_AFTER
            };
            if since > patience {
                self.decide_fate(provider, case).await?;
            }
        }
        for case in list(boss, "/review", &mut self.chance).await? {
            let provider = shop.panel_of(case.provider).context("a provider")?;
            self.decide_review(provider, &case).await?;
        }
        Ok(())
    }

    async fn decide_fate(&mut self, provider: &Provider, case: &Case) -> anyhow::Result<()> {
        let placed: Vec<PanelOrder> = provider
            .panel
            .orders()
            .into_iter()
            .filter(|order| order.link == case.link)
            .collect();
        let Some(order) = placed.first() else {
            let form = json!({ "decision": "not_placed", "note": "the provider does not have it" });
            self.shop.books.count("staff said: not placed");
            return self.say(case, "decision", form).await.map(|_| ());
        };
        let placed_as = |id: u64| json!({ "decision": "placed", "providerOrderId": id.to_string(), "note": "the provider has it" });
        self.shop.books.count("staff said: placed");
        if self.say(case, "decision", placed_as(order.id)).await? == "PROVIDER_ORDER_ID_TAKEN" {
            // The provider gave this order's id to another one, so the other's is free.
            let free = self.free_id(provider, order.id).await?;
            self.shop.books.count("staff said: placed, under a mixed-up id");
            self.say(case, "decision", placed_as(free)).await?;
        }
        Ok(())
    }

    /// Follows mixed-up ids to the one that nobody has: whoever has this order's id left an own one behind.
    async fn free_id(&mut self, provider: &Provider, taken: u64) -> anyhow::Result<u64> {
        let shop = Arc::clone(&self.shop);
        let all = list(shop.staff.first().context("staff")?, "", &mut self.chance).await?;
        let orders = provider.panel.orders();
        let mut id = taken;
        for _ in 0..orders.len() {
            let ours = all.iter().filter(|case| case.provider == provider.id);
            let Some(holder) = ours.clone().find(|case| case.provider_order_id == Some(id)) else {
                return Ok(id);
            };
            let own = orders.iter().find(|order| order.link == holder.link);
            id = own
                .with_context(|| format!("order {} is not at the provider", holder.id))?
                .id;
        }
        bail!("order id {taken} is taken, and no other is free")
    }

    async fn decide_review(&mut self, provider: &Provider, case: &Case) -> anyhow::Result<()> {
        let reason = case
            .body
            .get("review")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if reason.contains("refunded, but placed") {
            self.shop.books.wrong(format!("order {}: {reason}", case.id));
        }
        let orders = provider.panel.orders();
        let Some(order) = orders.iter().find(|order| order.link == case.link) else {
            self.shop.books.wrong(format!(
                "order {} in review is not at the provider: {reason}",
                case.id
            ));
            return Ok(());
        };
        let note = "asked the provider";
        let form = match order.status.as_str() {
            _ if !matches!(case.state.as_str(), "submitted" | "in_progress") => {
                json!({ "decision": "dismiss", "note": note })
            }
            "Completed" => json!({ "decision": "completed", "note": note }),
            "Canceled" => json!({ "decision": "canceled", "note": note }),
            "Partial" => json!({ "decision": "partial", "remains": order.remains, "note": note }),
            "Pending" | "In progress" | "Processing" => return Ok(()),
            // Nobody knows the word; asked for it, the provider cancels the order.
            _ => {
                provider.panel.advance(order.id, Status::Canceled, order.quantity);
                return Ok(());
            }
        };
        self.shop.books.count("staff decided a review");
        self.say(case, "review", form).await.map(|_| ())
    }

    /// Both members of staff say it, in case one word is not enough; the name of the last answer.
    async fn say(&mut self, case: &Case, what: &str, form: Value) -> anyhow::Result<String> {
        let request = Request::post(format!("/api/v1/admin/orders/{}/{what}", case.id), form);
        let mut name = String::new();
        let shop = Arc::clone(&self.shop);
        for member in &shop.staff {
            let answer = member.insist(&request, Chance::of(self.chance.draw(), 0)).await?;
            name = answer
                .body
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if !matches!(answer.status, 200 | 409) {
                bail!("order {}, {what}: {}", case.id, answer.text);
            }
            if answer.body.pointer("/result/decision").and_then(Value::as_str) != Some("awaits_second") {
                break;
            }
        }
        Ok(name)
    }
}
