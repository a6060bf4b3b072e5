//! Leaves a dead Redis alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nobody tries after a failure.
const PAUSE: Duration = Duration::from_secs(1);
const WELL: u64 = 0;

/// Knows whether Redis answers. While it does not, one call a second tries and all others go without, so that a dead
/// Redis costs nobody the time that waiting for it takes.
pub(super) struct Outage {
    began: Instant,
    /// [`WELL`], or when to try next: microseconds since `began`.
    next_try: AtomicU64,
}

impl Default for Outage {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            next_try: AtomicU64::new(WELL),
        }
    }
}

impl Outage {
    /// Whether the caller may try. Of all who ask in one pause only one may.
    pub(super) fn may_try(&self) -> bool {
        self.may_try_at(self.began.elapsed())
    }

    /// Begins or prolongs the outage. `true` if it begins.
    pub(super) fn fail(&self) -> bool {
        self.fail_at(self.began.elapsed())
    }

    /// Ends the outage. `true` if there was one.
    pub(super) fn end(&self) -> bool {
        self.next_try.load(Ordering::Relaxed) != WELL && self.next_try.swap(WELL, Ordering::Relaxed) != WELL
    }

    fn may_try_at(&self, now: Duration) -> bool {
        let next_try = self.next_try.load(Ordering::Relaxed);
        if next_try == WELL {
            return true;
        }
        let mine = || {
            self.next_try
                .compare_exchange(next_try, after_pause(now), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        micros(now) >= next_try && mine()
    }

    fn fail_at(&self, now: Duration) -> bool {
        self.next_try.swap(after_pause(now), Ordering::Relaxed) == WELL
    }
}

fn after_pause(now: Duration) -> u64 {
    micros(now.saturating_add(PAUSE))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn during_an_outage_one_call_a_second_tries() {
        let outage = Outage::default();
        let at = Duration::from_millis;
        assert!(outage.may_try_at(at(0)) && outage.may_try_at(at(0)));
        assert!(outage.fail_at(at(100)), "it begins");
        assert!(!outage.fail_at(at(150)), "it goes on");
        assert!(!outage.may_try_at(at(1_149)));
        assert!(outage.may_try_at(at(1_150)));
        assert!(!outage.may_try_at(at(1_150)), "the one that tries is enough");
        assert!(
            outage.may_try_at(at(2_150)),
            "and if it never comes back, another one tries"
        );
        assert!(outage.end(), "it ends");
        assert!(!outage.end(), "it had ended");
        assert!(outage.may_try_at(at(2_151)) && outage.may_try_at(at(2_151)));
    }
}
