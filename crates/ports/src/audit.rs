//! Who did what.

use async_trait::async_trait;
use domain::Timestamp;
use domain::orders::Actor;

use crate::store::StoreError;

/// A line of the audit log. It is written in the transaction of the deed and is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// What, as `noun.verb`.
    pub action: &'static str,
    /// To what, as `noun:id`.
    pub target: String,
    /// Named details; they hold no secrets.
    pub details: Vec<(&'static str, String)>,
    /// When.
    pub at: Timestamp,
}

/// The audit log inside a transaction.
#[async_trait]
pub trait AuditRepository: Send {
    /// Appends a line.
    async fn append(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
}
