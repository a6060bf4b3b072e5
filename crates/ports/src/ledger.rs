//! The proof that no money was lost, doubled or invented.

use async_trait::async_trait;

use crate::store::StoreError;

/// One invariant and how often it is violated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvariantCount {
    /// `V1` to `V13`.
    pub id: &'static str,
    /// What must hold, in one sentence.
    pub rule: &'static str,
    /// Rows that violate it; zero is right.
    pub violations: i64,
}

/// Checks the books.
#[async_trait]
pub trait LedgerProof: Send + Sync {
    /// Evaluates V1 to V13 in one snapshot of a live database.
    async fn verify(&self) -> Result<Vec<InvariantCount>, StoreError>;
}
