//! Lines of the audit log become links of the chain.

use std::sync::Arc;

use domain::Timestamp;
use domain::audit::Head;
use ports::{Clock, Store, StoreError};

use super::HeadSigner;
use crate::retry::retry_contended;

/// Lines sealed in one transaction.
const BATCH: u16 = 500;

/// Seals what waits for it. Off the hot path: whoever writes a line waits for nobody.
pub struct SealAudit {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    heads: Option<HeadSigner>,
}

impl SealAudit {
    /// Wires the use case.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            heads: None,
        }
    }

    /// Signs the heads that go to the log.
    #[must_use]
    pub fn signing(self, heads: HeadSigner) -> Self {
        Self {
            heads: Some(heads),
            ..self
        }
    }

    /// Seals everything that waits; how many lines that were. The head goes to the log, and with it, where logs are
    /// shipped, to another machine.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seal(&self) -> Result<usize, StoreError> {
        let mut sealed = 0;
        loop {
            let now = self.clock.now();
            match retry_contended(|| self.batch(now)).await {
                Ok(None) => return Ok(sealed),
                Ok(Some((head, lines))) => {
                    let head = self
                        .heads
                        .as_ref()
                        .map_or_else(|| head.to_string(), |heads| heads.sign(&head));
                    tracing::info!(head, lines, "the audit log was sealed");
                    sealed += lines;
                    if lines < usize::from(BATCH) {
                        return Ok(sealed);
                    }
                }
                // Another node took the next number first; it seals what there is.
                Err(StoreError::Conflict { .. }) => return Ok(sealed),
                Err(error) => return Err(error),
            }
        }
    }

    async fn batch(&self, now: Timestamp) -> Result<Option<(Head, usize)>, StoreError> {
        let mut tx = self.store.begin().await?;
        let lines = tx.audit().unsealed(BATCH).await?;
        if lines.is_empty() {
            return Ok(None);
        }
        let mut head = tx.audit().head().await?;
        let mut links = Vec::with_capacity(lines.len());
        for line in &lines {
            let link = head.seal(line, now);
            head = Head::from(&link);
            links.push(link);
        }
        tx.audit().seal(&links).await?;
        tx.commit().await?;
        Ok(Some((head, links.len())))
    }
}
