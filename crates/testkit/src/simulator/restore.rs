//! The database is restored to an earlier moment, or a replica that lags behind is promoted: what was committed since is
//! gone, and everything outside goes on, also workers with claims and answers in their hands. Counterpart of
//! `application::submission`: the guard of each process notices, doubts, marks, and stays paused until staff release it.

use domain::OrderId;
use domain::orders::{Attempt, Order, OrderState, doubt};
use domain::submission::{Comparison, Identity, Memory, Pause, PauseCause, Submission, compare};
use ports::StoreError;

use super::dice::Dice;
use super::plan::PROCESSES;
use super::store::{Commit, Store, unavailable};
use super::world::World;

/// Copies that are kept of the database at most.
const COPIES_MAX: usize = 4;

/// What a process saw when its guard looked.
#[derive(Debug, Clone, Copy)]
struct Seen {
    generation: u64,
    in_doubt: bool,
    paused: bool,
}

/// What a process knows about its database without asking: the gate of `application::submission`, and what its guard
/// remembers itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    /// Which server its connections lead to.
    connected: u64,
    doubts: u64,
    seen: Option<Seen>,
    own: Option<Memory>,
    has_sent: bool,
}

impl Gate {
    /// Of a process that has just been started.
    pub(super) fn closed() -> Self {
        Self {
            has_sent: true,
            ..Self::default()
        }
    }

    fn current(&self) -> Option<Seen> {
        self.seen.filter(|seen| seen.generation == self.connected)
    }

    fn see(&mut self, submission: &Submission) {
        let in_doubt = submission.doubted_up_to.is_some();
        if in_doubt && !self.seen.is_some_and(|seen| seen.in_doubt) {
            self.doubts += 1;
        }
        self.seen = Some(Seen {
            generation: self.connected,
            in_doubt,
            paused: submission.pause.is_some(),
        });
    }
}

/// The server that the database runs on, what is remembered about it elsewhere, and copies of the database.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// Counts the servers so far.
    generation: u64,
    identity: Identity,
    /// In Redis.
    memory: Option<Memory>,
    copies: Vec<Store>,
}

impl Server {
    /// The first one, and what its database says when it was adopted.
    pub(super) fn first() -> (Self, Submission) {
        let identity = Identity {
            system: Some("cluster".to_owned()),
            place: Some("tables".to_owned()),
            timeline: Some("0".to_owned()),
        };
        let submission = Submission {
            incarnation: "installation".to_owned(),
            identity: identity.clone(),
            epoch: 1,
            seen_at: None,
            pause: None,
            doubted_up_to: None,
        };
        let server = Self {
            generation: 0,
            identity,
            memory: None,
            copies: Vec::new(),
        };
        (server, submission)
    }
}

impl World {
    /// The database as it is now is kept: a backup, or where a replica has got to.
    pub(super) fn back_up(&mut self) {
        if self.server.copies.len() == COPIES_MAX {
            self.server.copies.remove(0);
        }
        self.server.copies.push(self.store.clone());
        self.say("the database is copied", || "the database is copied".to_owned());
    }

    /// One of the copies takes the place of the database. It is another timeline, or the files were put back under the
    /// same server: then only its epoch tells, so it has to be behind. Redis may be lost with the old server.
    pub(super) fn restore(&mut self, dice: &mut Dice) {
        let Some(copy) = dice.pick(&self.server.copies).cloned() else {
            return;
        };
        let remembered = self.server.memory.as_ref().map(|memory| memory.epoch);
        let is_behind = remembered.is_some_and(|epoch| epoch > copy.submission.epoch);
        let put_back = is_behind && dice.one_in(2);
        // Nobody restores a database between two ticks of its clock: two orders of one id differ in when they were placed.
        self.advance(dice.millis(1, 30_000));
        self.server.generation += 1;
        if !put_back {
            self.server.identity.timeline = Some(self.server.generation.to_string());
            if dice.one_in(4) {
                self.server.memory = None;
            }
        }
        let (had, contended) = (self.store.orders.len(), self.store.contended);
        self.store = copy;
        self.store.contended = contended;
        self.store.changed = true;
        self.shop_forgets();
        let has = self.store.orders.len();
        let how = if put_back {
            "its files are put back"
        } else {
            "a replica is promoted"
        };
        self.say("the database is restored", || {
            format!("the database is as it was: {how}; it had {had} orders and has {has}")
        });
    }

