//! Customers and staff: they order, press the button twice, cancel, and decide what no machine can.

use std::time::Duration;

use domain::catalog::Service;
use domain::identity::User;
use domain::orders::{
    Actor, Evidence, Order, OrderState, ReviewDecision, cancel_by_customer, resolve, settle_review,
    staff_decision_allowed, withdraw,
};
use domain::providers::Provider;
use domain::{CategoryId, OrderId, ProviderId, ProviderOrderId, ServiceId, UserId};

use super::dice::Dice;
use super::plan::PROCESSES;
use super::store::Placed;
use super::world::World;
use crate::fixtures;

/// The process that customers and staff talk to.
const OFFICE: usize = PROCESSES - 1;
/// Requests to order in one run at most; a repetition is not counted.
const REQUESTS_MAX: usize = 5;
/// Quantities that are ordered. Some are the same, so that one order can be taken for another.
const QUANTITIES: [u64; 7] = [100, 100, 101, 333, 1_000, 1_000, 7_777];
/// What staff saw at the provider is acted on within this time, or looked up again.
const WORD_HOLDS: Duration = Duration::from_secs(300);

/// What a customer sent, and may send again.
#[derive(Debug, Clone, Copy)]
struct Request {
    key: u64,
    user: usize,
    quantity: u64,
}

/// What staff saw at the provider.
#[derive(Debug, Clone)]
struct Seen {
    at: Duration,
    order: OrderId,
    upstream: Option<ProviderOrderId>,
}

/// Who buys what.
#[derive(Debug, Clone)]
pub(super) struct Shop {
    pub(super) customers: Vec<User>,
    staff: UserId,
    provider: Provider,
    service: Service,
    requests: Vec<Request>,
    seen: Option<Seen>,
}

impl Shop {
    pub(super) fn open(dice: &mut Dice) -> Self {
        let staff = fixtures::user_id(1_000);
        let mut service = fixtures::service(1, ServiceId(1), ProviderId(1), CategoryId(1));
        // Prices that do not divide evenly.
        service.rate = fixtures::rate(1_234_567_891);
        service.cancel = dice.one_in(2);
        Self {
            customers: (1..=2).map(fixtures::user).collect(),
            provider: fixtures::provider(1, ProviderId(1), &staff),
            staff,
            service,
            requests: Vec::new(),
            seen: None,
        }
    }
}

impl World {
    pub(super) fn customer_step(&mut self, dice: &mut Dice) {
        let asked = self.shop.requests.len();
        match dice.below(10) {
            0..5 if asked < REQUESTS_MAX => self.new_request(asked, dice),
            5..7 => {
                let again = dice.index(asked);
                if let Some(index) = again {
                    self.send_request(index, dice);
                }
            }
            7 => self.withdraw_some(dice),
            _ => self.cancel_some(dice),
        }
    }

    fn new_request(&mut self, asked: usize, dice: &mut Dice) {
        let quantity = dice.pick(&QUANTITIES).copied().unwrap_or(100);
        let user = dice.index(self.shop.customers.len()).unwrap_or_default();
        let key = u64::try_from(asked).unwrap_or_default();
        self.shop.requests.push(Request { key, user, quantity });
        self.send_request(asked, dice);
    }

    fn send_request(&mut self, index: usize, dice: &mut Dice) {
        let shop = &self.shop;
        let Some(Request { key, user, quantity }) = shop.requests.get(index).copied() else {
            return;
        };
        let Some(user) = shop.customers.get(user) else {
            return;
        };
        let n = u32::try_from(key).unwrap_or_default();
        let new = fixtures::new_order(user, &shop.service, &shop.provider, n, quantity, self.now());
        let commit = Self::draw_commit(dice);
        let placed = self.store.place(&new, key, commit);
        let what = match placed {
            Ok(Placed::New(_)) => "an order is placed",
            Ok(Placed::Replay(_)) => "a request is repeated",
            Ok(Placed::TooLittle) => "a wallet holds too little",
            Err(_) => "a placement fails",
        };
        self.say(what, || {
            format!("request {key} to order: {placed:?}, commit {commit:?}")
        });
    }

    fn cancel_some(&mut self, dice: &mut Dice) {
        let Some(id) = dice.pick(&self.store.orders).map(|row| row.order.id) else {
            return;
        };
        let (now, commit) = (self.now(), Self::draw_commit(dice));
        let Ok(_) = self.knows(OFFICE, dice) else {
            return;
        };
        self.connect(OFFICE);
        let known = self.is_known(OFFICE);
        let decide = |order: &Order, _: Option<&_>| {
            // Before orders in doubt are marked, nobody knows whether this one was sent.
            let in_doubt = order.state == OrderState::Held && !known;
            cancel_by_customer(order, now).ok().filter(|_| !in_doubt)
        };
        if self.store.amend(id, dice.one_in(8), commit, decide) != Ok(None) {
            let after = self.about(id);
            self.say("a customer cancels", || format!("the customer cancels; {after}"));
        }
    }

