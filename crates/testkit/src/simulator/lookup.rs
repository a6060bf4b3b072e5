//! Counterpart of `application::orders::ReconcileOrder`: ask the provider for its list, see which rows are known, decide.

use std::time::Duration;

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

/// How long a look-up waits while orders in doubt are marked. As in the product.
const IN_DOUBT_PAUSE: Duration = Duration::from_secs(2);

/// Where a look-up stands.
#[derive(Debug, Clone)]
pub(super) enum LookUp {
    /// The provider offers none.
    Waiting { order: Box<Order>, attempt: u32 },
    /// About to ask.
    Asking {
        order: Box<Order>,
        attempt: u32,
        sent_after: Timestamp,
    },
    /// The list is here.
    Listed {
        order: Box<Order>,
        attempt: u32,
        sent_after: Timestamp,
        asked_at: Timestamp,
        listed: Vec<ListedOrder>,
    },
    /// What it says is not recorded.
    Recording {
        order: Box<Order>,
        attempt: u32,
        found: ListMatch,
        asked_at: Timestamp,
    },
}

impl World {
    pub(super) fn begin_look_up(&mut self, worker: usize, id: OrderId, dice: &mut Dice) -> Flow {
        if self.store.row(id).is_none() {
            return Flow::Done;
        }
        match self.knows(worker, dice) {
            Ok(true) => {}
            Ok(false) => return Flow::Again(IN_DOUBT_PAUSE),
            Err(_) => return Flow::Again(FAILURE_PAUSE),
        }
        let row = self.store.row(id);
        let undecided = row.and_then(|row| {
            let latest = row
                .latest()
                .filter(|latest| latest.outcome == AttemptOutcome::Unknown)?;
            Some((row.order.clone(), latest.no, latest.started_at))
        });
        let Some((order, attempt, sent_after)) = undecided else {
            return Flow::Done;
        };
        let order = Box::new(order);
        if self.panel.capability == LookupCapability::None {
            return goes(LookUp::Waiting { order, attempt });
        }
        goes(LookUp::Asking {
            order,
            attempt,
            sent_after,
        })
    }

    fn find(&self, order: &Order, listed: &[ListedOrder], sent_after: Timestamp) -> ListMatch {
        let ids: Vec<ProviderOrderId> = listed.iter().map(|row| row.id.clone()).collect();
        let known = self.store.known(&ids);
        let (pieces, capability) = (Some(order.quantity), self.panel.capability);
        find_in_list(order, pieces, capability, listed, &known, sent_after)
    }

    pub(super) fn look_up_step(&mut self, worker: usize, step: LookUp, dice: &mut Dice) -> Flow {
        self.connect(worker);
        match step {
            LookUp::Waiting {
                order: asked,
                attempt,
            } => {
                let policy = self.policy;
                let decide = |order: &Order, attempt: &Attempt, now| {
                    write_off(order, attempt, &policy, now).or_else(|| await_decision(order, &policy, now))
                };
                ended(&self.apply(worker, (&asked, attempt), dice, decide))
            }
            LookUp::Asking {
                order,
                attempt,
                sent_after,
            } => {
                let (id, asked_at) = (order.id, self.now());
                let listed = self.panel.list(&order, dice);
                let rows = listed.as_ref().map(Vec::len);
                self.say("a list is asked for", || {
                    format!("the list for order {id}: {rows:?} rows")
                });
                goes(match listed {
                    Some(listed) => LookUp::Listed {
                        order,
                        attempt,
                        sent_after,
                        asked_at,
                        listed,
                    },
                    None => {
                        let found = ListMatch::Inconclusive("timeout".to_owned());
                        LookUp::Recording {
                            order,
                            attempt,
                            found,
                            asked_at,
                        }
                    }
                })
            }
            LookUp::Listed {
                order,
                attempt,
                sent_after,
                asked_at,
                listed,
            } => {
                let found = self.find(&order, &listed, sent_after);
                let id = order.id;
                self.say(named(&found), || {
                    format!("the list says about order {id}: {found:?}")
                });
                goes(LookUp::Recording {
                    order,
                    attempt,
                    found,
                    asked_at,
                })
            }
            LookUp::Recording {
                order,
                attempt,
                found,
                asked_at,
            } => self.record_look_up(worker, (&order, attempt), &found, asked_at, dice),
        }
    }

    fn record_look_up(
        &mut self,
        worker: usize,
        of: (&Order, u32),
        found: &ListMatch,
        asked_at: Timestamp,
        dice: &mut Dice,
    ) -> Flow {
        let (policy, as_of_asking) = (self.policy, self.rules.absence_as_of_asking);
        let decide = |order: &Order, attempt: &Attempt, now: Timestamp| {
            let seen_at = if as_of_asking { asked_at } else { now };
            decide(order, attempt, found, &policy, seen_at, now)
        };
        let result = match self.apply(worker, of, dice, decide) {
            Err(StoreError::Conflict { .. }) => {
                let why = "the order that was found belongs to another one";
                self.apply(worker, of, dice, |order, _, now| {
                    Some(looked_up(order, why, &policy, now))
                })
            }
            result => result,
        };
        let after = self.about(of.0.id);
        self.say("a look-up is recorded", || {
            format!("the look-up is recorded; {after}")
        });
        ended(&result)
    }

    fn apply(
        &mut self,
        worker: usize,
        (asked, no): (&Order, u32),
        dice: &mut Dice,
        decide: impl Fn(&Order, &Attempt, Timestamp) -> Option<Change>,
    ) -> Result<(), StoreError> {
        let (now, commit) = (self.now(), Self::draw_commit(dice));
        let known = self.is_known(worker);
        let undecided = |order: &Order, attempt: Option<&Attempt>| {
            // Before orders in doubt are marked, the quarantine of this one may not be the last; after a restore, another
            // order may have the id.
            let is_asked = known && order.is_same_as(asked);
            let attempt =
                attempt.filter(|it| is_asked && it.no == no && it.outcome == AttemptOutcome::Unknown);
            attempt.and_then(|attempt| decide(order, attempt, now))
        };
        self.store
            .amend(asked.id, dice.one_in(8), commit, undecided)
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
