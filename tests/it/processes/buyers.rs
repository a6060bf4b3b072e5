//! Customers who go on ordering whatever happens to the nodes, and who ask again with their key until they are answered.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::OrderId;
use reqwest::header::COOKIE;
use sandbox::{Delays, Lookup, Panel, PanelConfig};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::http::client;
use super::panel::KEY;
use super::shop::Shop;
use crate::support::eventually;

/// How many of them order at the same time.
const BUYERS: usize = 3;
/// Before they ask somebody who did not answer again.
const BREATH: Duration = Duration::from_millis(50);

/// How long the panel takes where it is slow.
const SLOW: Duration = Duration::from_millis(300);

/// A panel in this process, which outlives the nodes.
pub async fn panel(faults: &str) -> Panel {
    let config = PanelConfig {
        key: KEY.to_owned(),
        pace: Duration::from_secs(1),
        lookup: Lookup::Reference,
        faults: faults.parse().unwrap(),
        delays: Delays {
            slow_by: SLOW,
            ..Delays::default()
        },
        ..PanelConfig::default()
    };
    Panel::start(config).await.unwrap()
}

/// An order that was asked for.
#[derive(Debug, Clone)]
pub struct Purchase {
    pub link: String,
    key: String,
    /// What they were told that it is.
    id: Option<OrderId>,
}

/// All of them; they share an account.
pub struct Buyers {
    client: reqwest::Client,
    cookie: String,
    form: Value,
    purchases: Mutex<Vec<Purchase>>,
}

impl Buyers {
    /// They have signed in at a node, and stay signed in whatever becomes of it.
    pub async fn arrive(shop: &Shop, node: &str) -> Arc<Self> {
        let customer = shop.customer(node).await;
        Arc::new(Self {
            client: client(),
            cookie: customer.cookie.clone().unwrap(),
            form: shop.form(""),
            purchases: Mutex::default(),
        })
    }

    /// They order `at_most` things at a node, until they have `enough`.
    pub fn go_shopping(
        self: &Arc<Self>,
        node: &str,
        at_most: usize,
        enough: &Arc<AtomicBool>,
    ) -> Vec<JoinHandle<()>> {
        let shopping = (0..BUYERS).map(|_| {
            let (buyers, node, enough) = (Arc::clone(self), node.to_owned(), Arc::clone(enough));
            tokio::spawn(async move {
                for _ in 0..at_most / BUYERS {
                    if enough.load(Ordering::SeqCst) {
                        return;
                    }
                    buyers.buy(&node, &enough).await;
                }
            })
        });
        shopping.collect()
    }

    async fn buy(&self, node: &str, enough: &AtomicBool) {
        let (position, purchase) = {
            let mut purchases = self.purchases.lock().await;
            let position = purchases.len();
            let purchase = Purchase {
                link: format!("https://instagram.com/p/bought-{position}"),
                key: format!("purchase-{position}"),
                id: None,
            };
            purchases.push(purchase.clone());
            (position, purchase)
        };
        while !enough.load(Ordering::SeqCst) {
            if let Some(id) = self.ask(node, &purchase).await {
                return self.told(position, id).await;
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Whoever was not answered asks again, until everybody was.
    pub async fn ask_again(&self, node: &str) {
        let purchases = self.purchases.lock().await.clone();
        for (position, purchase) in purchases.iter().enumerate() {
            while self.purchases.lock().await[position].id.is_none() {
                match self.ask(node, purchase).await {
                    Some(id) => self.told(position, id).await,
                    None => tokio::time::sleep(BREATH).await,
                }
            }
        }
    }

    /// Everybody asks once more with the same key: what they were told is still true.
    pub async fn ask_once_more(&self, node: &str) {
        for purchase in self.purchases().await {
            assert_eq!(self.ask(node, &purchase).await, purchase.id, "{purchase:?}");
        }
    }

    async fn told(&self, position: usize, id: OrderId) {
        self.purchases.lock().await[position].id = Some(id);
    }

    /// `None` if there was no answer, or one that says to ask again.
    async fn ask(&self, node: &str, purchase: &Purchase) -> Option<OrderId> {
        let mut form = self.form.clone();
        form["link"] = purchase.link.clone().into();
        let request = self.client.post(format!("{node}/api/v1/dashboard/orders"));
        let request = request
            .header(COOKIE, &self.cookie)
            .header("Idempotency-Key", &purchase.key)
            .json(&form);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.text().await.ok()?;
        match status {
            201 => {
                let body: Value = serde_json::from_str(&body).unwrap();
                Some(OrderId(body["result"]["order"]["id"].as_i64().unwrap()))
            }
            503 => None,
            _ => panic!("{purchase:?}: {status} {body}"),
        }
    }

    /// Waits until they have asked for so many more orders.
    pub async fn have_asked_for(&self, more: usize) {
        let before = self.purchases.lock().await.len();
        eventually(
            || format!("customers ask for {more} more orders"),
            async || (self.purchases.lock().await.len() >= before + more).then_some(()),
        )
        .await;
    }

    /// Everything that was asked for.
    pub async fn purchases(&self) -> Vec<Purchase> {
        self.purchases.lock().await.clone()
    }

    /// The orders, each of which one purchase was told of.
    pub async fn orders(&self) -> Vec<(OrderId, String)> {
        let purchases = self.purchases().await;
        let told = purchases
            .into_iter()
            .map(|purchase| (purchase.id.unwrap(), purchase.link));
        let told: Vec<_> = told.collect();
        let different: BTreeSet<OrderId> = told.iter().map(|(id, _)| *id).collect();
        assert_eq!(
            different.len(),
            told.len(),
            "two purchases were told of one order"
        );
        told
    }
}
