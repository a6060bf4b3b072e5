//! Customers: they order, repeat what was not answered, change their minds, and keep a journal of it all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::http::{Answer, Request, Visitor};
use crate::plan::{Manner, Wish};
use crate::shop::Shop;

const PURPOSE_CUSTOMERS: u64 = 1_000_000;

/// What a customer knows about an order.
#[derive(Debug, Clone)]
pub struct Entry {
    pub wish: Wish,
    /// The order's id; none if it was refused, as it had to be.
    pub id: Option<i64>,
}

/// What all customers know.
pub type Journal = Arc<Mutex<Vec<Entry>>>;

/// Lets every wish come at its time; ends when all were answered.
pub async fn order(shop: &Arc<Shop>, wishes: Vec<Wish>, journal: &Journal) {
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (number, wish) in (0..).zip(wishes) {
        let (shop, journal) = (Arc::clone(shop), Arc::clone(journal));
        tasks.spawn(async move {
            tokio::time::sleep(wish.at.saturating_sub(begun.elapsed())).await;
            let chance = Chance::of(shop.seed, PURPOSE_CUSTOMERS + number);
            let what = format!("the order with the key {}", wish.key);
            if let Err(error) = wish_for(&shop, wish, &journal, chance).await {
                shop.books.wrong(format!("{what}: {error:#}"));
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

async fn wish_for(shop: &Shop, wish: Wish, journal: &Journal, mut chance: Chance) -> anyhow::Result<()> {
    let customer = &shop.customers.get(wish.customer).context("a customer")?.visitor;
    let request = request(shop, &wish, wish.quantity)?;
    let answer = send(shop, customer, &request, wish.manner, &mut chance).await?;
    let id = if wish.manner == Manner::Expensive {
        ensure!(
            answer.status == 402,
            "{} instead of 402: {}",
            answer.status,
            answer.text
        );
        shop.books.count("refused as too expensive");
        None
    } else {
        let id = answer.result(201)?.pointer("/order/id").and_then(Value::as_i64);
        Some(id.context("an order without an id")?)
    };
    shop.books.count("wishes answered");
    let entry = Entry {
        wish: wish.clone(),
        id,
    };
    journal.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    let Some(id) = id else { return Ok(()) };
    if wish.looks {
        let seen = customer
            .insist(
                &Request::get(format!("/api/v1/dashboard/orders/{id}")),
                chance.clone(),
            )
            .await?;
        ensure!(seen.status == 200, "order {id} is not there: {}", seen.text);
    }
    if let Some(pause) = wish.cancels_after {
        tokio::time::sleep(pause).await;
        let cancel = Request::post(format!("/api/v1/dashboard/orders/{id}/cancel"), json!({}));
        let canceled = customer.insist(&cancel, chance).await?;
        ensure!(
            matches!(canceled.status, 200 | 409),
            "cancel: {} {}",
            canceled.status,
            canceled.text
        );
        shop.books.count(format!("cancel answered {}", canceled.status));
    }
    Ok(())
}

fn request(shop: &Shop, wish: &Wish, quantity: u64) -> anyhow::Result<Request> {
    let provider = shop.providers.get(wish.panel).context("a provider")?;
    let service = provider.services.get(wish.service).context("a service")?;
    let form = json!({
        "category": "any", "service": service.to_string(), "link": wish.link, "quantity": quantity,
    });
    Ok(Request::post("/api/v1/dashboard/orders", form).with_key(&wish.key))
}

/// Sends an order in the customer's manner; every answer has to be the same.
async fn send(
    shop: &Shop,
    customer: &Visitor,
    request: &Request,
    manner: Manner,
    chance: &mut Chance,
) -> anyhow::Result<Answer> {
    let books = &shop.books;
    let (own, other) = (Chance::of(chance.draw(), 0), Chance::of(chance.draw(), 0));
    let counted = |answer: &Answer| {
        if answer.replayed {
            books.count("duplicates replayed");
        }
    };
    let twin = match manner {
        Manner::Twins => {
            books.count("duplicates sent");
            let twins = tokio::join!(customer.insist(request, own), customer.insist(request, other));
            Some((twins.0?, twins.1?))
        }
        Manner::Again | Manner::Changed => {
            let first = customer.insist(request, own).await?;
            tokio::time::sleep(chance.millis(0, 2_000)).await;
            books.count("duplicates sent");
            Some((first, customer.insist(request, other).await?))
        }
        Manner::Impatient => {
            books.count("duplicates sent");
            let patience = chance.millis(5, 150);
            let heard = customer.ask(request, chance.draw(), patience).await;
            let heard = heard.filter(|answer| answer.status < 500);
            let answer = customer.insist(request, own).await?;
            heard
                .map(|first| (first, answer.clone()))
                .or(Some((answer.clone(), answer)))
        }
        Manner::Plain | Manner::Expensive => {
            let answer = customer.insist(request, own).await?;
            Some((answer.clone(), answer))
        }
    };
    let (first, second) = twin.context("an answer")?;
    counted(&second);
    ensure!(
        (first.status, first.body.get("result")) == (second.status, second.body.get("result")),
        "one key, two answers: {} and {}",
        first.text,
        second.text
    );
    if manner == Manner::Changed {
        refuses_another_body(customer, request, chance).await?;
    }
    Ok(first)
}

async fn refuses_another_body(
    customer: &Visitor,
    request: &Request,
    chance: &mut Chance,
) -> anyhow::Result<()> {
    let answer = customer
        .insist(&request.clone().asking_for(777), Chance::of(chance.draw(), 0))
        .await?;
    ensure!(
        answer.status == 422,
        "a key with another body: {} {}",
        answer.status,
        answer.text
    );
    Ok(())
}
