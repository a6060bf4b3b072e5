//! What is added to a provider's price.

use crate::Rate;

/// Hundredths of a percent in one whole.
const POINTS_PER_WHOLE: i128 = 10_000;

/// How the profit on a service is found: a share of the provider's price, plus the same for every service, and the price
/// rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Margin {
    /// The share in hundredths of a percent; rounded up to a nano-unit.
    pub points: u32,
    /// What is added for 1000 pieces of every service.
    pub fixed: Rate,
    /// The selling price is rounded up to a multiple of it; zero rounds nothing.
    pub rounding: Rate,
}

impl Margin {
    /// A share alone, in hundredths of a percent.
    #[must_use]
    pub const fn share(points: u32) -> Self {
        Self {
            points,
            fixed: Rate::ZERO,
            rounding: Rate::ZERO,
        }
    }

    /// The profit on 1000 pieces that cost `rate`. `None` if it or the price do not fit.
    #[must_use]
    pub fn profit(self, rate: Rate) -> Option<Rate> {
        let price = rate.checked_add(share_of(rate, self.points)?)?;
        let price = price.checked_add(self.fixed)?;
        round_up(price, self.rounding)?.checked_sub(rate)
    }
}

/// A share of `rate` in hundredths of a percent, rounded up to a nano-unit. `None` if it does not fit.
pub(super) fn share_of(rate: Rate, points: u32) -> Option<Rate> {
    let product = i128::from(rate.nanos()) * i128::from(points);
    let nanos = (product + POINTS_PER_WHOLE - 1) / POINTS_PER_WHOLE;
    Rate::from_nanos(i64::try_from(nanos).ok()?).ok()
}

/// `price`, or the next multiple of `step` above it. `None` if it does not fit.
pub(super) fn round_up(price: Rate, step: Rate) -> Option<Rate> {
    if step == Rate::ZERO {
        return Some(price);
    }
    let over = price.nanos().checked_rem(step.nanos())?;
    match over {
        0 => Some(price),
        over => price
            .checked_add(step)
            .and_then(|up| Rate::from_nanos(up.nanos().checked_sub(over)?).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::parse(text).unwrap()
    }

    #[test]
    fn a_share_rounds_up_so_that_a_cheap_service_still_earns() {
        let profit = |points, text| Margin::share(points).profit(rate(text));
        assert_eq!(profit(1250, "0.90"), Some(rate("0.1125")));
        assert_eq!(profit(1, "0.000000001"), Some(rate("0.000000001")));
        assert_eq!(profit(5000, "0"), Some(Rate::ZERO));
    }

    #[test]
    fn share_and_fixed_part_add_up_and_the_price_is_rounded_up() {
        let margin = Margin {
            points: 2_000,
            fixed: rate("0.05"),
            rounding: rate("0.1"),
        };
        assert_eq!(margin.profit(rate("0.9")), Some(rate("0.3")));
        let unrounded = Margin {
            rounding: Rate::ZERO,
            ..margin
        };
        assert_eq!(unrounded.profit(rate("0.9")), Some(rate("0.23")));
        let even = Margin {
            rounding: rate("0.5"),
            ..Margin::default()
        };
        assert_eq!(even.profit(rate("1.5")), Some(Rate::ZERO));
    }

    #[test]
    fn what_does_not_fit_is_refused_not_wrapped() {
        let huge = Rate::from_nanos(i64::MAX).unwrap();
        assert_eq!(Margin::share(u32::MAX).profit(huge), None);
        assert_eq!(Margin::share(1).profit(huge), None);
        assert_eq!(round_up(huge, rate("1")), None);
        assert_eq!(Margin::default().profit(huge), Some(Rate::ZERO));
    }
}
