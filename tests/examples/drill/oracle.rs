//! What must be true at the end, whatever happened.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use domain::Money;
use persistence::testing::TestDatabase;
use sandbox::PanelOrder;
use serde_json::Value;

use crate::chance::Chance;
use crate::customers::Entry;
use crate::ground::Ground;
use crate::http::Request;
use crate::plan::Wish;
use crate::shop::{FUNDS, Shop};
use crate::staff::{Case, list};

/// What each order costs us at its provider, as the ledger has it.
const COST_OF_ORDERS: &str = "
    SELECT order_id || ' ' || SUM(CASE WHEN credit_account.code = 'provider_float' THEN amount ELSE -amount END)
    FROM transfers
    JOIN ledger_accounts AS debit_account ON debit_account.id = transfers.debit
    JOIN ledger_accounts AS credit_account ON credit_account.id = transfers.credit
    WHERE order_id IS NOT NULL AND 'provider_float' IN (debit_account.code, credit_account.code)
    GROUP BY order_id";

fn micros(body: &Value, field: &str) -> anyhow::Result<i64> {
    let text = body
        .get(field)
        .and_then(Value::as_str)
        .with_context(|| field.to_owned())?;
    Ok(Money::parse(text)
        .with_context(|| format!("{field}: {text}"))?
        .micros())
}

/// Compares what the shop says with what customers know, with what providers know, and with itself.
pub async fn prove(ground: &Ground, shop: &Shop, journal: &[Entry], wishes: usize) -> anyhow::Result<()> {
    let mut chance = Chance::of(shop.seed, 9);
    let cases = list(shop.staff.first().context("staff")?, "", &mut chance).await?;
    if journal.len() != wishes {
        shop.books
            .wrong(format!("{} of {wishes} wishes were answered", journal.len()));
    }
    customers_agree(shop, &cases, journal);
    let ledger = TestDatabase::existing(&ground.database_url()).await?;
    let costs = costs(&ledger.texts(COST_OF_ORDERS).await?)?;
    providers_agree(shop, &cases, journal, &costs)?;
    wallets_agree(shop, &cases).await?;
    for (id, count) in ground.verify().await? {
        shop.books.add(format!("invariant {id}"), count.unsigned_abs());
        if count != 0 {
            shop.books.wrong(format!("{id} is violated {count} times"));
        }
    }
    Ok(())
}

fn costs(rows: &[String]) -> anyhow::Result<HashMap<i64, i64>> {
    let read = |row: &String| {
        let (order, cost) = row.split_once(' ').context("an order and its cost")?;
        Ok((order.parse()?, cost.parse()?))
    };
    rows.iter().map(read).collect()
}

/// Every answer that a customer got is still true, and nothing is there that nobody asked for.
fn customers_agree(shop: &Shop, cases: &[Case], journal: &[Entry]) {
    let wrong = |what: String| shop.books.wrong(what);
    let mut by_link: HashMap<&str, Vec<&Case>> = HashMap::new();
    for case in cases {
        by_link.entry(&case.link).or_default().push(case);
        shop.books.count(format!("ended: {}", case.state));
        if !matches!(
            case.state.as_str(),
            "completed" | "partial" | "canceled" | "voided"
        ) {
            wrong(format!("order {} has not ended: it is {}", case.id, case.state));
        }
        if !case.body.get("review").is_none_or(Value::is_null) {
            wrong(format!("order {} is in review: {}", case.id, case.body));
        }
    }
    let mut answered: HashMap<&str, &Entry> = HashMap::new();
    for entry in journal {
        answered.insert(&entry.wish.link, entry);
        let Wish {
            link, quantity, key, ..
        } = &entry.wish;
        let here = by_link.get(link.as_str()).map_or(&[][..], Vec::as_slice);
        match (entry.id, here) {
            (None, []) => {}
            (Some(id), [case])
                if case.id == id && case.body.get("quantity").and_then(Value::as_u64) == Some(*quantity) => {}
            _ => {
                let ids: Vec<i64> = here.iter().map(|case| case.id).collect();
                wrong(format!(
                    "key {key} was answered {:?}, and the orders are {ids:?}",
                    entry.id
                ));
            }
        }
    }
    for case in cases
        .iter()
        .filter(|case| !answered.contains_key(case.link.as_str()))
    {
        wrong(format!("nobody was told of order {}: {}", case.id, case.body));
    }
}

