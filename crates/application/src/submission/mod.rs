//! Whether orders may be sent: the guard against a database that forgot what was sent, and the operator's switch.

mod gate;
mod guard;
mod switch;

pub use gate::Gate;
pub use guard::{GuardPorts, SubmissionGuard};
pub use switch::{PauseError, ReleaseError, SubmissionStatus};
