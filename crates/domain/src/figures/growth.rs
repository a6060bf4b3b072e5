//! How much more than before.

/// The change from `before` to `now` in percent of `before`, rounded to one decimal. From nothing to something is 100,
/// from nothing to nothing is 0.
#[must_use]
pub fn growth(now: u64, before: u64) -> f64 {
    if before == 0 {
        return if now == 0 { 0.0 } else { 100.0 };
    }
    let (now, before) = (i128::from(now), i128::from(before));
    // In tenths of a percent, rounded half away from zero.
    let doubled = (now - before) * 2_000;
    let tenths = (doubled + before * doubled.signum()) / (before * 2);
    i32::try_from(tenths).map_or(f64::from(i32::MAX), f64::from) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::float_cmp,
        reason = "tenths of small integers are the nearest numbers to themselves"
    )]
    fn growth_is_percent_of_what_was_there_before() {
        assert_eq!(growth(0, 0), 0.0);
        assert_eq!(growth(7, 0), 100.0);
        assert_eq!(growth(0, 7), -100.0);
        assert_eq!(growth(9, 8), 12.5);
        assert_eq!(growth(13, 12), 8.3);
        assert_eq!(growth(2, 3), -33.3);
        assert_eq!(growth(3, 3), 0.0);
        assert_eq!(growth(u64::MAX, 1), f64::from(i32::MAX) / 10.0);
    }
}
