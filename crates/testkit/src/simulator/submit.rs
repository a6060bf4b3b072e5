//! Counterpart of `application::orders::SubmitOrder`: claim, check that the claim is fresh, send, read the answer,
//! record it on the attempt that was claimed. A claim of unknown fate is taken back, and nothing is sent.

use std::time::Duration;

use domain::orders::{Actor, Attempt, Change, Evidence, Order, OrderState, claim, resolve, take_back};
use domain::providers::{AddAnswer, AddOutcome, classify_add};
use domain::{OrderId, Timestamp};
use ports::StoreError;

use super::dice::Dice;
use super::panel::Mood;
use super::worker::{FAILURE_PAUSE, Flow, Task};
use super::world::{Letter, World};

/// A process that stands still for longer than this between the check of its claim and its write to the socket is
/// killed: the one pause that the protocol cannot survive is one that outlasts lease and quarantine there.
const STILL_BEFORE_WRITE_MAX: Duration = Duration::from_secs(400);
/// TCP_USER_TIMEOUT: for so long the kernel delivers what was written, also after the process has died.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);
/// Recording an answer is tried this often. As in the product.
const RECORD_ATTEMPTS_MAX: u32 = 8;

/// How long an order waits while nothing is sent. As in the product.
const CLOSED_PAUSE: Duration = Duration::from_secs(20);

/// An order that a worker claimed, and on which database.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    order: Box<Order>,
    stamp: u64,
    /// The claim, if it is recorded only after the answer; no product does that, only
    /// [`super::Mutant::NoDurableIntent`].
    unrecorded: Option<Box<Change>>,
}

/// Where a submission stands.
#[derive(Debug, Clone)]
pub(super) enum Submit {
    /// The time of the claim is taken.
    Stamped {
        id: OrderId,
        stamp: u64,
        claimed_at: Duration,
        now: Timestamp,
    },
    /// The database does not say whether the claim was recorded.
    TakingBack {
        id: OrderId,
        claimant: String,
        stamp: u64,
        tries: u32,
    },
    /// The intent is durable.
    Durable { claimed: Claimed, claimed_at: Duration },
    /// The claim was found fresh; nothing is written yet.
    Cleared { claimed: Claimed, cleared_at: Duration },
    /// The request was written.
    Waiting {
        claimed: Claimed,
        ticket: u64,
        gives_up_at: Duration,
    },
    /// The answer is known and not recorded.
    Recording {
        claimed: Claimed,
        evidence: Evidence,
        tries: u32,
    },
}

impl World {
    pub(super) fn begin_submit(&mut self, worker: usize, id: OrderId, dice: &mut Dice) -> Flow {
        let row = self.store.row(id);
        if row.is_none_or(|row| row.order.state != OrderState::Held) {
            return Flow::Done;
        }
        if self.knows(worker, dice).is_err() {
            return Flow::Again(FAILURE_PAUSE);
        }
        if !self.is_open(worker) {
            return Flow::Again(CLOSED_PAUSE);
        }
        goes(Submit::Stamped {
            id,
            stamp: self.stamp(worker),
            claimed_at: self.time,
            now: self.now(),
        })
    }

    pub(super) fn submit_step(&mut self, worker: usize, step: Submit, dice: &mut Dice) -> Flow {
        match step {
            Submit::Stamped {
                id,
                stamp,
                claimed_at,
                now,
            } => {
                self.connect(worker);
                self.claims += 1;
                let claimant = format!("worker {worker}-{}", self.claims);
                self.claim(claimant, id, stamp, (claimed_at, now), dice)
            }
            Submit::TakingBack {
                id,
                claimant,
                stamp,
                tries,
            } => {
                self.connect(worker);
                let counts = self.stamp(worker) == stamp;
                self.take_back(id, claimant, (stamp, counts), tries, dice)
            }
            Submit::Durable { claimed, claimed_at } => {
                // Other work of the process may have needed a connection meanwhile.
                if dice.one_in(2) {
                    self.connect(worker);
                }
                if let Some(evidence) = self.reason_not_to_send(worker, claimed.stamp, claimed_at) {
                    return goes(Submit::Recording {
                        claimed,
                        evidence,
                        tries: 1,
                    });
                }
                self.note_sending(worker);
                let cleared_at = self.time;
                goes(Submit::Cleared { claimed, cleared_at })
            }
            Submit::Cleared { claimed, cleared_at } => self.send(worker, claimed, cleared_at, dice),
            Submit::Waiting {
                claimed,
                ticket,
                gives_up_at,
            } => self.wait(claimed, ticket, gives_up_at),
            Submit::Recording {
                claimed,
                evidence,
                tries,
            } => {
                self.connect(worker);
                let counts =
                    self.stamp(worker) == claimed.stamp || !matches!(evidence, Evidence::NotSent { .. });
                self.record(claimed, evidence, counts, tries, dice)
            }
        }
    }

