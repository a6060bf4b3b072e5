//! Whether orders may be sent at all: is this the database that they were last sent from, and did anybody say stop?
//!
//! A database that was restored from a backup, or a replica that was promoted before it had every commit, believes
//! orders to be unsent that were sent. So it is compared with what is known about the last one, and after any doubt
//! nothing is sent until an operator has looked.

use crate::{OrderId, Timestamp};

/// What tells one database from another. A part that is `None` could not be read, and is no difference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The cluster: a dump that is restored elsewhere has another one.
    pub system: Option<String>,
    /// The database and its tables within the cluster: they are others after a dump was restored over them.
    pub place: Option<String>,
    /// The line of history: every promotion and every recovery to a point in time begins another one.
    pub timeline: Option<String>,
}

impl Identity {
    /// The first part that both know and that differs, in words.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let differ =
            |one: &Option<String>, two: &Option<String>| matches!((one, two), (Some(a), Some(b)) if a != b);
        if differ(&self.system, &other.system) {
            Some("it is another database cluster")
        } else if differ(&self.place, &other.place) {
            Some("its tables were created anew")
        } else if differ(&self.timeline, &other.timeline) {
            Some("it is on another timeline: a replica was promoted, or it was recovered to a point in time")
        } else {
            None
        }
    }

    /// This identity, with what is not known of it taken from an `earlier` one.
    #[must_use]
    pub fn or_as_in(self, earlier: &Self) -> Self {
        Self {
            system: self.system.or_else(|| earlier.system.clone()),
            place: self.place.or_else(|| earlier.place.clone()),
            timeline: self.timeline.or_else(|| earlier.timeline.clone()),
        }
    }
}

/// What is remembered outside of the database about the last time somebody worked with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Which installation.
    pub incarnation: String,
    /// Its epoch then.
    pub epoch: i64,
    /// Whether the memory itself was copied here, so that it may be as old as the database beside it.
    pub is_copy: bool,
}

/// Who stopped submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseCause {
    /// The guard: the database is not the one it was.
    Database,
    /// A person.
    Operator,
}

impl PauseCause {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Operator => "operator",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Database, Self::Operator]
            .into_iter()
            .find(|cause| cause.as_str() == word)
    }
}

/// Nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it.
    pub cause: PauseCause,
    /// Why.
    pub reason: String,
    /// When the database was last known to be in use before: what happened between then and `since` may be missing.
    pub gap_from: Option<Timestamp>,
}

/// What the database says about submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Names the installation for as long as it lives; empty before anybody worked with it.
    pub incarnation: String,
    /// What the database was when it was last worked with.
    pub identity: Identity,
    /// Counts up while orders are sent, so that an older copy is behind what is remembered outside.
    pub epoch: i64,
    /// When the epoch was last raised.
    pub seen_at: Option<Timestamp>,
    /// Whether nothing is sent.
    pub pause: Option<Pause>,
    /// Orders up to this one may have been sent without our knowing, and are not all marked so yet.
    pub doubted_up_to: Option<OrderId>,
}

/// What a comparison of the database with what is known about it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is the one it was.
    Same,
    /// Nobody has worked with it under this guard before.
    First,
    /// It is elsewhere, but nothing was sent since it was paused for that.
    Moved,
    /// It may have forgotten that orders were sent; why.
    Doubtful(&'static str),
}

/// Compares the database with what is remembered outside of it. `memory_lasts` says that the memory cannot be lost by
/// itself, so that its absence means something. The memory must have been read before the database: it is written after
/// it.
#[must_use]
pub fn compare(
    known: &Submission,
    identity: &Identity,
    memory: Option<&Memory>,
    memory_lasts: bool,
) -> Comparison {
    if known.incarnation.is_empty() {
        return match memory {
            None => Comparison::First,
            Some(_) => Comparison::Doubtful("it is another database than the one that was used here"),
        };
    }
    let remembered = match memory {
        Some(memory) if memory.incarnation != known.incarnation => {
            return Comparison::Doubtful("it is another database than the one that was used here");
        }
        Some(memory) if memory.epoch > known.epoch => {
            return Comparison::Doubtful("it is older than when it was last used");
        }
        // A copy of the memory is as old as the database that came with it.
        Some(memory) => memory.epoch == known.epoch && !memory.is_copy,
        None => false,
    };
    let elsewhere = match memory {
        Some(memory) if memory.is_copy => {
            Some("it was copied here together with what is remembered about it")
        }
        None if memory_lasts => Some("nothing is remembered about it here"),
        Some(_) | None => identity.difference(&known.identity),
    };
    match elsewhere {
        None => Comparison::Same,
        Some(_) if known.pause.is_some() && remembered => Comparison::Moved,
        Some(why) => Comparison::Doubtful(why),
    }
}

/// Why submission is not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseRefusal {
    /// Nothing is paused.
    #[error("submission is not paused")]
    NotPaused,
    /// The orders in doubt are not all marked yet.
    #[error("the orders in doubt are still being marked as unknown")]
    StillMarking,
}

impl Submission {
    /// The database of `identity` is worked with from now on. What is remembered elsewhere falls behind.
    #[must_use]
    pub fn adopted(&self, identity: &Identity, memory: Option<&Memory>, now: Timestamp) -> Self {
        let behind = memory.map_or(self.epoch, |memory| memory.epoch.max(self.epoch));
        Self {
            identity: identity.clone().or_as_in(&self.identity),
            epoch: behind.saturating_add(1),
            seen_at: Some(now),
            ..self.clone()
        }
    }

    /// Somebody is at work.
    #[must_use]
    pub fn raised(&self, now: Timestamp) -> Self {
        self.adopted(&self.identity, None, now)
    }

    /// Nothing is sent any more. `doubted_up_to` is the latest order that may have been sent without our knowing. An
    /// earlier pause and an earlier doubt stay as well.
    #[must_use]
    pub fn paused(
        &self,
        cause: PauseCause,
        reason: &str,
        doubted_up_to: Option<OrderId>,
        now: Timestamp,
    ) -> Self {
        let earlier = self.pause.as_ref();
        let reason = match earlier {
            Some(pause) if pause.reason != reason => format!("{reason} (paused before: {})", pause.reason),
            _ => reason.to_owned(),
        };
        let gap_from = earlier.and_then(|pause| pause.gap_from).or(self.seen_at);
        Self {
            epoch: self.epoch.saturating_add(1),
            seen_at: Some(now),
            pause: Some(Pause {
                since: now,
                cause,
                reason: reason.chars().take(REASON_MAX_CHARS).collect(),
                gap_from,
            }),
            doubted_up_to: self.doubted_up_to.max(doubted_up_to),
            ..self.clone()
        }
    }

    /// Every order in doubt is marked.
    #[must_use]
    pub fn marked(&self) -> Self {
        Self {
            doubted_up_to: None,
            ..self.clone()
        }
    }

    /// Orders are sent again.
    ///
    /// # Errors
    /// [`ReleaseRefusal`] that says why not.
    pub fn released(&self, now: Timestamp) -> Result<Self, ReleaseRefusal> {
        if self.pause.is_none() {
            return Err(ReleaseRefusal::NotPaused);
        }
        if self.doubted_up_to.is_some() {
            return Err(ReleaseRefusal::StillMarking);
        }
        Ok(Self {
            pause: None,
            ..self.raised(now)
        })
    }
}

/// The longest reason that is kept, in characters.
const REASON_MAX_CHARS: usize = 1_000;

#[cfg(test)]
mod tests;
