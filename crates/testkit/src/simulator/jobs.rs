//! The outbox and the queue in one: jobs that are taken, forgotten, repeated and found again.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;

use super::dice::Dice;

/// What a job does, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    Submit,
    LookUp,
    Cancel,
    Poll,
}

/// A job that a worker took. The claim says whether the row is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) topic: Topic,
    pub(super) subject: i64,
    claim: u64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    due_at: Timestamp,
    lease_until: Option<Timestamp>,
    claim: u64,
}

/// At most one row for a topic and subject.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    rows: BTreeMap<(Topic, i64), Row>,
    claims: u64,
}

impl Jobs {
    /// Leaves a job behind. One that is being done is to be done again.
    pub(super) fn push(&mut self, topic: Topic, subject: i64, due_at: Timestamp) {
        self.claims += 1;
        let claim = self.claims;
        let row = Row {
            due_at,
            lease_until: None,
            claim,
        };
        self.rows
            .entry((topic, subject))
            .and_modify(|old| {
                let due_at = if old.lease_until.is_none() {
                    old.due_at.min(due_at)
                } else {
                    due_at
                };
                *old = Row { due_at, ..row };
            })
            .or_insert(row);
    }

    /// Leaves a job behind unless it waits or is being done.
    pub(super) fn ensure(&mut self, topic: Topic, subject: i64, now: Timestamp) {
        if !self.waits(topic, subject) {
            self.push(topic, subject, now);
        }
    }

    pub(super) fn waits(&self, topic: Topic, subject: i64) -> bool {
        self.rows.contains_key(&(topic, subject))
    }

    /// Gives out a job that is due, or, now and then, one that somebody else does already.
    pub(super) fn take(&mut self, dice: &mut Dice, now: Timestamp) -> Option<Job> {
        let repeat = dice.one_in(12);
        let free = |row: &Row| row.due_at <= now && row.lease_until.is_none_or(|until| until <= now);
        let due: Vec<(Topic, i64)> = self
            .rows
            .iter()
            .filter(|(_, row)| repeat || free(row))
            .map(|(key, _)| *key)
            .collect();
        let key = *dice.pick(&due)?;
        self.claims += 1;
        let claim = self.claims;
        let row = self.rows.get_mut(&key)?;
        row.claim = claim;
        row.lease_until = Some(now.plus(application::jobs::JOB_LEASE));
        let (topic, subject) = key;
        Some(Job {
            topic,
            subject,
            claim,
        })
    }

    /// Removes a job that is done, or gives it back to be done later.
    pub(super) fn settle(&mut self, job: Job, again_at: Option<Timestamp>) {
        let key = (job.topic, job.subject);
        let Some(row) = self.rows.get_mut(&key).filter(|row| row.claim == job.claim) else {
            return;
        };
        match again_at {
            Some(due_at) => {
                row.due_at = due_at;
                row.lease_until = None;
            }
            None => {
                self.rows.remove(&key);
            }
        }
    }

    /// A job is gone from the queue until its lease ends, or for good.
    pub(super) fn lose(&mut self, dice: &mut Dice, now: Timestamp) -> Option<Topic> {
        let keys: Vec<(Topic, i64)> = self.rows.keys().copied().collect();
        let key = *dice.pick(&keys)?;
        if dice.one_in(2) {
            self.rows.remove(&key);
        } else if let Some(row) = self.rows.get_mut(&key) {
            row.lease_until = Some(now.plus(application::jobs::QUEUE_LEASE));
        }
        Some(key.0)
    }

    /// How long until something can be taken.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Duration> {
        let free_at = |row: &Row| row.lease_until.unwrap_or(row.due_at).max(row.due_at);
        self.rows.values().map(|row| free_at(row).since(now)).min()
    }
}
