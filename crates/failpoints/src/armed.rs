//! What the points are while a test has armed them.

/// The process is at the point with this name.
pub fn reach(point: &str) {
    fail::fail_point!(point);
}

/// The next thing is the commit of `what`, at the point `WHAT/before-commit`.
pub fn before_commit(what: &str) {
    reach(&format!("{what}/before-commit"));
}

/// The last thing was the commit of `what`, at the point `WHAT/after-commit`.
pub fn after_commit(what: &str) {
    reach(&format!("{what}/after-commit"));
}

/// From now on this process does `act` whenever it reaches `point`. `act` blocks the thread that is there.
///
/// # Errors
/// Never, with a name that is not empty.
pub fn arm(point: &str, act: impl Fn() + Send + Sync + 'static) -> Result<(), String> {
    fail::cfg_callback(point, act)
}

/// From now on this process dies, without a word and without cleaning up, when it reaches `point`.
///
/// # Errors
/// As [`arm`].
pub fn die_at(point: &str) -> Result<(), String> {
    arm(point, || std::process::abort())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_point_does_what_it_was_told_and_others_do_nothing() {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        arm("told/before-commit", move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
        reach("nobody-told-this-one");
        after_commit("told");
        assert_eq!(count.load(Ordering::SeqCst), 0);
        before_commit("told");
        before_commit("told");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
