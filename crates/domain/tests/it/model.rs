//! An order with its attempts, its customer's wallet and the ledger, in memory. It records changes as the database
//! does, refuses what the database refuses, and checks the books after every change.

use std::collections::HashSet;

use domain::orders::{
    Attempt, AttemptChange, AttemptOutcome, Change, Hold, IN_DOUBT, Observation, Order, OrderState,
    ServiceSnapshot, refund_target,
};
use domain::providers::{UpstreamCount, UpstreamOrder};
use domain::text::{Link, Name};
use domain::wallets::{Account, Movement, Transfer, TransferKind, WalletChange};
use domain::{Money, OrderId, ProviderId, ProviderOrderId, Rate, ServiceId, Timestamp, UserId};

/// When orders are placed.
pub const NOW: Timestamp = Timestamp::from_micros(1_767_323_045_678_901);

/// What the customer has before the order. The order's price comes on top.
pub const SAVINGS: i64 = 1_000;

/// A held order.
pub fn held_order(price: Money, cost: Money, quantity: u64) -> Order {
    Order {
        id: OrderId(7),
        user: UserId::new("customer"),
        service: ServiceSnapshot {
            id: ServiceId(1),
            name: Name::from_stored("Likes"),
            provider: ProviderId(3),
            upstream_id: "55".to_owned(),
            rate: Rate::ZERO,
            selling_rate: Rate::ZERO,
            refill: false,
            cancel: true,
        },
        link: Link::from_stored("https://example.com/p/1"),
        quantity,
        price,
        cost,
        state: OrderState::Held,
        hold: Hold::Pending,
        refunded: Money::ZERO,
        recognised: Money::ZERO,
        provider_order_id: None,
        provider_status: None,
        start_count: None,
        remains: None,
        attempts: 0,
        lease_until: None,
        unknown_since: None,
        due_at: Some(NOW),
        lookups: 0,
        review: None,
        cancel_requested_at: None,
        observed_at: None,
        submitted_at: None,
        ended_at: None,
        created_at: NOW,
        updated_at: NOW,
        revision: 0,
        rates: None,
    }
}

/// An order that the provider has.
pub fn submitted_order(price: Money, cost: Money, quantity: u64) -> Order {
    Order {
        state: OrderState::Submitted,
        hold: Hold::Posted,
        provider_order_id: Some(ProviderOrderId::new("900")),
        attempts: 1,
        submitted_at: Some(NOW),
        ..held_order(price, cost, quantity)
    }
}

/// What a provider says.
pub fn report(status: &str, remains: u64) -> UpstreamOrder {
    UpstreamOrder {
        status: status.to_owned(),
        start_count: UpstreamCount::Absent,
        remains: UpstreamCount::Known(remains),
        charge: None,
    }
}

/// A report and when it was asked for.
pub fn observation(requested_at: Timestamp, report: UpstreamOrder) -> Observation {
    Observation {
        requested_at,
        report,
        half_open: false,
    }
}

/// Everything that is recorded about one order.
#[derive(Debug, Clone)]
pub struct World {
    pub order: Order,
    pub attempts: Vec<Attempt>,
    pub transfers: Vec<Transfer>,
    pub available: i64,
    pub held: i64,
    references: HashSet<(TransferKind, String)>,
}

impl World {
    /// A world in which `order` has just been placed, or, if it is posted, accepted.
    pub fn with(order: Order) -> Self {
        let mut world = Self {
            attempts: Vec::new(),
            transfers: Vec::new(),
            available: 0,
            held: 0,
            references: HashSet::new(),
            order,
        };
        let order = world.order.clone();
        // The money beside the order is left out for prices that leave no room for it.
        let funds = order.price.micros().saturating_add(SAVINGS);
        world.record(&Movement::adjustment(
            &order.user,
            Money::from_micros(funds),
            "deposit",
            "",
        ));
        world.record(&Movement::hold(&order));
        if order.hold == Hold::Posted {
            world.attempts.push(Attempt {
                order: order.id,
                no: 1,
                worker: "worker".to_owned(),
                outcome: AttemptOutcome::Placed,
                started_at: NOW,
            });
            world.record(&Movement::post(&order));
        }
        world.check();
        world
    }

    /// The attempt that decisions look at.
    pub fn latest(&self) -> Option<Attempt> {
        self.attempts.last().cloned()
    }

