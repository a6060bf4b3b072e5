//! What a test does with a shop, and what it looks at.

use std::sync::Arc;
use std::time::Duration;

use application::caller::{Caller, Staff};
use application::jobs::{Schedule, Verdict};
use application::orders::{OrderPlacement, PlaceOrderError, PlacedOrder};
use application::providers::Panels;
use domain::catalog::Availability;
use domain::identity::Names;
use domain::orders::{EventKind, Order, OrderState};
use domain::providers::{LookupCapability, Provider};
use domain::text::IdempotencyKey;
use domain::wallets::{Movement, TransferKind};
use domain::{Money, OrderId, Timestamp};
use ports::jobs::JobHandler;
use ports::{Clock, Store};
use testkit::contract::ledger;
use testkit::fixtures::{Shop, admin, link, saved};

use crate::bench::{Desk, PIECES, units};
use crate::panel::{about, accepted, lost, says};

impl Desk {
    /// The panels of a process that does so many jobs at once.
    pub fn panels_for(&self, workers: usize) -> Panels {
        let limiter = self.limiter.clone();
        Panels::new(
            Arc::clone(&self.backend.providers),
            self.sealer.clone(),
            limiter,
            self.clock.clone(),
        )
        .for_workers(workers)
    }

    pub fn customer(&self) -> Caller {
        Caller::new(self.shop.user.clone())
    }

    /// A member of staff. The first is the one who opened the shop.
    pub fn staff<R: Names>(&self, n: u32) -> Staff<R> {
        Caller::new(admin(Shop::STAFF + n)).with().unwrap()
    }

    /// What the customer asks for the `n`th time.
    pub fn wish(&self, n: u32, key: Option<&str>) -> OrderPlacement {
        OrderPlacement {
            service: self.shop.service.id,
            link: link(n),
            input: PIECES.into(),
            key: key.map(IdempotencyKey::from_stored),
            max_rate: None,
        }
    }

    pub async fn try_place(&self, wish: OrderPlacement) -> Result<PlacedOrder, PlaceOrderError> {
        self.placing().place(&self.customer(), wish).await
    }

    /// Places the `n`th order.
    pub async fn place(&self, n: u32) -> OrderId {
        self.try_place(self.wish(n, None)).await.unwrap().order.id
    }

