//! The audit log: sealed by the system, searched by staff, checked by operators.

mod heads;
mod seal;
mod search;
mod use_cases;
mod verify;

pub use heads::{HeadRefused, HeadSigner};
pub use seal::SealAudit;
pub use search::{AuditPage, SearchAudit};
pub use use_cases::UseCases;
pub use verify::{AuditReport, VerifyAudit};