    /// The order's provider is removed from the shop.
    fn withdraw_some(&mut self, dice: &mut Dice) {
        let Some(id) = dice.pick(&self.store.orders).map(|row| row.order.id) else {
            return;
        };
        let (now, commit) = (self.now(), Self::draw_commit(dice));
        self.connect(OFFICE);
        let known = self.is_known(OFFICE);
        let decide =
            |order: &Order, _: Option<&_>| withdraw(order, "the provider was removed", now).filter(|_| known);
        if self.store.amend(id, dice.one_in(8), commit, decide) != Ok(None) {
            let after = self.about(id);
            self.say("an order is withdrawn", || {
                format!("the order is withdrawn; {after}")
            });
        }
    }

    pub(super) fn staff_step(&mut self, dice: &mut Dice) {
        if self.store.submission.pause.is_some() && dice.one_in(2) {
            return self.release(dice);
        }
        if let Some(seen) = self.shop.seen.take()
            && self.time.saturating_sub(seen.at) < WORD_HOLDS
        {
            return self.decide_fate(&seen, dice);
        }
        let Some(row) = dice.pick(&self.store.orders) else {
            return;
        };
        let (id, in_review) = (row.order.id, row.order.review.is_some());
        if in_review {
            let remains = dice.below(row.order.quantity + 2);
            let decisions = [
                ReviewDecision::Dismiss,
                ReviewDecision::Completed,
                ReviewDecision::Canceled,
                ReviewDecision::Partial { remains },
            ];
            let decision = dice.pick(&decisions).copied().unwrap_or(ReviewDecision::Dismiss);
            self.settle_one(id, decision, dice);
        } else {
            self.look_at(id);
        }
    }

    /// Staff settle an order in review.
    pub(super) fn settle_one(&mut self, id: OrderId, decision: ReviewDecision, dice: &mut Dice) {
        let (now, commit) = (self.now(), Self::draw_commit(dice));
        let staff = self.shop.staff.clone();
        let decide = |order: &Order, _: Option<&_>| settle_review(order, decision, &staff, "", now).ok();
        if self.store.amend(id, dice.one_in(8), commit, decide) != Ok(None) {
            let after = self.about(id);
            self.say("a review is settled", || {
                format!("staff settle it as {decision:?}; {after}")
            });
        }
    }

    /// Staff look into the provider's own pages. That the order is not there is looked for only once it can be decided.
    fn look_at(&mut self, id: OrderId) {
        let Some((order, attempt)) = self
            .store
            .row(id)
            .and_then(|row| Some((&row.order, row.latest()?)))
        else {
            return;
        };
        let there = self.panel.id_of(order);
        let placed = there.is_some();
        if staff_decision_allowed(order, attempt, placed, &self.policy, self.now()).is_ok() {
            self.shop.seen = Some(Seen {
                at: self.time,
                order: id,
                upstream: there,
            });
        }
    }

    fn decide_fate(&mut self, seen: &Seen, dice: &mut Dice) {
        let (now, policy, commit) = (self.now(), self.policy, Self::draw_commit(dice));
        let actor = Actor::Staff(self.shop.staff.clone());
        let evidence = match &seen.upstream {
            Some(id) => Evidence::Placed {
                provider_order_id: id.clone(),
                actor,
            },
            None => Evidence::Absent {
                proof: "staff".to_owned(),
                actor,
            },
        };
        let placed = seen.upstream.is_some();
        if self.knows(OFFICE, dice).is_err() {
            return;
        }
        self.connect(OFFICE);
        let in_doubt = !placed && !self.is_known(OFFICE);
        let recorded = self
            .store
            .amend(seen.order, dice.one_in(8), commit, |order, attempt| {
                let attempt = attempt.filter(|_| !in_doubt)?;
                staff_decision_allowed(order, attempt, placed, &policy, now).ok()?;
                resolve(order, attempt, &evidence, &policy, now)
            });
        let after = self.about(seen.order);
        let recorded = matches!(recorded, Ok(Some(_)));
        self.say("staff decide a fate", || {
            format!("staff say {evidence:?} (recorded: {recorded}); {after}")
        });
    }

    /// Staff look again after the database was restored.
    pub(super) fn shop_forgets(&mut self) {
        self.shop.seen = None;
    }

    /// Orders that wait for a person.
    pub(super) fn in_review(&self) -> Vec<OrderId> {
        let tracked = self
            .store
            .orders
            .iter()
            .filter(|row| row.order.state.is_tracked());
        tracked
            .filter(|row| row.order.review.is_some())
            .map(|row| row.order.id)
            .collect()
    }
}
