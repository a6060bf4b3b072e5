//! What happens to Redis costs time and nothing else: customers sign in and order, the schedules go on, and what waits is
//! sent once when Redis is well again.

use std::time::{Duration, Instant};

use domain::OrderId;
use domain::orders::OrderState;
use domain::providers::LookupCapability;
use serde_json::{Value, json};

use super::http::client;
use super::installation::{HURRIED, Installation};
use super::panel::PanelProcess;
use super::program::Program;
use super::shop::Shop;
use crate::support::{PrivateRedis, eventually};

/// What a customer waits at most, on a slow and busy machine. A request that waited for Redis would wait for longer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// So much of the 20 seconds for which a job is claimed that waits in Redis passes at once.
const CLAIM_PASSED: Duration = Duration::from_secs(15);
/// Orders that are placed while Redis is not well.
const MEANWHILE: usize = 10;

fn link(name: &str) -> String {
    format!("https://instagram.com/p/{name}")
}

struct Scene {
    redis: PrivateRedis,
    installation: Installation,
    panel: PanelProcess,
    shop: Shop,
    address: String,
    _node: Program,
    workers: Vec<Program>,
}

impl Scene {
    async fn set(test: &str, jobs_from: &str, panel: &[&str]) -> Option<Self> {
        let redis = PrivateRedis::start(test)?;
        let installation = Installation::beside(HURRIED, &redis.url()).await?;
        let panel = PanelProcess::start(&[&["--lookup", "link"], panel].concat()).await;
        let shop = Shop::open(&installation, &panel, LookupCapability::LinkAndTime).await;
        let (node, address) = installation.serve().await;
        let jobs_from = [("JOBS_FROM", jobs_from.to_owned())];
        let workers = vec![
            installation.work_with(&jobs_from).await,
            installation.work_with(&jobs_from).await,
        ];
        Some(Self {
            redis,
            installation,
            panel,
            shop,
            address,
            _node: node,
            workers,
        })
    }

    /// Kills the worker that sends an order, which the panel takes without an answer.
    async fn kill_a_sender(&mut self) -> OrderId {
        let link = link("sent?sandbox=accept-hang");
        let order = self
            .shop
            .place(&self.shop.customer(&self.address).await, &link)
            .await;
        self.panel.is_asked_for(&link).await;
        let attempts = self.shop.attempts(order).await;
        let sender = attempts[0].worker.split('-').next().unwrap().to_owned();
        let position = self
            .workers
            .iter()
            .position(|worker| worker.id().to_string() == sender);
        self.workers.remove(position.unwrap()).kill();
        assert_eq!(self.shop.order(order).await.order.state, OrderState::Submitting);
        self.pass("orders", "state = 'submitting'", HURRIED.lease).await;
        order
    }

    /// Leases in some rows of a table end so much earlier.
    async fn pass(&self, table: &str, rows: &str, time: Duration) {
        let micros = time.as_micros();
        let sql = format!("UPDATE {table} SET lease_until = lease_until - {micros} WHERE {rows}");
        self.installation.database().execute(&sql).await.unwrap();
    }

    /// Somebody signs in anew and orders.
    async fn order(&self, name: &str) -> OrderId {
        let begun = Instant::now();
        let customer = self.shop.customer(&self.address).await;
        let order = self.shop.place(&customer, &link(name)).await;
        let took = begun.elapsed();
        assert!(took < ANSWER_MAX, "signing in and ordering took {took:?}");
        order
    }

    /// Everything was sent once.
    async fn ends_well(&self, orders: &[OrderId]) {
        for order in orders {
            self.shop.becomes(*order, OrderState::Completed).await;
            let link = self.shop.order(*order).await.order.link;
            let seen = (
                self.panel.has(link.as_str()).await,
                self.panel.asked_for(link.as_str()).await,
            );
            assert_eq!(seen, (1, 1), "{}", link.as_str());
        }
        self.installation.books_are_right();
    }
}