    fn reason_not_to_send(&self, worker: usize, stamp: u64, claimed_at: Duration) -> Option<Evidence> {
        let not_sent = |proof: &str| Evidence::NotSent {
            proof: proof.to_owned(),
        };
        if self.stamp(worker) != stamp {
            let why = "it was claimed on a database that nobody had looked at".to_owned();
            Some(Evidence::Unknown { why })
        } else if !self.is_open(worker) {
            Some(not_sent("local:paused"))
        } else if self.time.saturating_sub(claimed_at) >= self.policy.send_within {
            Some(not_sent("local:stale"))
        } else {
            None
        }
    }

    fn claim(
        &mut self,
        claimant: String,
        id: OrderId,
        stamp: u64,
        (claimed_at, now): (Duration, Timestamp),
        dice: &mut Dice,
    ) -> Flow {
        let policy = self.policy;
        if !self.rules.durable_intent {
            let row = self.store.row(id);
            let Some(change) = row.and_then(|row| claim(&row.order, &claimant, &policy, now)) else {
                return Flow::Done;
            };
            let claimed = Claimed {
                order: Box::new(change.order.clone()),
                stamp,
                unrecorded: Some(Box::new(change)),
            };
            return goes(Submit::Durable { claimed, claimed_at });
        }
        let commit = Self::draw_commit(dice);
        let stale = dice.one_in(8);
        let amended = self.store.amend(id, stale, commit, |order, _| {
            claim(order, &claimant, &policy, now)
        });
        self.say("an order is claimed", || {
            format!("{claimant} claims order {id}: commit {commit:?}")
        });
        match amended {
            Ok(Some(order)) => {
                let claimed = Claimed {
                    order: Box::new(order),
                    stamp,
                    unrecorded: None,
                };
                goes(Submit::Durable { claimed, claimed_at })
            }
            Ok(None) => Flow::Done,
            Err(StoreError::Unavailable(_)) => goes(Submit::TakingBack {
                id,
                claimant,
                stamp,
                tries: 1,
            }),
            Err(_) => Flow::Again(FAILURE_PAUSE),
        }
    }

    fn take_back(
        &mut self,
        id: OrderId,
        claimant: String,
        (stamp, counts): (u64, bool),
        tries: u32,
        dice: &mut Dice,
    ) -> Flow {
        let (policy, now, commit) = (self.policy, self.now(), Self::draw_commit(dice));
        let (stale, own_claim) = (dice.one_in(8), self.rules.own_claim);
        let decide = |order: &Order, attempt: Option<&Attempt>| {
            let attempt = attempt.filter(|_| counts)?;
            // Only a mutant takes back what somebody else claimed.
            let worker = if own_claim { &claimant } else { &attempt.worker };
            take_back(order, attempt, worker, &policy, now)
        };
        let amended = self.store.amend(id, stale, commit, decide);
        let after = self.about(id);
        self.say("a claim is taken back", || {
            format!("{claimant} takes its claim back: commit {commit:?}; {after}")
        });
        match amended {
            Ok(Some(_)) => Flow::Done,
            Err(StoreError::Unavailable(_)) if tries < RECORD_ATTEMPTS_MAX => goes(Submit::TakingBack {
                id,
                claimant,
                stamp,
                tries: tries + 1,
            }),
            Ok(None) | Err(_) => Flow::Again(FAILURE_PAUSE),
        }
    }

    fn send(&mut self, worker: usize, claimed: Claimed, cleared_at: Duration, dice: &mut Dice) -> Flow {
        if self.time.saturating_sub(cleared_at) > STILL_BEFORE_WRITE_MAX {
            return Flow::Dies;
        }
        let id = claimed.order.id;
        if dice.one_in(8) {
            self.say("no connection", || {
                format!("worker {worker} gets no connection for order {id}")
            });
            let why = "refused".to_owned();
            return self.conclude(claimed, &AddAnswer::NotSent { why });
        }
        let (delay, gives_up_after) = self.draw_journey(dice);
        let mood = Mood::draw(dice);
        self.tickets += 1;
        let ticket = self.tickets;
        let lost = dice.one_in(10);
        if !lost {
            self.letters.push(Letter {
                arrives_at: self.time + delay,
                order: claimed.order.clone(),
                mood,
                reply_to: (!dice.one_in(8)).then_some(ticket),
                salt: dice.roll(),
            });
        }
        self.say("a request is sent", || {
            let fate = if lost {
                "it is lost".to_owned()
            } else {
                format!("it arrives after {delay:?}")
            };
            format!("worker {worker} sends order {id}: {fate}; it waits {gives_up_after:?}")
        });
        goes(Submit::Waiting {
            claimed,
            ticket,
            gives_up_at: self.time + gives_up_after,
        })
    }

