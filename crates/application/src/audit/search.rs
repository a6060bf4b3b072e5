//! Staff search the audit log.

use std::sync::Arc;

use domain::PageSize;
use domain::audit::Line;
use domain::identity::right::AuditRead;
use ports::audit::{AuditFilter, AuditQueries};
use ports::{Clock, Store, StoreError};

use crate::caller::By;
use crate::retry::retry_contended;

/// A page of lines, newest first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<i64>,
}

/// Searches and exports the audit log.
pub struct SearchAudit {
    store: Arc<dyn Store>,
    queries: Arc<dyn AuditQueries>,
    clock: Arc<dyn Clock>,
}

impl SearchAudit {
    /// Wires the use cases.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn AuditQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// A page of the lines that `filter` lets through, below line `before`.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn page(
        &self,
        _: &By<AuditRead>,
        filter: &AuditFilter,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<AuditPage, StoreError> {
        let lines = self.queries.lines(filter, before, size).await?;
        let full = lines.len() >= usize::from(size.rows());
        let next = lines.last().filter(|_| full).map(|last| last.id);
        Ok(AuditPage { lines, next })
    }

    /// Notes that everything that `filter` lets through is about to leave the system, page by page.
    ///
    /// # Errors
    /// [`StoreError`] if it was not noted; then it should not leave.
    pub async fn begin_export(&self, by: &By<AuditRead>, filter: &AuditFilter) -> Result<(), StoreError> {
        let mut entry = by.entry("audit.export", "audit", self.clock.now());
        let asked = [
            ("actor", filter.actor.as_ref().map(ToString::to_string)),
            ("target", filter.target.clone()),
            ("action", filter.action.clone()),
            ("from", filter.from.map(|at| at.micros().to_string())),
            ("until", filter.until.map(|at| at.micros().to_string())),
        ];
        for (name, value) in asked {
            if let Some(value) = value {
                entry = entry.with(name, value);
            }
        }
        retry_contended(|| async {
            let mut tx = self.store.begin().await?;
            tx.audit().append(&entry).await?;
            tx.commit().await
        })
        .await
    }
}