/// Every order is at its provider exactly if it was charged, once, and the money is what the provider says.
fn providers_agree(
    shop: &Shop,
    cases: &[Case],
    journal: &[Entry],
    costs: &HashMap<i64, i64>,
) -> anyhow::Result<()> {
    let wrong = |what: String| shop.books.wrong(what);
    for provider in &shop.providers {
        let orders = provider.panel.orders();
        let mut placed: BTreeMap<&str, Vec<&PanelOrder>> = BTreeMap::new();
        for order in &orders {
            placed.entry(&order.link).or_default().push(order);
        }
        for case in cases.iter().filter(|case| case.provider == provider.id) {
            let asked = provider.panel.asked_count_for_link(&case.link);
            if asked > 1 {
                wrong(format!("order {} was sent {asked} times: {}", case.id, case.body));
            }
            let is_charged = case.body.get("hold").and_then(Value::as_str) == Some("posted");
            match (
                is_charged,
                placed.remove(case.link.as_str()).unwrap_or_default().as_slice(),
            ) {
                (false, []) => {
                    if costs.get(&case.id).is_some_and(|cost| *cost != 0) {
                        wrong(format!("order {} was never placed and costs something", case.id));
                    }
                }
                (true, [order]) => compare(shop, case, order, costs)?,
                (true, []) => wrong(format!(
                    "order {} is charged and not placed: {}",
                    case.id, case.body
                )),
                (false, [_]) => wrong(format!(
                    "order {} is placed and not charged: {}",
                    case.id, case.body
                )),
                (_, several) => {
                    wrong(format!("order {} was placed {} times", case.id, several.len()));
                }
            }
        }
        for (link, orders) in placed {
            wrong(format!(
                "the provider has {} orders for {link}, which is none of ours",
                orders.len()
            ));
        }
        shop.books
            .add("orders at the panels", u64::try_from(orders.len())?);
    }
    for entry in journal.iter().filter(|entry| entry.id.is_some()) {
        if let Some(fate) = &entry.wish.fate {
            let provider = shop.providers.get(entry.wish.panel).context("a provider")?;
            if provider.panel.asked_count_for_link(&entry.wish.link) > 0 {
                shop.books.count(format!("fate: {fate}"));
            }
        }
    }
    Ok(())
}

/// The money of one order that is at its provider.
fn compare(shop: &Shop, case: &Case, order: &PanelOrder, costs: &HashMap<i64, i64>) -> anyhow::Result<()> {
    let (price, refunded) = (micros(&case.body, "price")?, micros(&case.body, "refunded")?);
    let (billed, kept) = (
        i64::try_from(order.billed_micros)?,
        i64::try_from(order.charge_micros)?,
    );
    let booked = costs.get(&case.id).copied().unwrap_or_default();
    shop.books
        .add("micro-units that the panels keep", order.charge_micros);
    shop.books
        .add("micro-units that the ledger owes them", u64::try_from(booked)?);
    if micros(&case.body, "cost")? != billed {
        shop.books
            .wrong(format!("order {} was billed {billed}: {}", case.id, case.body));
    }
    if shop
        .panel_of(case.provider)
        .is_some_and(|provider| is_mixed_up(case, order, provider.panel.orders().as_slice()))
    {
        // The provider reported about one order in the name of another, and nobody can tell.
        shop.books.count("orders under another order's id");
        return Ok(());
    }
    let undelivered = match order.status.as_str() {
        "Completed" => 0,
        "Partial" => order.remains,
        "Canceled" => order.quantity,
        other => {
            shop.books
                .wrong(format!("order {} is {other} at its provider", case.id));
            return Ok(());
        }
    };
    let owed = i128::from(price) * i128::from(undelivered) / i128::from(order.quantity.max(1));
    if i128::from(refunded) != owed {
        shop.books.wrong(format!(
            "order {}: {owed} is to be refunded: {}",
            case.id, case.body
        ));
    }
    if booked != kept {
        shop.books.wrong(format!(
            "order {}: the panel keeps {kept}, the ledger says {booked}",
            case.id
        ));
    }
    Ok(())
}

fn is_mixed_up(case: &Case, order: &PanelOrder, orders: &[PanelOrder]) -> bool {
    let other = case.provider_order_id.filter(|id| *id != order.id);
    other.is_some_and(|id| orders.iter().any(|order| order.id == id))
}

/// Every wallet is what was put in, less what orders kept; nothing is held.
async fn wallets_agree(shop: &Shop, cases: &[Case]) -> anyhow::Result<()> {
    let put_in = FUNDS.iter().sum::<i64>() * 1_000_000;
    for customer in &shop.customers {
        let mut expected = put_in;
        let own = |case: &&Case| case.body.get("userId").and_then(Value::as_str) == Some(&customer.id);
        for case in cases.iter().filter(own) {
            if case.state != "voided" {
                expected -= micros(&case.body, "price")? - micros(&case.body, "refunded")?;
            }
        }
        let wallet = Request::get("/api/v1/dashboard/wallet");
        let answer = customer
            .visitor
            .insist(&wallet, Chance::of(shop.seed, 10))
            .await?;
        let wallet = answer.result(200)?;
        let (balance, held) = (micros(wallet, "balance")?, micros(wallet, "held")?);
        if (balance, held) != (expected, 0) {
            shop.books.wrong(format!(
                "the wallet of {} has {balance} and holds {held}; its orders leave {expected}",
                customer.id
            ));
        }
    }
    Ok(())
}
