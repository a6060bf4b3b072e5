//! What is added to a provider's price when services are imported.

use domain::Rate;

/// Hundredths of a percent in one whole.
const BASIS_POINTS_PER_WHOLE: i128 = 10_000;

/// How the profit of an imported service is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfitRule {
    /// A share of the provider's price, in hundredths of a percent; rounded up to a nano-unit.
    BasisPoints(u32),
    /// The same for 1000 pieces of every service.
    Fixed(Rate),
}

impl ProfitRule {
    /// The profit on 1000 pieces that cost `rate`. `None` if it does not fit.
    #[must_use]
    pub fn profit(self, rate: Rate) -> Option<Rate> {
        match self {
            Self::Fixed(profit) => Some(profit),
            Self::BasisPoints(points) => {
                let product = i128::from(rate.nanos()) * i128::from(points);
                let nanos = (product + BASIS_POINTS_PER_WHOLE - 1) / BASIS_POINTS_PER_WHOLE;
                Rate::from_nanos(i64::try_from(nanos).ok()?).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_rounds_up_so_that_a_cheap_service_still_earns() {
        let rate = |text| Rate::parse(text).unwrap();
        assert_eq!(
            ProfitRule::BasisPoints(1250).profit(rate("0.90")),
            Some(rate("0.1125"))
        );
        assert_eq!(
            ProfitRule::BasisPoints(1).profit(rate("0.000000001")),
            Some(rate("0.000000001"))
        );
        assert_eq!(ProfitRule::BasisPoints(5000).profit(Rate::ZERO), Some(Rate::ZERO));
        assert_eq!(
            ProfitRule::Fixed(rate("0.5")).profit(rate("7")),
            Some(rate("0.5"))
        );
    }

    #[test]
    fn a_share_that_does_not_fit_is_refused_not_wrapped() {
        let huge = Rate::from_nanos(i64::MAX).unwrap();
        assert_eq!(ProfitRule::BasisPoints(u32::MAX).profit(huge), None);
    }
}