    /// The customer gets what so many orders cost.
    pub async fn has_money_for(&self, orders: u32) {
        let (user, amount) = (&self.shop.user.id, units(i64::from(orders)));
        let movement = Movement::adjustment(user, amount, "for many orders", "a test");
        let mut tx = self.store.begin().await.unwrap();
        if let Some(change) = &movement.wallet {
            tx.wallets().apply(change, self.now()).await.unwrap();
        }
        tx.wallets()
            .record(&movement.transfers, self.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn send(&self, id: OrderId) -> Verdict {
        self.submitting().submit(id).await.unwrap()
    }

    /// Places the `n`th order, which the provider accepts as `upstream`.
    pub async fn submitted(&self, n: u32, upstream: &str) -> OrderId {
        let id = self.place(n).await;
        self.panel.answers(accepted(upstream));
        assert_eq!(self.send(id).await, Verdict::Done);
        assert_eq!(self.state(id).await, OrderState::Submitted);
        id
    }

    /// Places the `n`th order, whose answer is lost.
    pub async fn unknown(&self, n: u32) -> OrderId {
        let id = self.place(n).await;
        self.panel.answers(lost());
        assert_eq!(self.send(id).await, Verdict::Done);
        assert_eq!(self.state(id).await, OrderState::Unknown);
        id
    }

    /// Places the `n`th order, whose answer is lost; nobody says anything until it is written off.
    pub async fn written_off(&self, n: u32) -> OrderId {
        let id = self.unknown(n).await;
        self.pass(self.policy.write_off_after);
        self.reconcile(id).await;
        assert_eq!(self.state(id).await, OrderState::Voided);
        id
    }

    /// The provider says something about a tracked order that only people can judge.
    pub async fn doubt(&self, id: OrderId, upstream: &str) {
        self.pass(Duration::from_mins(10));
        self.panel.reports(about([(upstream, says("Refunded", 500))]));
        self.poll().await;
        assert!(self.order(id).await.review.is_some());
    }

    /// The order is polled at once.
    pub async fn make_due(&self, id: OrderId) {
        let now = self.now().micros();
        let sql = format!(
            "UPDATE orders SET due_at = {now}, poll_group = NULL WHERE id = {id}; DELETE FROM poll_turns"
        );
        self.database.execute(&sql).await.unwrap();
    }

    /// The order is not polled for a day.
    pub async fn hide(&self, id: OrderId) {
        let then = self.now().plus(Duration::from_hours(24)).micros();
        let sql = format!("UPDATE orders SET due_at = {then}, poll_group = NULL WHERE id = {id}");
        self.database.execute(&sql).await.unwrap();
    }

    /// Runs a schedule; how much it found to do.
    pub async fn sweep(&self, schedule: Schedule) -> usize {
        self.schedules().run(schedule).await.unwrap()
    }

    pub async fn rescue(&self) -> usize {
        self.rescuing().rescue().await.unwrap()
    }

    pub async fn reconcile(&self, id: OrderId) -> Verdict {
        self.reconciling().reconcile(id).await.unwrap()
    }

    pub async fn poll(&self) -> Verdict {
        self.tracking().poll(self.shop.provider.id).await.unwrap()
    }

    /// Hands due jobs over and does them; how many there were.
    pub async fn work(&self) -> usize {
        self.relay().relay_once().await.unwrap();
        let jobs = self.shelf.take();
        for job in &jobs {
            self.runner().handle(job.clone()).await;
        }
        jobs.len()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub async fn order(&self, id: OrderId) -> Order {
        self.backend.orders.find(id).await.unwrap().unwrap().order
    }

    pub async fn state(&self, id: OrderId) -> OrderState {
        self.order(id).await.state
    }

    /// How long after now the order is looked at next.
    pub async fn due_in(&self, id: OrderId) -> Option<Duration> {
        let due_at = self.order(id).await.due_at?;
        Some(due_at.since(self.clock.now()))
    }

    /// Outcomes and proofs of the attempts.
    pub async fn attempts(&self, id: OrderId) -> Vec<(String, Option<String>)> {
        let attempts = self.backend.orders.attempts(id).await.unwrap();
        attempts
            .into_iter()
            .map(|attempt| (attempt.outcome, attempt.proof))
            .collect()
    }

    pub async fn outcomes(&self, id: OrderId) -> Vec<String> {
        self.attempts(id)
            .await
            .into_iter()
            .map(|(outcome, _)| outcome)
            .collect()
    }

    pub async fn events(&self, id: OrderId) -> Vec<EventKind> {
        let events = self.backend.orders.events(id).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    /// Available and held.
    pub async fn wallet(&self) -> (Money, Money) {
        let wallet = self
            .backend
            .wallets
            .wallet(&self.shop.user.id)
            .await
            .unwrap()
            .unwrap();
        (wallet.available, wallet.held)
    }

    /// What moved for an order for this reason; `None` if nothing did.
    pub async fn moved(&self, id: OrderId, kind: TransferKind) -> Option<Money> {
        let sql = format!(
            "SELECT COALESCE(SUM(amount), -1) FROM transfers WHERE order_id = {id} AND kind = '{}'",
            kind.as_str()
        );
        let micros = self.number(&sql).await;
        (micros >= 0).then(|| Money::from_micros(micros))
    }

    /// Jobs in the outbox, as `topic subject`, and how long after now each is due, in seconds.
    pub async fn jobs(&self) -> Vec<String> {
        let sql = format!(
            "SELECT topic || ' ' || subject || CASE
                WHEN given_up_at IS NOT NULL THEN ' given up'
                WHEN lease_until IS NOT NULL THEN ' claimed'
                WHEN due_at <= {now} THEN ' due'
                ELSE ' in ' || ((due_at - {now}) / 1000000)
            END FROM outbox ORDER BY id",
            now = self.clock.now().micros()
        );
        self.database.texts(&sql).await.unwrap()
    }

    pub async fn number(&self, sql: &str) -> i64 {
        self.database.number(sql).await.unwrap()
    }

    /// Turns the provider's knobs.
    pub async fn turn(&self, knobs: impl FnOnce(&mut Provider)) {
        let mut tx = self.store.begin().await.unwrap();
        let mut provider = tx.providers().lock(self.shop.provider.id).await.unwrap().unwrap();
        knobs(&mut provider);
        saved(tx.providers().update(&provider).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// The provider finds lost orders so from now on.
    pub async fn finds_orders(&self, lookup: LookupCapability) {
        self.turn(|provider| provider.settings.lookup = lookup).await;
    }

    pub async fn make_provider(&self, availability: Availability) {
        self.turn(|provider| provider.availability = availability).await;
    }

    pub async fn prove(&self) {
        ledger::assert_sound(&self.backend, "at this moment")
            .await
            .unwrap();
    }
}
