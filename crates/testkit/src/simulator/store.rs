//! The database: rows, the constraints of the schema, and commits that fail.

use std::collections::{BTreeMap, HashSet};

use domain::orders::{Attempt, AttemptChange, AttemptOutcome, Change, FollowUp, IN_DOUBT, NewOrder, Order};
use domain::providers::KnownOrder;
use domain::submission::Submission;
use domain::wallets::{Movement, Transfer, TransferKind, WalletChange};
use domain::{Money, OrderId, PollGroupId, ProviderOrderId, UserId};
use ports::StoreError;

use super::Rules;
use super::jobs::{Jobs, Topic};
use super::polls::Polls;

/// What a commit does and what it says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commit {
    /// Recorded, and it says so.
    Works,
    /// Not recorded.
    Fails,
    /// Recorded, but the connection broke before it could say so.
    WorksInSilence,
}

/// A row of `attempts`.
#[derive(Debug, Clone)]
pub(super) struct AttemptRow {
    pub(super) attempt: Attempt,
    pub(super) provider_order_id: Option<ProviderOrderId>,
}

/// A row of `orders` with its attempts.
#[derive(Debug, Clone)]
pub(super) struct OrderRow {
    pub(super) order: Order,
    pub(super) attempts: Vec<AttemptRow>,
    /// With which others it is asked about; then it has no due time of its own.
    pub(super) group: Option<PollGroupId>,
    /// What a reader that took no lock may still see.
    before: Option<(Order, Option<Attempt>)>,
}

impl OrderRow {
    pub(super) fn latest(&self) -> Option<&Attempt> {
        self.attempts.last().map(|row| &row.attempt)
    }

    fn seen(&self, stale: bool) -> (Order, Option<Attempt>) {
        match &self.before {
            Some(before) if stale => before.clone(),
            _ => (self.order.clone(), self.latest().cloned()),
        }
    }
}

/// A row of `wallets`, in micro-units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct WalletRow {
    pub(super) available: i64,
    pub(super) held: i64,
}

/// What became of a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    New(OrderId),
    Replay(OrderId),
    TooLittle,
}

/// Everything that is durable.
#[derive(Debug, Clone)]
pub(super) struct Store {
    rules: Rules,
    pub(super) orders: Vec<OrderRow>,
    pub(super) wallets: BTreeMap<UserId, WalletRow>,
    pub(super) transfers: Vec<Transfer>,
    references: HashSet<(TransferKind, String)>,
    keys: BTreeMap<(UserId, u64), OrderId>,
    pub(super) jobs: Jobs,
    pub(super) polls: Polls,
    /// What the database was, and whether orders are sent.
    pub(super) submission: Submission,
    /// Something was recorded since the books were checked.
    pub(super) changed: bool,
    /// How often a guard refused a decision that was made on an old row.
    pub(super) contended: u64,
}

impl Store {
    pub(super) fn new(rules: Rules, submission: Submission) -> Self {
        Self {
            rules,
            orders: Vec::new(),
            wallets: BTreeMap::new(),
            transfers: Vec::new(),
            references: HashSet::new(),
            keys: BTreeMap::new(),
            jobs: Jobs::default(),
            polls: Polls::default(),
            submission,
            changed: false,
            contended: 0,
        }
    }

    pub(super) fn row(&self, id: OrderId) -> Option<&OrderRow> {
        self.orders.iter().find(|row| row.order.id == id)
    }

    pub(super) fn row_mut(&mut self, id: OrderId) -> Option<&mut OrderRow> {
        self.orders.iter_mut().find(|row| row.order.id == id)
    }

    /// Puts money into a wallet.
    pub(super) fn deposit(&mut self, user: &UserId, amount: Money) {
        let movement = Movement::adjustment(user, amount, user.as_str(), "");
        let wallet = self.wallets.entry(user.clone()).or_default();
        wallet.available += amount.micros();
        self.transfers.extend(movement.transfers);
        self.changed = true;
    }