    /// Records a change as the database does.
    pub fn apply(&mut self, change: Change) {
        assert_eq!(
            change.order.revision, self.order.revision,
            "a decision leaves counting to the database"
        );
        let before = std::mem::replace(&mut self.order, change.order);
        self.order.revision += 1;
        if let Some(change) = change.attempt {
            self.change_attempt(change);
        }
        for movement in &change.movements {
            self.record(movement);
        }
        self.check_step(&before);
        self.check();
    }

    fn change_attempt(&mut self, change: AttemptChange) {
        match change {
            AttemptChange::Open { no, worker, at } => {
                assert_eq!(usize::try_from(no).unwrap(), self.attempts.len() + 1);
                self.attempts.push(Attempt {
                    order: self.order.id,
                    no,
                    worker,
                    outcome: AttemptOutcome::Intent,
                    started_at: at,
                });
            }
            AttemptChange::Presume { no, since, .. } => {
                assert_eq!(usize::try_from(no).unwrap(), self.attempts.len() + 1);
                self.attempts.push(Attempt {
                    order: self.order.id,
                    no,
                    worker: IN_DOUBT.to_owned(),
                    outcome: AttemptOutcome::Unknown,
                    started_at: since,
                });
            }
            AttemptChange::Resolve {
                no,
                from,
                outcome,
                proof,
                provider_order_id,
            } => {
                let attempt = self.attempts.last_mut().expect("there is an attempt to resolve");
                assert_eq!((attempt.no, attempt.outcome), (no, from));
                assert_ne!(from, outcome);
                assert_ne!(from, AttemptOutcome::Placed, "placed is final");
                assert!(
                    outcome != AttemptOutcome::NotPlaced || proof.is_some(),
                    "no absence without proof"
                );
                assert_eq!(outcome == AttemptOutcome::Placed, provider_order_id.is_some());
                attempt.outcome = outcome;
            }
        }
    }

