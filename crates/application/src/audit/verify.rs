//! Whether the audit log is what was sealed.

use std::sync::Arc;

use domain::audit::{Finding, Head, Verification};
use ports::StoreError;
use ports::audit::{AuditQueries, Waiting};

/// Links read at once.
const BATCH: u16 = 1_000;

/// What a walk along the chain has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The end of the chain.
    pub head: Head,
    /// Lines that wait to be sealed.
    pub waiting: Waiting,
    /// What is not as it was sealed; the first thousand.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
}

/// Checks the audit log, while the system runs.
pub struct VerifyAudit {
    queries: Arc<dyn AuditQueries>,
}

impl VerifyAudit {
    /// Wires the use case.
    #[must_use]
    pub fn new(queries: Arc<dyn AuditQueries>) -> Self {
        Self { queries }
    }

    /// The end of the chain, to be kept elsewhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.queries.end().await
    }

    /// Walks along the whole chain. With heads that were kept elsewhere it also finds what was cut off behind them, or made
    /// anew.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify(
        &self,
        given: impl IntoIterator<Item = Head> + Send,
    ) -> Result<AuditReport, StoreError> {
        let mut walk = Verification::new(given);
        loop {
            let links = self.queries.chain(walk.end().sequence, BATCH).await?;
            for (link, line) in &links {
                walk.pass(link, line.as_ref());
            }
            if links.len() < usize::from(BATCH) {
                break;
            }
        }
        for line in self.queries.inserted().await? {
            walk.inserted(line);
        }
        for line in self.queries.lost().await? {
            walk.lost(line);
        }
        let head = walk.end().clone();
        let waiting = self.queries.waiting().await?;
        let (findings, more) = walk.finish();
        Ok(AuditReport {
            head,
            waiting,
            findings,
            more,
        })
    }
}
