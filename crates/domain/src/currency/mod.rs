//! Display currencies. Amounts are kept in [`Currency::LEDGER`]; what is shown in another one is computed from an exact
//! rate, rounded once, and never flows back into what is charged.

mod judge;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rust_decimal::{Decimal, RoundingStrategy};

pub use crate::identity::Currency;
pub use judge::{Judgement, Quotes, RatePolicy, Refused, agreed, judge};

use crate::{Money, Rate, RateSetId, Timestamp};

/// What a rate keeps.
const DECIMALS: u32 = 10;
/// The lowest and the highest rate there may be. Every currency in use lies well between.
const LEAST: Decimal = Decimal::from_parts(1, 0, 0, false, 4);
const MOST: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);
/// What amounts are shown with.
const SHOWN_DECIMALS: u32 = 2;

/// Why a number is not an exchange rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// It is no number.
    #[error("is not a number")]
    NotANumber,
    /// Zero or less.
    #[error("is not above zero")]
    NotPositive,
    /// No currency is worth that little or that much.
    #[error("is outside of 0.0001 to 10000000")]
    OutOfRange,
}

/// Units of a currency for one unit of the ledger's: above zero, exact, with at most ten decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExchangeRate(Decimal);

impl ExchangeRate {
    /// Of the ledger currency itself.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Checks a number.
    ///
    /// # Errors
    /// [`RateError`].
    pub fn new(rate: Decimal) -> Result<Self, RateError> {
        if rate <= Decimal::ZERO {
            return Err(RateError::NotPositive);
        }
        let rate = rate.round_dp(DECIMALS).normalize();
        if (LEAST..=MOST).contains(&rate) {
            Ok(Self(rate))
        } else {
            Err(RateError::OutOfRange)
        }
    }

    /// Reads a number as people and programs write it, `8.338e1` too.
    ///
    /// # Errors
    /// [`RateError`].
    pub fn parse(text: &str) -> Result<Self, RateError> {
        let text = text.trim();
        if text.contains('_') {
            return Err(RateError::NotANumber);
        }
        let number = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
        Self::new(
            number
                .or_else(|_| text.parse())
                .map_err(|_| RateError::NotANumber)?,
        )
    }

    /// The number.
    #[must_use]
    pub const fn to_decimal(self) -> Decimal {
        self.0
    }

    /// What `amount` of the ledger's currency is in this one. Exact as far as 28 digits go, and not rounded for people yet.
    #[must_use]
    pub fn convert(self, amount: Decimal) -> Decimal {
        amount.checked_mul(self.0).unwrap_or(Decimal::MAX)
    }

    /// What `amount` of this currency is in the ledger's, rounded down. `None` below zero or if it does not fit.
    #[must_use]
    pub fn to_ledger(self, amount: Decimal) -> Option<Money> {
        let (amount, rate) = (amount.normalize(), self.0);
        let power = |scale: u32| 10_i128.checked_pow(scale);
        // amount / rate × 10⁶, in whole numbers: nothing is rounded before the end.
        let above = amount.mantissa().checked_mul(power(rate.scale())?)?;
        let above = above.checked_mul(power(6)?)?;
        let below = rate.mantissa().checked_mul(power(amount.scale())?)?;
        let micros = i64::try_from(above.checked_div(below)?).ok()?;
        (micros >= 0).then_some(Money::from_micros(micros))
    }

    /// What a price of this currency is in the ledger's, rounded up to a nano-unit, so that a cost is never too low. `None` if
    /// it does not fit.
    #[must_use]
    pub fn price_to_ledger(self, price: Rate) -> Option<Rate> {
        let above = i128::from(price.nanos()).checked_mul(10_i128.checked_pow(self.0.scale())?)?;
        let below = self.0.mantissa();
        let nanos = above.checked_div(below)?;
        let nanos = nanos.checked_add(i128::from(above.checked_rem(below)? > 0))?;
        Rate::from_nanos(i64::try_from(nanos).ok()?).ok()
    }

    /// By how many hundredths of a percent this differs from `other`.
    #[must_use]
    pub fn difference(self, other: Self) -> Decimal {
        let difference = (self.0 - other.0).abs();
        difference
            .checked_div(other.0)
            .and_then(|share| share.checked_mul(Decimal::from(10_000)))
            .unwrap_or(Decimal::MAX)
    }
}

impl fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// To which side an amount is rounded when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    /// The nearest: what something costs.
    Nearest,
    /// Zero: what somebody has.
    Zero,
}

/// An amount as it is shown: two decimals, and below one as many as three significant digits need. What is not nothing
/// never looks like nothing.
#[must_use]
pub fn shown(amount: Decimal, towards: Towards) -> Decimal {
    let strategy = match towards {
        Towards::Nearest => RoundingStrategy::MidpointAwayFromZero,
        Towards::Zero => RoundingStrategy::ToZero,
    };
    let mut decimals = SHOWN_DECIMALS;
    let mut digits = amount.abs() * Decimal::ONE_HUNDRED;
    while digits < Decimal::ONE_HUNDRED && !digits.is_zero() && decimals < 28 {
        digits *= Decimal::TEN;
        decimals += 1;
    }
    let mut shown = amount.round_dp_with_strategy(decimals, strategy).normalize();
    if shown.scale() < SHOWN_DECIMALS {
        shown.rescale(SHOWN_DECIMALS);
    }
    shown
}

