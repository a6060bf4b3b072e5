//! Whether orders may be sent: what the database is, what it says, and what is remembered about it elsewhere.

use async_trait::async_trait;
use domain::OrderId;
use domain::submission::{Identity, Memory, Submission};

use crate::store::StoreError;

/// What the connections lead to.
#[async_trait]
pub trait DatabaseIdentity: Send + Sync {
    /// Grows before the first use of a connection to another server than the one before, or to one that was started
    /// again. Connections from before that are not used any more. Costs nothing.
    fn generation(&self) -> u64;

    /// What the database is now.
    async fn identity(&self) -> Result<Identity, StoreError>;
}

/// What is remembered outside of the database. It never holds an older memory after a newer one, unless it is lost.
#[async_trait]
pub trait SubmissionMemory: Send + Sync {
    /// Whether it cannot be lost as long as it is where the database is.
    fn lasts(&self) -> bool;

    /// What was remembered last.
    ///
    /// # Errors
    /// [`MemoryError`] if nobody knows.
    async fn recall(&self) -> Result<Option<Memory>, MemoryError>;

    /// Remembers an epoch, unless a later one of the same installation is remembered.
    ///
    /// # Errors
    /// [`MemoryError`] if it may not be remembered.
    async fn remember(&self, incarnation: &str, epoch: i64) -> Result<(), MemoryError>;
}

/// The memory does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what is remembered about the database is not to be had: {0}")]
pub struct MemoryError(pub String);

/// What the database says about submission, inside a transaction. Its row is locked before any order is.
#[async_trait]
pub trait SubmissionRepository: Send {
    /// Reads it and locks it until the transaction ends.
    async fn lock(&mut self) -> Result<Submission, StoreError>;

    /// Writes it.
    async fn save(&mut self, submission: &Submission) -> Result<(), StoreError>;

    /// The latest order that there is.
    async fn latest_order(&mut self) -> Result<Option<OrderId>, StoreError>;
}

/// The same for looks.
#[async_trait]
pub trait SubmissionQueries: Send + Sync {
    /// What the database says.
    async fn submission(&self) -> Result<Submission, StoreError>;

    /// How many orders a worker has the right to send at this moment.
    async fn submitting(&self) -> Result<u64, StoreError>;

    /// Orders after `after`, up to `up_to`, that may have been sent without our knowing: neither with the provider nor
    /// ended. In the order of their ids.
    async fn doubtful(&self, after: OrderId, up_to: OrderId, limit: u16) -> Result<Vec<OrderId>, StoreError>;
}
