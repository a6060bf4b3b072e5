//! Counterpart of `application::orders::ReconcileOrder`: ask the provider for its list, see which rows are known, decide.

use domain::orders::{
    Actor, Attempt, AttemptOutcome, Change, Evidence, Order, OrderPolicy, absence_proves, await_decision,
    looked_up, resolve, write_off,
};
use domain::providers::{ListMatch, ListedOrder, LookupCapability, find_in_list};
use domain::{OrderId, ProviderOrderId, Timestamp};
use ports::StoreError;

use super::dice::Dice;
use super::worker::{FAILURE_PAUSE, Flow, Task};
use super::world::World;

/// Where a look-up stands.
#[derive(Debug, Clone)]
pub(super) enum LookUp {
    /// The provider offers none.
    Waiting(OrderId),
    /// About to ask.
    Asking {
        order: Box<Order>,
        sent_after: Timestamp,
    },
    /// The list is here.
    Listed {
        order: Box<Order>,
        sent_after: Timestamp,
        asked_at: Timestamp,
        listed: Vec<ListedOrder>,
    },
    /// What it says is not recorded.
    Recording {
        id: OrderId,
        found: ListMatch,
        asked_at: Timestamp,
    },
}

impl World {
    pub(super) fn begin_look_up(&mut self, id: OrderId) -> Flow {
        let row = self.store.row(id);
        let undecided = row.and_then(|row| {
            let latest = row
                .latest()
                .filter(|latest| latest.outcome == AttemptOutcome::Unknown)?;
            Some((row.order.clone(), latest.started_at))
        });
        let Some((order, sent_after)) = undecided else {
            return Flow::Done;
        };
        if self.panel.capability == LookupCapability::None {
            return goes(LookUp::Waiting(id));
        }
        let order = Box::new(order);
        goes(LookUp::Asking { order, sent_after })
    }

    pub(super) fn look_up_step(&mut self, step: LookUp, dice: &mut Dice) -> Flow {
        match step {
            LookUp::Waiting(id) => {
                let policy = self.policy;
                let decide = |order: &Order, attempt: &Attempt, now| {
                    write_off(order, attempt, &policy, now).or_else(|| await_decision(order, &policy, now))
                };
                ended(&self.apply(id, dice, decide))
            }
            LookUp::Asking { order, sent_after } => {
                let (id, asked_at) = (order.id, self.now());
                let listed = self.panel.list(&order, dice);
                let rows = listed.as_ref().map(Vec::len);
                self.say("a list is asked for", || {
                    format!("the list for order {id}: {rows:?} rows")
                });
                goes(match listed {
                    Some(listed) => LookUp::Listed {
                        order,
                        sent_after,
                        asked_at,
                        listed,
                    },
                    None => {
                        let found = ListMatch::Inconclusive("timeout".to_owned());
                        LookUp::Recording { id, found, asked_at }
                    }
                })
            }
            LookUp::Listed {
                order,
                sent_after,
                asked_at,
                listed,
            } => {
                let ids: Vec<ProviderOrderId> = listed.iter().map(|row| row.id.clone()).collect();
                let known = self.store.known(&ids);
                let found = find_in_list(&order, self.panel.capability, &listed, &known, sent_after);
                let id = order.id;
                self.say(named(&found), || {
                    format!("the list says about order {id}: {found:?}")
                });
                goes(LookUp::Recording { id, found, asked_at })
            }
            LookUp::Recording { id, found, asked_at } => self.record_look_up(id, &found, asked_at, dice),
        }
    }

    fn record_look_up(
        &mut self,
        id: OrderId,
        found: &ListMatch,
        asked_at: Timestamp,
        dice: &mut Dice,
    ) -> Flow {
        let (policy, as_of_asking) = (self.policy, self.rules.absence_as_of_asking);
        let decide = |order: &Order, attempt: &Attempt, now: Timestamp| {
            let seen_at = if as_of_asking { asked_at } else { now };
            decide(order, attempt, found, &policy, seen_at, now)
        };
        let result = match self.apply(id, dice, decide) {
            Err(StoreError::Conflict { .. }) => {
                let why = "the order that was found belongs to another one";
                self.apply(id, dice, |order, _, now| {
                    Some(looked_up(order, why, &policy, now))
                })
            }
            result => result,
        };
        let after = self.about(id);
        self.say("a look-up is recorded", || {
            format!("the look-up is recorded; {after}")
        });
        ended(&result)
    }

    fn apply(
        &mut self,
        id: OrderId,
        dice: &mut Dice,
        decide: impl Fn(&Order, &Attempt, Timestamp) -> Option<Change>,
    ) -> Result<(), StoreError> {
        let (now, commit) = (self.now(), Self::draw_commit(dice));
        let undecided = |order: &Order, attempt: Option<&Attempt>| {
            let attempt = attempt.filter(|attempt| attempt.outcome == AttemptOutcome::Unknown);
            attempt.and_then(|attempt| decide(order, attempt, now))
        };
        self.store
            .amend(id, dice.one_in(8), commit, undecided)
            .map(|_| ())
    }
}

fn decide(
    order: &Order,
    attempt: &Attempt,
    found: &ListMatch,
    policy: &OrderPolicy,
    seen_at: Timestamp,
    now: Timestamp,
) -> Option<Change> {
    let wait = |why: &str| {
        write_off(order, attempt, policy, now).or_else(|| Some(looked_up(order, why, policy, now)))
    };
    let evidence = match found {
        ListMatch::Found(id) => Evidence::Placed {
            provider_order_id: id.clone(),
            actor: Actor::Provider,
        },
        ListMatch::Absent if absence_proves(order, policy, seen_at) => Evidence::Absent {
            proof: "lookup:absent".to_owned(),
            actor: Actor::Provider,
        },
        ListMatch::Absent => return wait("not there yet"),
        ListMatch::Inconclusive(why) => return wait(why),
    };
    resolve(order, attempt, &evidence, policy, now)
}

const fn named(found: &ListMatch) -> &'static str {
    match found {
        ListMatch::Found(_) => "look-up: found",
        ListMatch::Absent => "look-up: absent",
        ListMatch::Inconclusive(_) => "look-up: inconclusive",
    }
}

const fn ended(result: &Result<(), StoreError>) -> Flow {
    match result {
        Ok(()) => Flow::Done,
        Err(_) => Flow::Again(FAILURE_PAUSE),
    }
}

const fn goes(step: LookUp) -> Flow {
    Flow::Goes(Task::LookUp(step))
}
