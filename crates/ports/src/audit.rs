//! Who did what.

use async_trait::async_trait;
use domain::audit::{Head, Line, Link};
use domain::orders::Actor;
use domain::{PageSize, Timestamp, UserId};

use crate::store::StoreError;

/// Where a request came from. Empty for what a process does by itself, or a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The network address of the client.
    pub address: Option<String>,
    /// The id of the request, which answer and log carry too.
    pub request: Option<String>,
}

/// A line of the audit log. It is written in the transaction of the deed and is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// What, as `noun.verb`.
    pub action: &'static str,
    /// To what, as `noun:id`.
    pub target: String,
    /// Named details; they hold no secrets. What was changed has the same name with `_before` for what it was.
    pub details: Vec<(&'static str, String)>,
    /// When.
    pub at: Timestamp,
}

impl AuditEntry {
    /// A line without details about what no request asked for.
    #[must_use]
    pub fn new(actor: Actor, action: &'static str, target: impl Into<String>, at: Timestamp) -> Self {
        Self {
            actor,
            origin: Origin::default(),
            action,
            target: target.into(),
            details: Vec::new(),
            at,
        }
    }

    /// Says where the request came from.
    #[must_use]
    pub fn from(self, origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            ..self
        }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.details.push((name, value.to_string()));
        self
    }

    /// Adds details.
    #[must_use]
    pub fn with_all(mut self, details: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.details.extend(details);
        self
    }
}

/// The audit log inside a transaction.
#[async_trait]
pub trait AuditRepository: Send {
    /// Appends a line, and hands it over to be sealed.
    async fn append(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Lines that wait to be sealed, in the order of their ids.
    async fn unsealed(&mut self, limit: u16) -> Result<Vec<Line>, StoreError>;

    /// The end of the chain.
    async fn head(&mut self) -> Result<Head, StoreError>;

    /// Appends links, whose lines wait no more. If somebody else has just appended some, it is a
    /// [`StoreError::Conflict`].
    async fn seal(&mut self, links: &[Link]) -> Result<(), StoreError>;
}

/// Which lines of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// What this person did.
    pub actor: Option<UserId>,
    /// What was done to this, as `noun:id`.
    pub target: Option<String>,
    /// Only this, as `noun.verb`.
    pub action: Option<String>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

/// Lines that wait to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub lines: u64,
    /// The time of the oldest.
    pub since: Option<Timestamp>,
}

/// The audit log for reading.
#[async_trait]
pub trait AuditQueries: Send + Sync {
    /// Lines, newest first, below `before` if given.
    async fn lines(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Vec<Line>, StoreError>;

    /// Links above number `after` with their lines, in the order of the chain.
    async fn chain(&self, after: i64, limit: u16) -> Result<Vec<(Link, Option<Line>)>, StoreError>;

    /// The end of the chain.
    async fn end(&self) -> Result<Head, StoreError>;

    /// What waits to be sealed.
    async fn waiting(&self) -> Result<Waiting, StoreError>;

    /// Ids of lines that are neither sealed nor wait for it, a thousand at most.
    async fn inserted(&self) -> Result<Vec<i64>, StoreError>;

    /// Ids of lines that wait to be sealed and are not there, a thousand at most.
    async fn lost(&self) -> Result<Vec<i64>, StoreError>;
}
