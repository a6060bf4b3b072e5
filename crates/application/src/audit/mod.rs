//! The audit log: sealed by the system, searched by staff, checked by operators.

mod seal;
mod search;
mod verify;

pub use seal::SealAudit;
pub use search::{AuditPage, SearchAudit};
pub use verify::{AuditReport, VerifyAudit};
