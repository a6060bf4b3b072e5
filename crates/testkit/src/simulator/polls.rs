//! The polling schedule: when each order is asked about, by itself or with its group, and when it is the provider's turn.
//! Counterpart of `persistence::orders::polls` and `groups`: the same choice, the same claim, the same conditions on every
//! write.

use std::collections::BTreeMap;

use domain::orders::Order;
use domain::{OrderId, PollGroupId, Timestamp};
use ports::StoreError;
use ports::orders::{PutBackPolls, TakePolls, TakenPoll, TakenPolls};

use super::store::{Commit, Store, said, unavailable};

/// Orders of one request at most. Less than in the product, where a world of a few orders would never need a second request;
/// enough for the largest group there can be.
pub(super) const REQUEST_MAX: u16 = 5;
/// While fewer are due, the provider is asked only when it is its turn.
pub(super) const FULL_ENOUGH: u16 = 3;

/// A row of `poll_groups`.
#[derive(Debug, Clone, Copy)]
struct Group {
    members: usize,
    due_at: Timestamp,
    soon_at: Timestamp,
}

/// `poll_groups`, and the row of `poll_turns` of the one provider.
#[derive(Debug, Clone, Default)]
pub(super) struct Polls {
    groups: BTreeMap<PollGroupId, Group>,
    founded: i64,
    open_at: Option<Timestamp>,
}

/// What may be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    Group(PollGroupId),
    Order(OrderId),
}

impl Polls {
    pub(super) fn has(&self, group: PollGroupId) -> bool {
        self.groups.contains_key(&group)
    }

    /// When something happens on the schedule by itself.
    pub(super) fn times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        let groups = self.groups.values().map(|group| group.due_at);
        groups.chain(self.open_at)
    }

    /// From `at` on, at the latest, it is the provider's turn.
    pub(super) fn open_turn(&mut self, at: Timestamp) {
        self.open_at = self.open_at.map(|open_at| open_at.min(at));
    }

    fn is_turn(&self, now: Timestamp) -> bool {
        self.open_at.is_none_or(|open_at| open_at <= now)
    }
}

impl Store {
    /// Whether the provider is to be asked. As `providers_with_due_polls`.
    pub(super) fn polls_are_due(&self, now: Timestamp) -> bool {
        let groups = || self.polls.groups.values().filter(|group| group.due_at <= now);
        let grouped: usize = groups().map(|group| group.members).sum();
        let single = self.singles(now).count();
        let left_behind = groups().any(|group| group.soon_at == group.due_at);
        let some = groups().next().is_some() || single > 0;
        some && (self.polls.is_turn(now) || left_behind || grouped + single >= usize::from(FULL_ENOUGH))
    }

    fn singles(&self, until: Timestamp) -> impl Iterator<Item = &Order> {
        let single = self.orders.iter().filter(|row| row.group.is_none());
        let tracked = single
            .map(|row| &row.order)
            .filter(|order| order.state.is_tracked());
        tracked.filter(move |order| order.due_at.is_some_and(|due| due <= until))
    }

    /// Takes what is due, and fills the request with what soon will be.
    pub(super) fn take_due_polls(
        &mut self,
        take: &TakePolls,
        commit: Commit,
    ) -> Result<Option<TakenPolls>, StoreError> {
        let now = take.window.now;
        let mut candidates: Vec<(Timestamp, i64, usize, bool, Candidate)> = Vec::new();
        for (id, group) in &self.polls.groups {
            if group.due_at <= take.window.groups_until && group.soon_at <= now {
                let left_behind = group.due_at == group.soon_at;
                candidates.push((
                    group.due_at,
                    id.0,
                    group.members,
                    left_behind,
                    Candidate::Group(*id),
                ));
            }
        }
        for order in self.singles(take.window.orders_until) {
            let due_at = order.due_at.unwrap_or(now);
            candidates.push((due_at, order.id.0, 1, false, Candidate::Order(order.id)));
        }
        candidates.sort_by_key(|(due_at, id, ..)| (*due_at, *id));
        let is_due = |due_at: Timestamp| due_at <= now;
        let was_due = candidates.iter().filter(|it| is_due(it.0)).count();
        let mut room = usize::from(take.limit);
        let mut chosen = Vec::new();
        for it in candidates {
            if it.2 <= room {
                room -= it.2;
                chosen.push(it);
            }
        }
        let due = || chosen.iter().filter(|it| is_due(it.0));
        let orders_due: usize = due().map(|it| it.2).sum();
        let waits = orders_due < usize::from(take.enough) && !due().any(|it| it.3);
        if due().next().is_none() || (waits && !self.polls.is_turn(now)) {
            return Ok(None);
        }
        let turn = due().count() == was_due;
        let chosen: Vec<(Timestamp, Candidate)> = chosen.into_iter().map(|it| (it.0, it.4)).collect();
        if commit == Commit::Fails {
            return Err(unavailable());
        }
        let taken = self.take(&chosen, take, turn);
        said(commit)?;
        Ok((!taken.orders.is_empty() || !taken.groups.is_empty()).then_some(taken))
    }