    /// Counterpart of `application::orders::PlaceOrder`: the key, the order, its job and the hold in one transaction.
    pub(super) fn place(&mut self, new: &NewOrder, key: u64, commit: Commit) -> Result<Placed, StoreError> {
        let user = new.draft().user.clone();
        if let Some(id) = self.keys.get(&(user.clone(), key)) {
            return Ok(Placed::Replay(*id));
        }
        let next = i64::try_from(self.orders.len()).unwrap_or(i64::MAX) + 1;
        let order = new.clone().identified(OrderId(next));
        let wallet = self.wallets.get(&user).copied().unwrap_or_default();
        if wallet.available < order.price.micros() {
            return Ok(Placed::TooLittle);
        }
        if commit == Commit::Fails {
            return Err(unavailable());
        }
        if self.rules.hold {
            self.move_money(&[Movement::hold(&order)])?;
        }
        let id = order.id;
        self.jobs.push(Topic::Submit, id.0, order.created_at);
        self.keys.insert((user, key), id);
        self.orders.push(OrderRow {
            order,
            attempts: Vec::new(),
            group: None,
            before: None,
        });
        self.changed = true;
        said(commit).map(|()| Placed::New(id))
    }

    /// Counterpart of `application::orders::record::amend`: look, decide, record, commit. `stale` is a look that took no
    /// lock: the guards have to notice. The order as it is now, if something was recorded.
    pub(super) fn amend(
        &mut self,
        id: OrderId,
        stale: bool,
        commit: Commit,
        decide: impl Fn(&Order, Option<&Attempt>) -> Option<Change>,
    ) -> Result<Option<Order>, StoreError> {
        for stale in [stale, false] {
            let Some(row) = self.row(id) else {
                return Ok(None);
            };
            let (order, attempt) = row.seen(stale);
            let Some(change) = decide(&order, attempt.as_ref()) else {
                return Ok(None);
            };
            match self.record(&change, commit) {
                Err(StoreError::Contended) => self.contended += 1,
                result => return result.map(|()| Some(change.order)),
            }
        }
        Err(StoreError::Contended)
    }

    /// Counterpart of `application::orders::record::record` and the commit after it.
    pub(super) fn record(&mut self, change: &Change, commit: Commit) -> Result<(), StoreError> {
        self.check_constraints(change)?;
        let wallets = self.wallets_after(&change.movements)?;
        self.check_references(&change.movements)?;
        if commit == Commit::Fails {
            return Err(unavailable());
        }
        self.wallets.extend(wallets);
        self.keep_transfers(&change.movements);
        for follow_up in &change.follow_ups {
            let (topic, due_at) = match follow_up {
                FollowUp::Submit { due_at } => (Topic::Submit, *due_at),
                FollowUp::Cancel { due_at } => (Topic::Cancel, *due_at),
                FollowUp::Ask { due_at } => {
                    self.polls.open_turn(*due_at);
                    continue;
                }
            };
            self.jobs.push(topic, change.order.id.0, due_at);
        }
        if let Some(row) = self.row_mut(change.order.id) {
            row.before = Some((row.order.clone(), row.latest().cloned()));
            row.order = change.order.clone();
            row.order.revision += 1;
            if row.order.due_at.is_some() || !row.order.state.is_tracked() {
                row.group = None;
            }
            if let Some(attempt) = &change.attempt {
                row.write_attempt(attempt);
            }
        }
        self.changed = true;
        said(commit)
    }

    /// The revision guard, the outcome guard and the unique indexes.
    fn check_constraints(&self, change: &Change) -> Result<(), StoreError> {
        let row = self.row(change.order.id).ok_or(StoreError::Contended)?;
        if row.order.revision != change.order.revision {
            return Err(StoreError::Contended);
        }
        match &change.attempt {
            None => {}
            Some(AttemptChange::Open { no, .. } | AttemptChange::Presume { no, .. }) => {
                if row.attempts.iter().any(|it| it.attempt.no == *no) {
                    return Err(conflict("attempts.primary"));
                }
                let live = |it: &AttemptRow| it.attempt.outcome != AttemptOutcome::NotPlaced;
                if self.rules.one_live_attempt && row.attempts.iter().any(live) {
                    return Err(conflict("one_live_attempt"));
                }
            }
            Some(AttemptChange::Resolve {
                no,
                from,
                outcome,
                proof,
                provider_order_id,
            }) => {
                let stands = |it: &AttemptRow| it.attempt.no == *no && it.attempt.outcome == *from;
                if !row.attempts.iter().any(stands) {
                    return Err(StoreError::Contended);
                }
                if *outcome == AttemptOutcome::NotPlaced && proof.is_none() {
                    return Err(conflict("attempts_absence_is_proven"));
                }
                if let Some(id) = provider_order_id
                    && !self.known(std::slice::from_ref(id)).is_empty()
                {
                    return Err(conflict("attempts_provider_order"));
                }
            }
        }
        Ok(())
    }

