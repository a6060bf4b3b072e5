//! What many pairs say together.

use super::record::{Bound, Row};

/// A target may be missed by this share before it counts as missed.
const TOLERANCE: f64 = 0.10;
/// Of nine pairs, seven have to be on the right side.
const RIGHT_SIDE: (usize, usize) = (7, 9);

/// What is to be thought of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The median is on the right side, and so are seven of nine pairs.
    Met,
    /// Not met, but the median is within a tenth of the target.
    Below,
    /// Missed by more than a tenth.
    Missed,
    /// No target.
    Told,
    /// Nothing was measured.
    Nothing,
}

impl Row {
    pub fn median(&self) -> f64 {
        quantile(&self.values, 0.5)
    }

    pub fn range(&self) -> (f64, f64) {
        (quantile(&self.values, 0.0), quantile(&self.values, 1.0))
    }

    /// How many pairs are on the right side of the target.
    pub fn right(&self) -> usize {
        self.values
            .iter()
            .filter(|value| self.bound.holds(**value))
            .count()
    }

    /// The probability of so many pairs on the right side, or more, if each fell there by the toss of a coin.
    pub fn sign_test(&self) -> f64 {
        let pairs = self.values.len();
        let all = 2_f64.powf(count(pairs));
        (self.right()..=pairs)
            .map(|right| choose(pairs, right))
            .sum::<f64>()
            / all
    }

    pub fn verdict(&self) -> Verdict {
        if self.values.is_empty() {
            return Verdict::Nothing;
        }
        let median = self.median();
        let (of, out_of) = RIGHT_SIDE;
        if self.bound == Bound::None {
            Verdict::Told
        } else if self.bound.holds(median) && self.right() * out_of >= self.values.len() * of {
            Verdict::Met
        } else if self.bound.loosened(TOLERANCE).holds(median) {
            Verdict::Below
        } else {
            Verdict::Missed
        }
    }
}

impl Bound {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
            Self::None => true,
        }
    }

    fn loosened(self, share: f64) -> Self {
        match self {
            Self::AtLeast(bound) => Self::AtLeast(bound * (1.0 - share)),
            Self::AtMost(bound) => Self::AtMost(bound * (1.0 + share)),
            Self::None => Self::None,
        }
    }
}

/// The value that a share of the values do not exceed; the middle of two if it falls between them.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = share * (count(sorted.len()) - 1.0);
    let near = |rank: f64| sorted.iter().zip(0_u32..).find(|(_, at)| f64::from(*at) >= rank);
    let of = |rank: f64| near(rank).map_or(f64::NAN, |(value, _)| *value);
    of(at.floor()).midpoint(of(at.ceil()))
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

fn choose(of: usize, some: usize) -> f64 {
    (0..some).fold(1.0, |ways, taken| ways * count(of - taken) / count(taken + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bound: Bound, values: &[f64]) -> Row {
        Row {
            target: "P-0".to_owned(),
            what: "nothing".to_owned(),
            bound,
            values: values.to_vec(),
            unit: String::new(),
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let row = row(Bound::None, &[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((row.median(), row.range()), (2.5, (1.0, 4.0)));
    }

    #[test]
    fn a_good_median_with_too_few_good_pairs_is_not_enough() {
        let nine = [0.5, 0.5, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
        assert_eq!(row(Bound::AtLeast(0.7), &nine).verdict(), Verdict::Below);
        assert_eq!(row(Bound::AtLeast(0.7), &nine[2..]).verdict(), Verdict::Met);
    }

    #[test]
    fn a_tenth_below_is_a_warning_and_more_is_a_miss() {
        assert_eq!(row(Bound::AtLeast(1.0), &[0.91; 9]).verdict(), Verdict::Below);
        assert_eq!(row(Bound::AtLeast(1.0), &[0.89; 9]).verdict(), Verdict::Missed);
        assert_eq!(row(Bound::AtMost(1.0), &[1.09; 9]).verdict(), Verdict::Below);
        assert_eq!(row(Bound::AtMost(1.0), &[1.11; 9]).verdict(), Verdict::Missed);
        assert_eq!(row(Bound::AtMost(1.0), &[]).verdict(), Verdict::Nothing);
    }

    #[test]
    fn nine_of_nine_by_chance_is_one_in_512() {
        let all = row(Bound::AtLeast(1.0), &[2.0; 9]);
        assert!((all.sign_test() - 1.0 / 512.0).abs() < 1e-12);
    }
}