/// Where a rate comes from: the name of a source, or [`MANUAL`].
pub type SourceName = String;

/// The source of what staff set.
pub const MANUAL: &str = "manual";

/// A rate in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedRate {
    /// Of this currency.
    pub currency: Currency,
    /// The rate.
    pub rate: ExchangeRate,
    /// Who says so.
    pub source: SourceName,
    /// When it was so, as they say.
    pub as_of: Timestamp,
}

impl QuotedRate {
    /// Whether it may still be used. What staff set stays until they take it back.
    #[must_use]
    pub fn is_trusted(&self, now: Timestamp, max_age: Duration) -> bool {
        self.source == MANUAL || now.since(self.as_of) <= max_age
    }
}

/// Rates that are in force together. One that was recorded never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSet {
    /// Names it.
    pub id: RateSetId,
    /// Since when it is in force.
    pub at: Timestamp,
    /// By currency; the ledger's own is not among them.
    pub rates: BTreeMap<Currency, QuotedRate>,
}

/// How amounts are shown to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// In this currency.
    pub currency: Currency,
    /// At this rate.
    pub rate: ExchangeRate,
}

impl Display {
    /// As they are kept.
    #[must_use]
    pub fn ledger() -> Self {
        Self {
            currency: Currency::ledger(),
            rate: ExchangeRate::ONE,
        }
    }

    /// An amount in this currency, not rounded yet.
    #[must_use]
    pub fn amount(&self, amount: Money) -> Decimal {
        self.rate.convert(amount.to_decimal())
    }

    /// The price of 1000 in this currency, not rounded yet.
    #[must_use]
    pub fn price(&self, rate: Rate) -> Decimal {
        self.rate.convert(rate.to_decimal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> ExchangeRate {
        ExchangeRate::parse(text).unwrap()
    }

    fn number(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn a_rate_is_above_zero_and_within_what_currencies_are_worth() {
        assert_eq!(rate("83.38").to_string(), "83.38");
        assert_eq!(rate("8.338e1"), rate("83.3800"));
        assert_eq!(rate("0.30712345678").to_string(), "0.3071234568");
        for (text, error) in [
            ("NaN", RateError::NotANumber),
            ("inf", RateError::NotANumber),
            ("", RateError::NotANumber),
            ("null", RateError::NotANumber),
            ("8_3", RateError::NotANumber),
            ("0", RateError::NotPositive),
            ("-83", RateError::NotPositive),
            ("1e-12", RateError::OutOfRange),
            ("1e12", RateError::OutOfRange),
        ] {
            assert_eq!(ExchangeRate::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn money_of_another_currency_becomes_the_ledgers_rounded_down_once() {
        assert_eq!(
            rate("83.38").to_ledger(number("100.00")),
            Some(Money::from_micros(1_199_328))
        );
        assert_eq!(
            rate("4").to_ledger(number("1")),
            Some(Money::from_micros(250_000))
        );
        assert_eq!(rate("3").to_ledger(number("-1")), None);
        assert_eq!(rate("0.0001").to_ledger(number("79228162514264")), None);
        assert_eq!(
            ExchangeRate::ONE.to_ledger(number("12.345678")),
            Some(Money::from_micros(12_345_678))
        );
    }

    #[test]
    fn a_price_of_another_currency_becomes_the_ledgers_rounded_up_once() {
        let price = |text| Rate::parse(text).unwrap();
        let to_ledger = |rate: &str, text| self::rate(rate).price_to_ledger(price(text));
        assert_eq!(to_ledger("83.38", "83.38"), Some(price("1")));
        assert_eq!(to_ledger("3", "1"), Some(price("0.333333334")));
        assert_eq!(to_ledger("0.5", "1.000000001"), Some(price("2.000000002")));
        assert_eq!(to_ledger("10000000", "0.000000001"), Some(price("0.000000001")));
        assert_eq!(to_ledger("83.38", "0"), Some(Rate::ZERO));
        let most = Rate::from_nanos(i64::MAX).unwrap();
        assert_eq!(rate("0.9999999999").price_to_ledger(most), None);
        assert_eq!(ExchangeRate::ONE.price_to_ledger(most), Some(most));
    }

    #[test]
    fn what_is_shown_has_two_decimals_and_is_never_nothing_unless_it_is_nothing() {
        let text = |text, towards| shown(number(text), towards).to_string();
        assert_eq!(text("116.73200001", Towards::Nearest), "116.73");
        assert_eq!(text("116.735", Towards::Nearest), "116.74");
        assert_eq!(text("7", Towards::Nearest), "7.00");
        assert_eq!(text("0.5", Towards::Nearest), "0.50");
        assert_eq!(text("0.03468", Towards::Nearest), "0.0347");
        assert_eq!(text("0.000034687", Towards::Nearest), "0.0000347");
        assert_eq!(text("0.000034687", Towards::Zero), "0.0000346");
        assert_eq!(text("99.999", Towards::Zero), "99.99");
        assert_eq!(text("-1.239", Towards::Zero), "-1.23");
        assert_eq!(text("0", Towards::Nearest), "0.00");
    }
}
