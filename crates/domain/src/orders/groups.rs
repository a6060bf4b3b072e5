//! Which orders are asked about together from now on.
//!
//! Orders about which there was nothing new are kept in groups, so that putting them off writes one row for all of them.
//! A group belongs to one provider and one polling interval. An order leaves its group when there is something new about it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{OrderId, PollGroupId};

/// Orders of a group at most: a fifth of a request, so that groups of several ages fill one well.
pub const POLL_GROUP_MAX: usize = 20;

/// An order that was asked about, with nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The order.
    pub order: OrderId,
    /// The group that it is in.
    pub group: Option<PollGroupId>,
    /// How often its age wants it to be asked about.
    pub every: Duration,
}

/// A group as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPlan {
    /// Which group; `None` is a new one.
    pub group: Option<PollGroupId>,
    /// How often its orders are asked about.
    pub every: Duration,
    /// How many orders will be in it.
    pub members: usize,
    /// Orders that join it, from another group or from none.
    pub joins: Vec<OrderId>,
}

/// What becomes of groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Regrouping {
    /// Groups that go on, and new ones.
    pub groups: Vec<GroupPlan>,
    /// Groups that nobody is in any more.
    pub emptied: Vec<PollGroupId>,
}

/// Puts orders that were asked about together into groups of one interval each. Orders stay where they are if they can; a
/// group that is less than half full is given up if the others have room for its orders. `groups` are the groups that were
/// asked about, also those that have no orders left.
#[must_use]
pub fn regroup(groups: &[PollGroupId], asked: &[Asked]) -> Regrouping {
    let mut by_interval: BTreeMap<Duration, Cohort> = BTreeMap::new();
    let mut result = Regrouping::default();
    for id in groups {
        match home(*id, asked) {
            Some(every) => {
                let cohort = by_interval.entry(every).or_default();
                let stays = |it: &&Asked| it.group == Some(*id) && it.every == every;
                let orders = asked.iter().filter(stays).map(|it| it.order).collect();
                cohort.groups.push((*id, orders));
            }
            None => result.emptied.push(*id),
        }
    }
    for it in asked {
        let cohort = by_interval.entry(it.every).or_default();
        if !cohort.groups.iter().any(|(id, _)| it.group == Some(*id)) {
            cohort.strays.push(it.order);
        }
    }
    for (every, cohort) in by_interval {
        cohort.settle(every, &mut result);
    }
    result
}

/// The interval of most of a group's orders; the shorter one of two.
fn home(group: PollGroupId, asked: &[Asked]) -> Option<Duration> {
    let mut votes: BTreeMap<Duration, usize> = BTreeMap::new();
    for it in asked.iter().filter(|it| it.group == Some(group)) {
        *votes.entry(it.every).or_default() += 1;
    }
    votes
        .into_iter()
        .rev()
        .max_by_key(|(_, votes)| *votes)
        .map(|(every, _)| every)
}

/// What was asked about of one interval.
#[derive(Default)]
struct Cohort {
    groups: Vec<(PollGroupId, Vec<OrderId>)>,
    strays: Vec<OrderId>,
}

impl Cohort {
    fn settle(mut self, every: Duration, result: &mut Regrouping) {
        self.groups
            .sort_by_key(|(id, orders)| (std::cmp::Reverse(orders.len()), *id));
        self.merge(&mut result.emptied);
        let mut strays = self.strays.into_iter();
        for (id, orders) in self.groups {
            let room = POLL_GROUP_MAX.saturating_sub(orders.len());
            let joins: Vec<OrderId> = strays.by_ref().take(room).collect();
            result.groups.push(GroupPlan {
                group: Some(id),
                every,
                members: orders.len() + joins.len(),
                joins,
            });
        }
        let rest: Vec<OrderId> = strays.collect();
        for joins in rest.chunks(POLL_GROUP_MAX) {
            result.groups.push(GroupPlan {
                group: None,
                every,
                members: joins.len(),
                joins: joins.to_vec(),
            });
        }
    }

