//! The panel's own ledger: orders, refills and the balance. It is the witness of what really happened.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::catalogue::Service;
use crate::fate::{Course, Quirks};
use crate::orders::{Forced, Order, Status, View};
use crate::random;
use crate::refills::Refill;

/// Orders one panel keeps; more are refused.
const MAX_ORDERS: usize = 1_000_000;
/// Refills one panel keeps; more are refused.
const MAX_REFILLS: usize = 1_000_000;
/// Ids are this far apart at most.
const MAX_GAP: u64 = 9;
/// Start counts claimed for links are below this.
const MAX_START_COUNT: u64 = 50_000;
/// Id of the first refill.
const FIRST_REFILL: u64 = 30_001;
const PURPOSE_GAP: u64 = 1;
const PURPOSE_START_COUNT: u64 = 2;

/// An order that is ready to be placed.
#[derive(Debug)]
pub struct Draft {
    pub service: &'static Service,
    pub link: Arc<str>,
    pub request_id: Option<Arc<str>>,
    /// What is to be written, if the service takes it.
    pub comments: Option<Arc<str>>,
    pub quantity: u64,
    /// Price in micro-units.
    pub charge: u64,
    pub course: Course,
    pub quirks: Quirks,
}

/// Why a draft was not placed.
#[derive(Debug, PartialEq, Eq)]
pub enum NotPlaced {
    NoFunds,
    Full,
}

/// The ledger. Times are in milliseconds, amounts in micro-units.
#[derive(Debug)]
pub struct Book {
    seed: u64,
    pace: u64,
    next_id: u64,
    balance: u64,
    orders: Vec<Order>,
    by_id: HashMap<u64, usize>,
    placed_by_link: HashMap<Arc<str>, u64>,
    by_request_id: HashMap<Arc<str>, Vec<usize>>,
    /// Orders that will refund something when they end, the earliest end first.
    due: VecDeque<(u64, usize)>,
    refills: Vec<Refill>,
    last_refill: HashMap<u64, usize>,
}

impl Book {
    pub fn new(seed: u64, pace: u64, balance: u64, first_id: u64) -> Self {
        Self {
            seed,
            pace,
            next_id: first_id,
            balance,
            orders: Vec::new(),
            by_id: HashMap::new(),
            placed_by_link: HashMap::new(),
            by_request_id: HashMap::new(),
            due: VecDeque::new(),
            refills: Vec::new(),
            last_refill: HashMap::new(),
        }
    }

    /// Places an order, takes its price and returns its id.
    pub fn place(&mut self, draft: Draft, now: u64) -> Result<u64, NotPlaced> {
        self.settle(now);
        if self.orders.len() >= MAX_ORDERS {
            return Err(NotPlaced::Full);
        }
        self.balance = self.balance.checked_sub(draft.charge).ok_or(NotPlaced::NoFunds)?;
        let id = self.next_id;
        let position = self.orders.len();
        self.next_id = id.saturating_add(1 + random::mix(self.seed, id, PURPOSE_GAP) % MAX_GAP);
        self.by_id.insert(id, position);
        let placed = self.placed_by_link.entry(Arc::clone(&draft.link)).or_default();
        *placed = placed.saturating_add(1);
        if let Some(request_id) = &draft.request_id {
            self.by_request_id
                .entry(Arc::clone(request_id))
                .or_default()
                .push(position);
        }
        if matches!(draft.course, Course::Partial { .. } | Course::Cancel) {
            self.due.push_back((now.saturating_add(self.pace), position));
        }
        self.orders.push(Order {
            id,
            service: draft.service,
            link: draft.link,
            request_id: draft.request_id,
            comments: draft.comments,
            quantity: draft.quantity,
            billed: draft.charge,
            refunded: 0,
            start_count: random::mix(self.seed, id, PURPOSE_START_COUNT) % MAX_START_COUNT,
            created_millis: now,
            course: draft.course,
            quirks: draft.quirks,
            forced: None,
        });
        Ok(id)
    }

    /// Pays back what orders that ended by now did not deliver.
    fn settle(&mut self, now: u64) {
        while let Some((_, position)) = self.due.pop_front_if(|(due, _)| *due <= now) {
            self.settle_order(position, now);
        }
    }

    fn settle_order(&mut self, position: usize, now: u64) {
        if let Some(order) = self.orders.get_mut(position) {
            let refunded = order.billed.saturating_sub(order.view(now, self.pace).charge);
            self.balance = self
                .balance
                .saturating_add(refunded)
                .saturating_sub(order.refunded);
            order.refunded = refunded;
        }
    }