    /// How long the request travels, and when the sender gives up waiting: at its time limit, or at once when the
    /// connection is reset. The kernel may deliver what was written although the sender has given up.
    fn draw_journey(&self, dice: &mut Dice) -> (Duration, Duration) {
        let limit = self.policy.send_timeout;
        let longest = u64::try_from((limit + UNACKNOWLEDGED_MAX).as_millis()).unwrap_or_default();
        let delay = if dice.one_in(4) {
            dice.millis(0, longest)
        } else {
            dice.millis(20, 2_500)
        };
        let gives_up_after = if dice.one_in(6) {
            dice.millis(1, 1_000)
        } else {
            limit
        };
        (delay, gives_up_after)
    }

    fn wait(&mut self, claimed: Claimed, ticket: u64, gives_up_at: Duration) -> Flow {
        let came = self.replies.get(&ticket).filter(|(at, _)| *at <= gives_up_at);
        if let Some((_, answer)) = came.cloned() {
            self.replies.remove(&ticket);
            return self.conclude(claimed, &answer);
        }
        if self.time >= gives_up_at {
            let why = "timeout".to_owned();
            return self.conclude(claimed, &AddAnswer::Broken { why });
        }
        goes(Submit::Waiting {
            claimed,
            ticket,
            gives_up_at,
        })
    }

    fn conclude(&mut self, claimed: Claimed, answer: &AddAnswer) -> Flow {
        let evidence = match classify_add(answer) {
            AddOutcome::Placed(provider_order_id) => Evidence::Placed {
                provider_order_id,
                actor: Actor::Provider,
            },
            AddOutcome::Refused { text, .. } => Evidence::Refused { text },
            AddOutcome::NotSent { proof } => Evidence::NotSent { proof },
            AddOutcome::Unknown { why } => Evidence::Unknown { why },
        };
        goes(Submit::Recording {
            claimed,
            evidence,
            tries: 1,
        })
    }

    fn record(
        &mut self,
        mut claimed: Claimed,
        evidence: Evidence,
        counts: bool,
        tries: u32,
        dice: &mut Dice,
    ) -> Flow {
        if let Some(change) = claimed.unrecorded.take()
            && self.store.record(&change, Self::draw_commit(dice)).is_err()
        {
            return Flow::Again(FAILURE_PAUSE);
        }
        let (policy, now, commit) = (self.policy, self.now(), Self::draw_commit(dice));
        let stale = dice.one_in(8);
        let (id, no) = (claimed.order.id, claimed.order.attempts);
        // The evidence is about the attempt that was claimed, and about no other; after a restore, another order may
        // have the id.
        let decide = |order: &Order, attempt: Option<&Attempt>| {
            let is_ours = counts && order.is_same_as(&claimed.order);
            let attempt = attempt.filter(|attempt| is_ours && attempt.no == no);
            attempt.and_then(|attempt| resolve(order, attempt, &evidence, &policy, now))
        };
        let amended = self.store.amend(id, stale, commit, decide);
        let after = self.about(id);
        self.say(named(&evidence), || {
            format!("{evidence:?} of attempt {no} is recorded: commit {commit:?}; {after}")
        });
        match amended {
            Err(StoreError::Unavailable(_)) if tries < RECORD_ATTEMPTS_MAX => goes(Submit::Recording {
                claimed,
                evidence,
                tries: tries + 1,
            }),
            Err(StoreError::Conflict { .. }) if matches!(evidence, Evidence::Placed { .. }) => {
                let why = "the provider answered an order id that belongs to another order".to_owned();
                goes(Submit::Recording {
                    claimed,
                    evidence: Evidence::Unknown { why },
                    tries: 1,
                })
            }
            Ok(_) => Flow::Done,
            Err(_) => Flow::Again(FAILURE_PAUSE),
        }
    }
}

const fn named(evidence: &Evidence) -> &'static str {
    match evidence {
        Evidence::Placed { .. } => "answer: placed",
        Evidence::NotSent { .. } => "answer: not sent",
        Evidence::Refused { .. } => "answer: refused",
        Evidence::Absent { .. } | Evidence::Unknown { .. } => "answer: unknown",
    }
}

const fn goes(step: Submit) -> Flow {
    Flow::Goes(Task::Submit(step))
}
