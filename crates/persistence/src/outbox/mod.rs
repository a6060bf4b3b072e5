//! Work that transactions leave behind.
//!
//! A row is a job for one topic and subject, and there is at most one. It is *waiting* until the relay claims it, then
//! *claimed* until its lease ends, and gone once the worker that holds the claim finishes it; or it is *given up* and
//! stays for staff. `claim` is the worker's receipt: it only ever counts up, with every claim, push and putting back,
//! so that a receipt is good until somebody else does something with the row.
//!
//! **A push never gets lost.** If it meets a row that a worker is on, the worker may have read its data before the
//! pushing transaction changed them, so its word no longer settles the row: the push makes the receipt worthless, the
//! worker's `finish` matches nothing, and the job runs again at the time of the push, or when the lease would have
//! ended if that is earlier. That is new work and has not failed yet, so its attempts start from zero.

mod relay;
mod repository;
mod settle;

pub use relay::SeaRelay;

use ports::jobs::JobTopic;

/// The condition of rows that this version of the program understands. Others wait for one that does. The expression
/// around the topic keeps SQLite from walking the index over topics, which holds every row, instead of the due ones.
fn known_topics() -> String {
    let words = JobTopic::ALL.map(|topic| format!("'{}'", topic.as_str()));
    format!("COALESCE(outbox.topic, '') IN ({})", words.join(", "))
}