    pub fn balance(&mut self, now: u64) -> u64 {
        self.settle(now);
        self.balance
    }

    pub fn find(&self, id: u64) -> Option<&Order> {
        self.by_id
            .get(&id)
            .and_then(|position| self.orders.get(*position))
    }

    pub fn view<'a>(&self, order: &'a Order, now: u64) -> View<'a> {
        order.view(now, self.pace)
    }

    pub const fn pace(&self) -> u64 {
        self.pace
    }

    /// Every order, the oldest first.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// The orders placed with this reference of the caller.
    pub fn with_request_id(&self, request_id: &str) -> impl Iterator<Item = &Order> {
        self.by_request_id
            .get(request_id)
            .into_iter()
            .flatten()
            .filter_map(|position| self.orders.get(*position))
    }

    /// How many orders were placed for the link.
    pub fn placed_for_link(&self, link: &str) -> u64 {
        self.placed_by_link.get(link).copied().unwrap_or(0)
    }

    /// Links with more than one order and their counts, `limit` at most.
    pub fn links_placed_repeatedly(&self, limit: usize) -> Vec<(&str, u64)> {
        self.placed_by_link
            .iter()
            .filter(|(_, count)| **count > 1)
            .take(limit)
            .map(|(link, count)| (link.as_ref(), *count))
            .collect()
    }

    /// Pushes an order into a state at once and settles its refund; `None` for an unknown id.
    ///
    /// `remains` stays as it is when not given, and never exceeds the quantity.
    pub fn push(&mut self, id: u64, status: &str, remains: Option<u64>, now: u64) -> Option<()> {
        let position = *self.by_id.get(&id)?;
        let pace = self.pace;
        let order = self.orders.get_mut(position)?;
        let remains = remains
            .unwrap_or_else(|| order.view(now, pace).remains)
            .min(order.quantity);
        order.forced = Some(Box::new(Forced {
            status: status.to_owned(),
            remains,
        }));
        self.settle_order(position, now);
        Some(())
    }

    /// Cancels an order as panels do: what was delivered is kept and billed.
    pub fn cancel(&mut self, id: u64, now: u64) -> Result<(), &'static str> {
        let order = self.find(id).ok_or("Incorrect order ID")?;
        let view = self.view(order, now);
        if !order.service.cancel {
            return Err("Cancel is disabled for this service");
        }
        if !view.is_running() {
            return Err("The order cannot be canceled");
        }
        let end = if view.remains >= order.quantity {
            Status::Canceled
        } else {
            Status::Partial
        };
        let remains = view.remains;
        self.push(id, end.as_str(), Some(remains), now)
            .ok_or("Incorrect order ID")
    }

    /// Accepts a refill and returns its id.
    pub fn refill(&mut self, id: u64, is_rejected: bool, now: u64) -> Result<u64, &'static str> {
        let order = self.find(id).ok_or("Incorrect order ID")?;
        if !order.service.refill {
            return Err("Refill is disabled for this service");
        }
        if !self.view(order, now).is(Status::Completed) {
            return Err("The order is not completed");
        }
        let is_rejected = is_rejected || order.quirks.refill_rejected;
        let running = self
            .last_refill
            .get(&id)
            .and_then(|position| self.refills.get(*position))
            .is_some_and(|refill| refill.is_running(now, self.pace));
        if running {
            return Err("The order was completed or refill was requested less than 24 hours ago");
        }
        if self.refills.len() >= MAX_REFILLS {
            return Err("Order not eligible for refill.");
        }
        let position = self.refills.len();
        self.last_refill.insert(id, position);
        self.refills.push(Refill {
            created_millis: now,
            is_rejected,
        });
        Ok(FIRST_REFILL.saturating_add(u64::try_from(position).unwrap_or(u64::MAX)))
    }

    pub fn find_refill(&self, id: u64) -> Option<&Refill> {
        let position = usize::try_from(id.checked_sub(FIRST_REFILL)?).ok()?;
        self.refills.get(position)
    }

    /// An id near those in use that belongs to no order and will not for long.
    pub const fn unused_id(&self) -> u64 {
        self.next_id.saturating_add(1_000_000_007)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    const PACE: u64 = 6_000;

    fn draft(link: &str, course: Course) -> Draft {
        Draft {
            service: catalogue::find(1013).unwrap(),
            link: link.into(),
            request_id: Some("ref".into()),
            comments: None,
            quantity: 100,
            charge: 145_000,
            course,
            quirks: Quirks::default(),
        }
    }

    fn book() -> Book {
        Book::new(1, PACE, 1_000_000, 48_000_000)
    }

    #[test]
    fn ids_ascend_with_gaps_and_repeat_with_the_seed() {
        let ids = |seed| {
            let mut book = Book::new(seed, PACE, u64::MAX, 48_000_000);
            (0..50)
                .map(|_| book.place(draft("l", Course::Complete), 0).unwrap())
                .collect::<Vec<_>>()
        };
        assert!(ids(1).windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids(1).windows(2).any(|pair| pair[0] + 1 < pair[1]));
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }

    #[test]
    fn an_order_is_paid_from_the_balance_until_it_is_used_up() {
        let mut book = book();
        for _ in 0..6 {
            book.place(draft("l", Course::Complete), 0).unwrap();
        }
        assert_eq!(
            book.place(draft("l", Course::Complete), 0),
            Err(NotPlaced::NoFunds)
        );
        assert_eq!(book.balance(0), 1_000_000 - 6 * 145_000);
        assert_eq!(book.placed_for_link("l"), 6);
        assert_eq!(book.links_placed_repeatedly(9), [("l", 6)]);
        assert_eq!(book.with_request_id("ref").count(), 6);
    }

    #[test]
    fn what_was_not_delivered_comes_back_when_the_order_ends() {
        let mut book = book();
        book.place(draft("a", Course::Cancel), 0).unwrap();
        book.place(
            draft(
                "b",
                Course::Partial {
                    undelivered_percent: 40,
                },
            ),
            1,
        )
        .unwrap();
        assert_eq!(book.balance(PACE - 1), 1_000_000 - 290_000);
        assert_eq!(book.balance(PACE), 1_000_000 - 145_000);
        assert_eq!(book.balance(PACE + 1), 1_000_000 - 145_000 + 58_000);
        assert_eq!(book.balance(PACE * 9), 1_000_000 - 145_000 + 58_000);
    }

    #[test]
    fn pushing_an_order_around_never_refunds_twice() {
        let mut book = book();
        let id = book.place(draft("a", Course::Cancel), 0).unwrap();
        book.push(id, "Canceled", Some(100), 1).unwrap();
        book.push(id, "Canceled", Some(100), 2).unwrap();
        assert_eq!(book.balance(PACE * 2), 1_000_000);
        book.push(id, "Completed", Some(0), 3).unwrap();
        assert_eq!(book.balance(PACE * 2), 855_000);
        assert_eq!(book.push(1, "Completed", None, 3), None);
    }

    #[test]
    fn canceling_keeps_what_was_delivered() {
        let mut book = book();
        let id = book.place(draft("a", Course::Complete), 0).unwrap();
        book.cancel(id, 3_500).unwrap();
        let view = book.view(book.find(id).unwrap(), 99_000);
        assert_eq!(
            (view.status.as_ref(), view.remains, view.charge),
            ("Partial", 50, 72_500)
        );
        assert_eq!(book.cancel(id, 3_500), Err("The order cannot be canceled"));
        let id = book.place(draft("a", Course::Complete), 0).unwrap();
        book.cancel(id, 10).unwrap();
        assert!(book.view(book.find(id).unwrap(), 99_000).is(Status::Canceled));
    }

    #[test]
    fn one_refill_runs_at_a_time_and_only_for_completed_orders() {
        let mut book = book();
        let id = book.place(draft("a", Course::Complete), 0).unwrap();
        assert_eq!(book.refill(id, false, 10), Err("The order is not completed"));
        let refill = book.refill(id, false, PACE).unwrap();
        assert!(book.refill(id, false, PACE + 1).is_err());
        let status = |book: &Book, refill, now| book.find_refill(refill).unwrap().status(now, PACE);
        assert_eq!(status(&book, refill, PACE), "Pending");
        assert_eq!(status(&book, refill, PACE + PACE / 2), "In progress");
        assert_eq!(status(&book, refill, PACE * 2), "Completed");
        let second = book.refill(id, true, PACE * 2).unwrap();
        assert_eq!(status(&book, second, PACE * 3), "Rejected");
        assert!(book.find_refill(1).is_none() && book.find_refill(u64::MAX).is_none());
    }

    #[test]
    fn a_hundred_thousand_orders_are_found_at_once() {
        let mut book = Book::new(1, PACE, u64::MAX, 48_000_000);
        let ids: Vec<u64> = (0..100_000)
            .map(|n| {
                book.place(draft(&format!("https://a.test/{n}"), Course::Cancel), n)
                    .unwrap()
            })
            .collect();
        assert!(
            ids.iter()
                .all(|id| book.find(*id).is_some_and(|order| order.id == *id))
        );
        assert_eq!(book.balance(200_000), u64::MAX);
    }
}