/// Redis carries the jobs and is unwell for as long as it takes the schedules to notice a dead worker's order.
async fn is_survived(test: &str, begin: impl FnOnce(&mut PrivateRedis), end: impl FnOnce(&mut PrivateRedis)) {
    let Some(mut scene) = Scene::set(test, "redis", &[]).await else {
        return;
    };
    let interrupted = scene.kill_a_sender().await;
    begin(&mut scene.redis);
    let begun = Instant::now();
    let mut orders = vec![interrupted];
    for number in 0..MEANWHILE {
        orders.push(scene.order(&format!("meanwhile-{number}")).await);
    }
    // The rescuer, and then the schedule of the look-ups or whoever else leaves a job for one.
    scene.shop.becomes(interrupted, OrderState::Unknown).await;
    let database = scene.installation.database();
    let job =
        format!("SELECT COUNT(*) FROM outbox WHERE topic = 'order.reconcile' AND subject = {interrupted}");
    eventually(
        || "the unknown order has a job".to_owned(),
        async || (database.number(&job).await.unwrap() == 1).then_some(()),
    )
    .await;
    assert_eq!(
        scene.panel.additions().await.len(),
        1,
        "nothing can be handed over"
    );
    println!("Redis was unwell for {:?}", begun.elapsed());
    end(&mut scene.redis);
    let well = Instant::now();
    scene.ends_well(&orders).await;
    println!("everything was done {:?} later", well.elapsed());
}

/// Jobs come straight from the database: while Redis is unwell, a dead worker's order is found and others are sent.
async fn is_not_needed(test: &str, begin: impl FnOnce(&mut PrivateRedis)) {
    let Some(mut scene) = Scene::set(test, "database", &[]).await else {
        return;
    };
    let mut orders = vec![scene.kill_a_sender().await];
    begin(&mut scene.redis);
    let ready = client()
        .get(format!("{}/ready", scene.address))
        .send()
        .await
        .unwrap();
    let status = ready.status().as_u16();
    let said: Value = ready.json().await.unwrap();
    assert_eq!((status, &said["status"]), (200, &json!("degraded")), "{said}");
    for number in 0..MEANWHILE {
        orders.push(scene.order(&format!("meanwhile-{number}")).await);
    }
    scene.ends_well(&orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_sent_while_redis_stands_still_on_postgres() {
    is_not_needed("jobs without a Redis that answers", |redis| {
        redis.stands_still(true)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_sent_while_redis_is_away_on_postgres() {
    is_not_needed("jobs without Redis", PrivateRedis::kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_costs_time_and_nothing_else_on_postgres() {
    is_survived(
        "a full Redis",
        |redis| redis.is_full(true),
        |redis| redis.is_full(false),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_costs_time_and_nothing_else_on_postgres() {
    is_survived(
        "a Redis that stands still",
        |redis| redis.stands_still(true),
        |redis| redis.stands_still(false),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_and_comes_back_empty_costs_time_and_nothing_else_on_postgres() {
    is_survived("a Redis that is away", PrivateRedis::kill, PrivateRedis::run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_wiped_again_and_again_costs_time_and_nothing_else_on_postgres() {
    const ORDERS: usize = 60;
    // Slower than the jobs come, so that some of them always wait in Redis.
    let Some(scene) = Scene::set("a wiped Redis", "redis", &["--fault", "add:slow=0.1"]).await else {
        return;
    };
    let links: Vec<String> = (0..ORDERS)
        .map(|number| link(&format!("wiped-{number}")))
        .collect();
    scene.shop.place_all(&links).await;
    for _ in 0..3 {
        let sent = scene.panel.additions().await.len();
        eventually(
            || "more orders are sent".to_owned(),
            async || (scene.panel.additions().await.len() > sent).then_some(()),
        )
        .await;
        scene.redis.flush();
    }
    scene
        .pass("outbox", "NOT begun AND lease_until IS NOT NULL", CLAIM_PASSED)
        .await;
    let wiped = Instant::now();
    let database = scene.installation.database();
    eventually(
        || "every order is completed".to_owned(),
        async || {
            let open = "SELECT COUNT(*) FROM orders WHERE state <> 'completed'";
            (database.number(open).await.unwrap() == 0).then_some(())
        },
    )
    .await;
    println!("everything was done {:?} after the last time", wiped.elapsed());
    for link in &links {
        let seen = (scene.panel.has(link).await, scene.panel.asked_for(link).await);
        assert_eq!(seen, (1, 1), "{link}");
    }
    scene.installation.books_are_right();
}
