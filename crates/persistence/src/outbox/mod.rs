//! Work that transactions leave behind.
//!
//! A row is a job for one topic and subject, and there is at most one. It is *waiting* until the relay claims it, then
//! *claimed* until its lease ends, and gone once the worker that holds the claim finishes it; or it is *given up* and
//! stays for staff. `claim` counts the claims and is never reset: it is the worker's receipt.
//!
//! **A push never gets lost.** If it meets a claimed row, the worker may have read its data before the pushing
//! transaction changed them, so its word no longer settles the row: the push takes the claim away (counts `claim` up
//! and ends the lease), the worker's `finish` then matches nothing, and the job runs again at the time of the push, or
//! when the lease would have ended if that is earlier. It has not failed yet, so its attempts start from zero.

mod relay;
mod repository;

pub use relay::SeaRelay;

use ports::jobs::JobTopic;

/// The condition of rows that this version of the program understands. Others wait for one that does.
fn known_topics() -> String {
    let words = JobTopic::ALL.map(|topic| format!("'{}'", topic.as_str()));
    format!("outbox.topic IN ({})", words.join(", "))
}