    /// A process uses a connection: from now on all of its connections lead to the server that there is.
    pub(super) fn connect(&mut self, process: usize) {
        let generation = self.server.generation;
        if let Some(gate) = self.gates.get_mut(process) {
            gate.connected = generation;
        }
    }

    /// Another number after every doubt, and on another server.
    pub(super) fn stamp(&self, process: usize) -> u64 {
        let guards = self.rules.restore_guard;
        let gate = self.gates.get(process).filter(|_| guards);
        gate.map_or(0, |gate| gate.connected + gate.doubts)
    }

    /// Whether no order is in doubt without being marked, as far as the process knows.
    pub(super) fn is_known(&self, process: usize) -> bool {
        self.sees(process, |seen| !seen.in_doubt)
    }

    /// Whether orders may be sent, as far as the process knows.
    pub(super) fn is_open(&self, process: usize) -> bool {
        self.sees(process, |seen| !seen.in_doubt && !seen.paused)
    }

    fn sees(&self, process: usize, what: impl Fn(Seen) -> bool) -> bool {
        let gate = self.gates.get(process);
        !self.rules.restore_guard || gate.and_then(Gate::current).is_some_and(what)
    }

    /// An order is about to be sent.
    pub(super) fn note_sending(&mut self, process: usize) {
        if let Some(gate) = self.gates.get_mut(process) {
            gate.has_sent = true;
        }
    }

    /// Asks the database only if the process does not know it.
    pub(super) fn knows(&mut self, process: usize, dice: &mut Dice) -> Result<bool, StoreError> {
        if !self.is_known(process) {
            self.look(process, dice)?;
        }
        Ok(self.is_known(process))
    }

    /// What every process does every two seconds.
    pub(super) fn keep_guard(&mut self, process: usize, dice: &mut Dice) {
        if !self.rules.restore_guard {
            return;
        }
        let Ok(submission) = self.look(process, dice) else {
            return;
        };
        if let (Some(up_to), Some(pause)) = (submission.doubted_up_to, &submission.pause) {
            self.mark(up_to, pause, dice);
            if self.look(process, dice).is_err() {
                return;
            }
        }
        self.raise(process, dice);
    }

    fn look(&mut self, process: usize, dice: &mut Dice) -> Result<Submission, StoreError> {
        self.connect(process);
        let recalled = self.server.memory.clone();
        let own = self.gates.get(process).and_then(|gate| gate.own.clone());
        let memory = newest(recalled, own);
        let known = self.store.submission.clone();
        let submission = match compare(&known, &self.server.identity, memory.as_ref(), false) {
            Comparison::Same => known,
            other => self.settle_submission(other, memory.as_ref(), dice)?,
        };
        self.remember(process, &submission, dice);
        if let Some(gate) = self.gates.get_mut(process) {
            gate.see(&submission);
        }
        Ok(submission)
    }

    fn settle_submission(
        &mut self,
        comparison: Comparison,
        memory: Option<&Memory>,
        dice: &mut Dice,
    ) -> Result<Submission, StoreError> {
        let now = self.now();
        let adopted = self.store.submission.adopted(&self.server.identity, memory, now);
        let latest = self.store.orders.iter().map(|row| row.order.id).max();
        let after = match (comparison, latest) {
            (Comparison::Doubtful(why), Some(latest)) => {
                adopted.paused(PauseCause::Database, why, Some(latest), now)
            }
            _ => adopted,
        };
        self.say(compared(comparison), || format!("the guard finds {comparison:?}"));
        self.save(after, dice)
    }