    fn take(&mut self, chosen: &[(Timestamp, Candidate)], take: &TakePolls, turn: bool) -> TakenPolls {
        if turn {
            self.polls.open_at = Some(take.busy_until);
        }
        let (mut groups, mut orders) = (Vec::new(), Vec::new());
        for (due_at, candidate) in chosen {
            match candidate {
                Candidate::Group(id) => {
                    if let Some(group) = self.polls.groups.get_mut(id) {
                        (group.due_at, group.soon_at) = (take.busy_until, take.busy_until);
                    }
                    groups.push(*id);
                }
                Candidate::Order(id) => {
                    if let Some(row) = self.row_mut(*id) {
                        row.order.due_at = Some(take.busy_until);
                    }
                }
            }
            let is_of = |row: &&super::store::OrderRow| match candidate {
                Candidate::Group(id) => row.group == Some(*id),
                Candidate::Order(id) => row.order.id == *id,
            };
            orders.extend(self.orders.iter().filter(is_of).map(|row| TakenPoll {
                order: row.order.clone(),
                group: row.group,
                due_at: *due_at,
            }));
        }
        TakenPolls { groups, orders, turn }
    }

    /// Puts orders back on the schedule. `false` if somebody else has taken one of the groups meanwhile: then nothing is
    /// written.
    pub(super) fn put_back_polls(
        &mut self,
        polls: &PutBackPolls,
        commit: Commit,
    ) -> Result<bool, StoreError> {
        let ours = |id: &PollGroupId| {
            let group = self.polls.groups.get(id);
            group.is_some_and(|group| group.due_at == polls.busy_until)
        };
        if !polls
            .groups
            .iter()
            .filter_map(|(plan, _)| plan.group)
            .all(|id| ours(&id))
        {
            return Ok(false);
        }
        if commit == Commit::Fails {
            return Err(unavailable());
        }
        for (plan, time) in &polls.groups {
            let id = plan.group.unwrap_or_else(|| {
                self.polls.founded += 1;
                PollGroupId(self.polls.founded)
            });
            let group = Group {
                members: plan.members,
                due_at: time.due_at,
                soon_at: time.soon_at,
            };
            self.polls.groups.insert(id, group);
            for order in &plan.joins {
                self.join(*order, id, polls.busy_until);
            }
        }
        for id in &polls.emptied {
            let is_left = self.orders.iter().all(|row| row.group != Some(*id));
            let is_ours = self
                .polls
                .groups
                .get(id)
                .is_some_and(|it| it.due_at == polls.busy_until);
            if is_left && is_ours {
                self.polls.groups.remove(id);
            }
        }
        if let Some(turn) = polls.turn
            && self.polls.open_at == Some(polls.busy_until)
        {
            self.polls.open_at = Some(turn);
        }
        said(commit).map(|()| true)
    }

    /// An order that ended, or got a time of its own meanwhile, does not join.
    fn join(&mut self, order: OrderId, group: PollGroupId, busy_until: Timestamp) {
        let joins = |order: &Order| {
            order.state.is_tracked() && order.due_at.is_none_or(|due_at| due_at == busy_until)
        };
        if let Some(row) = self.row_mut(order).filter(|row| joins(&row.order)) {
            row.group = Some(group);
            row.order.due_at = None;
        }
    }

    /// The order is due by itself from now on.
    pub(super) fn leave_poll_group(&mut self, id: OrderId, due_at: Timestamp, commit: Commit) {
        if commit != Commit::Fails
            && let Some(row) = self.row_mut(id).filter(|row| row.group.is_some())
        {
            row.group = None;
            row.order.due_at = Some(due_at);
        }
    }
}