    /// Gives up the smallest groups, as long as they are less than half full and the others have room.
    fn merge(&mut self, emptied: &mut Vec<PollGroupId>) {
        while let Some(((id, smallest), others)) = self.groups.split_last() {
            let room: usize = others
                .iter()
                .map(|(_, orders)| POLL_GROUP_MAX.saturating_sub(orders.len()))
                .sum();
            if smallest.len() * 2 >= POLL_GROUP_MAX || room < smallest.len() + self.strays.len() {
                return;
            }
            emptied.push(*id);
            self.strays.extend(smallest);
            self.groups.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const HOUR: Duration = Duration::from_hours(1);

    fn asked(orders: std::ops::Range<i64>, group: Option<i64>, every: Duration) -> Vec<Asked> {
        let group = group.map(PollGroupId);
        orders
            .map(|order| Asked {
                order: OrderId(order),
                group,
                every,
            })
            .collect()
    }

    fn sizes(regrouping: &Regrouping) -> Vec<(Option<i64>, usize, usize)> {
        let size = |plan: &GroupPlan| (plan.group.map(|id| id.0), plan.members, plan.joins.len());
        regrouping.groups.iter().map(size).collect()
    }

    #[test]
    fn a_full_group_without_news_stays_as_it_is() {
        let regrouping = regroup(&[PollGroupId(1)], &asked(0..20, Some(1), MINUTE));
        assert_eq!(sizes(&regrouping), [(Some(1), 20, 0)]);
        assert!(regrouping.emptied.is_empty());
    }

    #[test]
    fn groups_less_than_half_full_are_merged_and_strays_fill_what_is_left() {
        let mut all = asked(0..9, Some(1), MINUTE);
        all.extend(asked(9..15, Some(2), MINUTE));
        all.extend(asked(15..18, None, MINUTE));
        let regrouping = regroup(&[PollGroupId(1), PollGroupId(2)], &all);
        assert_eq!(sizes(&regrouping), [(Some(1), 18, 9)]);
        assert_eq!(regrouping.emptied, [PollGroupId(2)]);
    }

    #[test]
    fn groups_half_full_stay_apart_and_an_empty_one_goes() {
        let mut all = asked(0..10, Some(1), MINUTE);
        all.extend(asked(10..20, Some(2), MINUTE));
        let regrouping = regroup(&[PollGroupId(1), PollGroupId(2), PollGroupId(3)], &all);
        assert_eq!(sizes(&regrouping), [(Some(1), 10, 0), (Some(2), 10, 0)]);
        assert_eq!(regrouping.emptied, [PollGroupId(3)]);
    }

    #[test]
    fn orders_that_grew_older_than_their_group_move_together() {
        let mut all = asked(0..14, Some(1), MINUTE);
        all.extend(asked(14..20, Some(1), HOUR));
        let regrouping = regroup(&[PollGroupId(1)], &all);
        assert_eq!(sizes(&regrouping), [(Some(1), 14, 0), (None, 6, 6)]);
        let every: Vec<Duration> = regrouping.groups.iter().map(|plan| plan.every).collect();
        assert_eq!(every, [MINUTE, HOUR]);
    }

    #[test]
    fn a_group_follows_most_of_its_orders_also_to_the_longer_interval() {
        let mut all = asked(0..14, Some(1), HOUR);
        all.extend(asked(14..20, Some(1), MINUTE));
        let regrouping = regroup(&[PollGroupId(1)], &all);
        assert_eq!(sizes(&regrouping), [(None, 6, 6), (Some(1), 14, 0)]);
    }

    #[test]
    fn a_group_is_merged_if_the_others_have_just_enough_room() {
        for (strays, expected) in [
            (0, vec![(Some(1), 20, 8)]),
            (1, vec![(Some(1), 13, 1), (Some(2), 8, 0)]),
        ] {
            let mut all = asked(0..12, Some(1), MINUTE);
            all.extend(asked(12..20, Some(2), MINUTE));
            all.extend(asked(20..20 + strays, None, MINUTE));
            let regrouping = regroup(&[PollGroupId(1), PollGroupId(2)], &all);
            assert_eq!(sizes(&regrouping), expected, "{strays}");
        }
    }

    proptest! {
        #[test]
        fn every_order_is_in_one_group_of_its_interval_and_no_group_is_too_large(
            orders in proptest::collection::vec((0_i64..7, 0_u64..3), 0..120),
        ) {
            let mut filled: BTreeMap<i64, usize> = BTreeMap::new();
            let mut all = Vec::new();
            for (n, (group, every)) in (0_i64..).zip(orders) {
                let size = filled.entry(group).or_default();
                *size += 1;
                let group = (group > 0 && *size <= POLL_GROUP_MAX).then_some(PollGroupId(group));
                all.push(Asked { order: OrderId(n), group, every: MINUTE * (1 + u32::try_from(every).unwrap()) });
            }
            let groups: Vec<PollGroupId> = (1..=7).map(PollGroupId).collect();
            let regrouping = regroup(&groups, &all);
            let mut placed = BTreeSet::new();
            for plan in &regrouping.groups {
                let stays = all.iter().filter(|it| it.group.is_some() && it.group == plan.group && it.every == plan.every);
                let stays: Vec<OrderId> = stays.map(|it| it.order).collect();
                prop_assert_eq!(stays.len() + plan.joins.len(), plan.members);
                prop_assert!(plan.members <= POLL_GROUP_MAX && plan.members > 0);
                for order in stays.iter().chain(&plan.joins) {
                    let it = all.iter().find(|it| it.order == *order).unwrap();
                    prop_assert_eq!(it.every, plan.every);
                    prop_assert!(placed.insert(*order));
                }
            }
            prop_assert_eq!(placed.len(), all.len());
            let going_on = regrouping.groups.iter().filter_map(|plan| plan.group);
            let mut known: Vec<PollGroupId> = going_on.chain(regrouping.emptied.iter().copied()).collect();
            known.sort();
            prop_assert_eq!(known, groups);
        }
    }
}