    fn save(&mut self, after: Submission, dice: &mut Dice) -> Result<Submission, StoreError> {
        let commit = Self::draw_commit(dice);
        if commit != Commit::Fails {
            self.store.submission = after.clone();
        }
        match commit {
            Commit::Works => Ok(after),
            Commit::Fails | Commit::WorksInSilence => Err(unavailable()),
        }
    }

    /// Redis may not hear it; the process does.
    fn remember(&mut self, process: usize, submission: &Submission, dice: &mut Dice) {
        let memory = Memory {
            incarnation: submission.incarnation.clone(),
            epoch: submission.epoch,
            is_copy: false,
        };
        if !dice.one_in(10) {
            let later = |known: &Memory| known.epoch > memory.epoch;
            if !self.server.memory.as_ref().is_some_and(later) {
                self.server.memory = Some(memory.clone());
            }
        }
        if let Some(gate) = self.gates.get_mut(process) {
            gate.own = Some(memory);
        }
    }

    /// Marks orders that may have been sent without our knowing. It may be interrupted, and an order may not be marked
    /// for now: then it goes on the next time.
    fn mark(&mut self, up_to: OrderId, pause: &Pause, dice: &mut Dice) {
        let sent_until = pause.since.plus(self.policy.lease);
        let in_doubt = |order: &Order| {
            let states = [OrderState::Held, OrderState::Submitting, OrderState::Unknown];
            order.id <= up_to && states.contains(&order.state)
        };
        let mut failed = false;
        for id in self.ids_of(in_doubt) {
            if dice.one_in(8) {
                return;
            }
            let (policy, now, commit) = (self.policy, self.now(), Self::draw_commit(dice));
            let decide = |order: &Order, attempt: Option<&Attempt>| {
                doubt(order, attempt, &pause.reason, sent_until, &policy, now)
            };
            failed |= self.store.amend(id, dice.one_in(8), commit, decide).is_err();
            let after = self.about(id);
            self.say("an order is in doubt", || format!("in doubt: {after}"));
        }
        let known = &self.store.submission;
        if !failed && known.doubted_up_to == Some(up_to) && known.pause.as_ref() == Some(pause) {
            let marked = known.marked();
            // What is not recorded is done again.
            let _ = self.save(marked, dice);
        }
    }

    /// Raises the epoch if orders were sent, so that an older copy falls behind.
    fn raise(&mut self, process: usize, dice: &mut Dice) {
        let is_known = self.is_known(process);
        let Some(gate) = self.gates.get_mut(process) else {
            return;
        };
        let known = &self.store.submission;
        let is_ours = gate
            .own
            .as_ref()
            .is_some_and(|own| own.incarnation == known.incarnation && own.epoch <= known.epoch && is_known);
        if !gate.has_sent || !is_ours {
            return;
        }
        gate.has_sent = false;
        let raised = known.raised(self.now());
        match self.save(raised, dice) {
            Ok(raised) => self.remember(process, &raised, dice),
            Err(_) => self.note_sending(process),
        }
    }

    /// Staff let orders be sent again. The guard of their process looks first, and afterwards.
    pub(super) fn release(&mut self, dice: &mut Dice) {
        let office = PROCESSES - 1;
        if self.store.submission.pause.is_none() || self.look(office, dice).is_err() {
            return;
        }
        let Ok(released) = self.store.submission.released(self.now()) else {
            return;
        };
        if self.save(released, dice).is_ok() {
            self.say("orders are released", || "staff release submission".to_owned());
        }
        let _ = self.look(office, dice);
    }
}

/// What a process remembers itself counts where nothing else is remembered, or nothing later. As in the product.
fn newest(recalled: Option<Memory>, own: Option<Memory>) -> Option<Memory> {
    match (recalled, own) {
        (Some(recalled), Some(own)) if own.incarnation == recalled.incarnation => Some(Memory {
            epoch: recalled.epoch.max(own.epoch),
            ..recalled
        }),
        (Some(recalled), _) => Some(recalled),
        (None, own) => own,
    }
}

const fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Doubtful(_) => "the database is doubted",
        Comparison::Moved => "a paused database was moved",
        Comparison::Same | Comparison::First => "the database is adopted",
    }
}