    /// Those of the provider's ids that some order or attempt of ours has, and when it was sent.
    pub(super) fn known(&self, ids: &[ProviderOrderId]) -> Vec<KnownOrder> {
        let sent_at = |row: &OrderRow, id: &ProviderOrderId| {
            let has = |it: &&AttemptRow| it.provider_order_id.as_ref() == Some(id);
            let attempt = row.attempts.iter().find(has).map(|it| it.attempt.started_at);
            let is_its = row.order.provider_order_id.as_ref() == Some(id);
            attempt.or(row.order.submitted_at.filter(|_| is_its))
        };
        let known = |id: &ProviderOrderId| {
            let sent_at = self.orders.iter().find_map(|row| sent_at(row, id))?;
            Some(KnownOrder {
                id: id.clone(),
                sent_at,
            })
        };
        ids.iter().filter_map(known).collect()
    }

    fn move_money(&mut self, movements: &[Movement]) -> Result<(), StoreError> {
        let wallets = self.wallets_after(movements)?;
        self.check_references(movements)?;
        self.wallets.extend(wallets);
        self.keep_transfers(movements);
        Ok(())
    }

    /// Conditional changes: money that is not there does not move.
    fn wallets_after(&self, movements: &[Movement]) -> Result<BTreeMap<UserId, WalletRow>, StoreError> {
        let mut after = BTreeMap::new();
        for change in movements.iter().filter_map(|movement| movement.wallet.as_ref()) {
            let (user, available, held) = match change {
                WalletChange::Hold(user, amount) => (user, -amount.micros(), amount.micros()),
                WalletChange::Release(user, amount) => (user, amount.micros(), -amount.micros()),
                WalletChange::Consume(user, amount) => (user, 0, -amount.micros()),
                WalletChange::Credit(user, amount) => (user, amount.micros(), 0),
                WalletChange::Debit(user, amount) => (user, -amount.micros(), 0),
            };
            let before = self.wallets.get(user).copied().unwrap_or_default();
            let wallet = after.entry(user.clone()).or_insert(before);
            if self.rules.hold {
                wallet.available += available;
                wallet.held += held;
                if (available < 0 && wallet.available < 0) || (held < 0 && wallet.held < 0) {
                    return Err(conflict("wallets.balance"));
                }
            } else if matches!(change, WalletChange::Consume(..)) {
                // Nothing was held: the price is taken when the provider has the order, whatever is left by then.
                wallet.available += held;
            } else if matches!(change, WalletChange::Credit(..)) {
                wallet.available += available;
            }
        }
        Ok(after)
    }

    fn check_references(&self, movements: &[Movement]) -> Result<(), StoreError> {
        let mut rows = movements.iter().flat_map(|movement| &movement.transfers);
        if rows.any(|row| self.references.contains(&(row.kind, row.reference.clone()))) {
            return Err(conflict("transfers_once"));
        }
        Ok(())
    }

    fn keep_transfers(&mut self, movements: &[Movement]) {
        for row in movements.iter().flat_map(|movement| &movement.transfers) {
            self.references.insert((row.kind, row.reference.clone()));
            self.transfers.push(row.clone());
        }
    }
}

impl OrderRow {
    fn write_attempt(&mut self, change: &AttemptChange) {
        match change {
            AttemptChange::Open { no, worker, at } => self.attempts.push(AttemptRow {
                attempt: Attempt {
                    order: self.order.id,
                    no: *no,
                    worker: worker.clone(),
                    outcome: AttemptOutcome::Intent,
                    started_at: *at,
                },
                provider_order_id: None,
            }),
            AttemptChange::Presume { no, since, .. } => self.attempts.push(AttemptRow {
                attempt: Attempt {
                    order: self.order.id,
                    no: *no,
                    worker: IN_DOUBT.to_owned(),
                    outcome: AttemptOutcome::Unknown,
                    started_at: *since,
                },
                provider_order_id: None,
            }),
            AttemptChange::Resolve {
                no,
                outcome,
                provider_order_id,
                ..
            } => {
                if let Some(row) = self.attempts.iter_mut().find(|it| it.attempt.no == *no) {
                    row.attempt.outcome = *outcome;
                    row.provider_order_id.clone_from(provider_order_id);
                }
            }
        }
    }
}

pub(super) fn said(commit: Commit) -> Result<(), StoreError> {
    if commit == Commit::WorksInSilence {
        Err(unavailable())
    } else {
        Ok(())
    }
}

pub(super) fn unavailable() -> StoreError {
    StoreError::Unavailable("the connection broke".to_owned())
}

fn conflict(constraint: &str) -> StoreError {
    StoreError::Conflict {
        constraint: constraint.to_owned(),
    }
}
