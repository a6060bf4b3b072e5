//! What was done, and the proof of it.

use std::sync::Arc;

use super::{HeadSigner, SearchAudit, VerifyAudit};

/// What was done, and the proof of it. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Staff search the audit log.
    pub search: Arc<SearchAudit>,
    /// The chain of what was done is checked.
    pub verify: Arc<VerifyAudit>,
    /// Heads that are kept elsewhere are signed, and known again.
    pub heads: HeadSigner,
}
