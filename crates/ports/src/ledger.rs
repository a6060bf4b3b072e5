//! The proof that no money was lost, doubled or invented.

use async_trait::async_trait;

use crate::store::StoreError;

/// One invariant and how often it is violated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvariantCount {
    /// `V1` to `V13`, `V16` and `V17`.
    pub id: &'static str,
    /// What must hold, in one sentence.
    pub rule: &'static str,
    /// Rows that violate it; zero is right.
    pub violations: i64,
}

/// Checks the books.
#[async_trait]
pub trait LedgerProof: Send + Sync {
    /// Evaluates all of them over everything, in one snapshot of a live database. Its cost grows with the number of orders.
    async fn verify(&self) -> Result<Vec<InvariantCount>, StoreError>;

    /// The same for what money has moved in since the last watch but one; now and then for everything. For an alarm
    /// that asks every minute: its cost grows with what happened meanwhile, because wallets are compared with what they
    /// were found to be before and the transfers since then. What it finds wrong it finds again until it is right.
    async fn watch(&self) -> Result<Vec<InvariantCount>, StoreError>;
}
