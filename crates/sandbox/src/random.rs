//! Repeatable chance: every draw is a pure function of the seed and of what is drawn.

/// A number that looks random and depends only on the arguments (SplitMix64).
pub fn mix(seed: u64, ordinal: u64, purpose: u64) -> u64 {
    let mut z = seed
        .wrapping_add(ordinal.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(purpose.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in `0.0..1.0` that depends only on the arguments.
pub fn fraction(seed: u64, ordinal: u64, purpose: u64) -> f64 {
    let top = u32::try_from(mix(seed, ordinal, purpose) >> 32).unwrap_or(u32::MAX);
    f64::from(top) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_give_the_same_draw() {
        assert_eq!(mix(7, 11, 3), mix(7, 11, 3));
        assert_ne!(mix(7, 11, 3), mix(8, 11, 3));
        assert_ne!(mix(7, 11, 3), mix(7, 12, 3));
        assert_ne!(mix(7, 11, 3), mix(7, 11, 4));
    }

    #[test]
    fn draws_spread_evenly_below_one() {
        let hits = (0..10_000).filter(|n| fraction(1, *n, 0) < 0.3).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert!((0..10_000).all(|n| fraction(1, n, 0) < 1.0));
    }
}