    fn record(&mut self, movement: &Movement) {
        let before = (
            self.balance(Account::UserWallets),
            self.balance(Account::UserHolds),
        );
        for row in &movement.transfers {
            assert!(row.amount.is_positive() && row.debit != row.credit, "{row:?}");
            let fresh = self.references.insert((row.kind, row.reference.clone()));
            assert!(fresh, "{:?} {} moved money twice", row.kind, row.reference);
            self.transfers.push(row.clone());
        }
        let after = (
            self.balance(Account::UserWallets),
            self.balance(Account::UserHolds),
        );
        let (available, held) = match &movement.wallet {
            None => (0, 0),
            Some(WalletChange::Hold(_, amount)) => (-amount.micros(), amount.micros()),
            Some(WalletChange::Release(_, amount)) => (amount.micros(), -amount.micros()),
            Some(WalletChange::Consume(_, amount)) => (0, -amount.micros()),
            Some(WalletChange::Credit(_, amount)) => (amount.micros(), 0),
            Some(WalletChange::Debit(_, amount)) => (-amount.micros(), 0),
        };
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (i128::from(available), i128::from(held)),
            "a movement changes the wallet by what it moves in the ledger: {movement:?}"
        );
        self.available += available;
        self.held += held;
    }

    /// What an account holds, on the side where it normally grows.
    pub fn balance(&self, account: Account) -> i128 {
        let sum = |rows: &mut dyn Iterator<Item = &Transfer>| -> i128 {
            rows.map(|row| i128::from(row.amount.micros())).sum()
        };
        let debits = sum(&mut self.transfers.iter().filter(|row| row.debit == account));
        let credits = sum(&mut self.transfers.iter().filter(|row| row.credit == account));
        match account.normal() {
            domain::wallets::Normal::Debit => debits - credits,
            domain::wallets::Normal::Credit => credits - debits,
        }
    }

    fn count(&self, kinds: &[TransferKind]) -> usize {
        self.transfers
            .iter()
            .filter(|row| kinds.contains(&row.kind))
            .count()
    }

    /// What must hold at any moment.
    fn check(&self) {
        let order = &self.order;
        let (price, refunded, recognised) = (
            order.price.micros(),
            order.refunded.micros(),
            order.recognised.micros(),
        );
        assert!(self.available >= 0 && self.held >= 0, "no wallet is overdrawn");
        let pending = if order.hold == Hold::Pending { price } else { 0 };
        assert_eq!(self.held, pending, "what is held is what waits");
        assert_eq!(self.count(&[TransferKind::Hold]), 1);
        let resolved = usize::from(order.hold != Hold::Pending);
        assert_eq!(self.count(&[TransferKind::Post, TransferKind::Void]), resolved);
        assert_eq!(order.hold == Hold::Posted, order.provider_order_id.is_some());
        assert!(order.hold != Hold::Voided || order.state == OrderState::Voided);
        let live = self
            .attempts
            .iter()
            .filter(|it| it.outcome != AttemptOutcome::NotPlaced);
        assert!(
            live.count() <= 1,
            "one attempt at most may have reached the provider"
        );
        assert!(refunded >= 0 && recognised >= 0 && refunded <= price - recognised);
        let deferred = if order.hold == Hold::Posted {
            price - refunded - recognised
        } else {
            0
        };
        assert_eq!(self.balance(Account::OrderDeferred), i128::from(deferred));
        assert!(
            !order.state.is_terminal() || deferred == 0,
            "an end leaves nothing deferred"
        );
        assert_eq!(self.balance(Account::Revenue), i128::from(recognised));
        assert_eq!(
            self.balance(Account::Writeoff),
            self.loss(),
            "a loss is booked once, and only while it may be one"
        );
        let kept = if order.hold == Hold::Voided {
            0
        } else {
            price - refunded
        };
        assert_eq!(
            self.available + kept,
            self.funds(),
            "the customer pays what is kept and nothing else"
        );
        self.check_state();
    }

    /// What the state says about the rest of the order.
    fn check_state(&self) {
        let order = &self.order;
        let latest = self.attempts.last().map(|attempt| attempt.outcome);
        match order.state {
            OrderState::Held => assert!(matches!(latest, None | Some(AttemptOutcome::NotPlaced))),
            OrderState::Submitting => assert_eq!(latest, Some(AttemptOutcome::Intent)),
            OrderState::Unknown => {
                assert_eq!(latest, Some(AttemptOutcome::Unknown));
                assert!(order.unknown_since.is_some());
            }
            OrderState::Voided => assert_eq!(order.hold, Hold::Voided),
            _ => {
                assert_eq!(latest, Some(AttemptOutcome::Placed));
                assert_eq!(order.hold, Hold::Posted);
            }
        }
        assert_eq!(order.ended_at.is_some(), order.state.is_terminal());
        let counts = order.remains.is_none_or(|left| left <= order.quantity);
        assert!(counts, "no more is left than was ordered");
        if order.state.is_terminal() && order.hold == Hold::Posted {
            let worth = |left| refund_target(order.price, order.quantity, left);
            let refunded = order.remains.and_then(worth);
            assert_eq!(
                refunded,
                Some(order.refunded),
                "an end says what was not delivered"
            );
        }
        assert!(
            order.state.is_terminal() || order.due_at.is_some(),
            "an order that has not ended is due some time"
        );
    }

    /// What no change may undo.
    fn check_step(&self, before: &Order) {
        let after = &self.order;
        assert!(
            before.hold == Hold::Pending || after.hold == before.hold,
            "a hold is resolved once"
        );
        assert!(
            !before.state.is_terminal() || after.state == before.state,
            "an end is the end"
        );
        assert!(after.refunded >= before.refunded, "a refund is never taken back");
        assert!(after.recognised >= before.recognised, "revenue is never unbooked");
        assert_eq!(
            (
                after.price,
                after.cost,
                after.quantity,
                &after.service,
                &after.link
            ),
            (
                before.price,
                before.cost,
                before.quantity,
                &before.service,
                &before.link
            ),
            "what was agreed stays agreed"
        );
        assert!(before.provider_order_id.is_none() || after.provider_order_id == before.provider_order_id);
    }

    /// The cost of an order that was given back although the provider has it, or may have it.
    fn loss(&self) -> i128 {
        let possible = self
            .attempts
            .last()
            .is_some_and(|attempt| attempt.outcome != AttemptOutcome::NotPlaced);
        if self.order.hold == Hold::Voided && possible {
            i128::from(self.order.cost.micros())
        } else {
            0
        }
    }

    fn funds(&self) -> i64 {
        self.order.price.micros().saturating_add(SAVINGS)
    }
}
