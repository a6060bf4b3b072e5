//! One refill and its state as a pure function of time.

/// A refill that was accepted.
#[derive(Debug)]
pub struct Refill {
    pub created_millis: u64,
    pub is_rejected: bool,
}

impl Refill {
    /// The status word at `now`, when a refill takes `pace` to end (both in milliseconds).
    pub fn status(&self, now: u64, pace: u64) -> &'static str {
        let elapsed = now.saturating_sub(self.created_millis);
        match (elapsed >= pace, self.is_rejected) {
            (true, true) => "Rejected",
            (true, false) => "Completed",
            (false, _) if elapsed < pace / 2 => "Pending",
            (false, _) => "In progress",
        }
    }

    /// Whether it has not ended at `now`.
    pub fn is_running(&self, now: u64, pace: u64) -> bool {
        now.saturating_sub(self.created_millis) < pace
    }
}
