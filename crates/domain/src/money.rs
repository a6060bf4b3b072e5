//! Exact money. No floating point takes part in any amount.

use std::fmt;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// Micro-units in one unit of the ledger currency (USD).
pub const MICROS_PER_UNIT: i64 = 1_000_000;
const MONEY_DECIMALS: u32 = 6;
const RATE_DECIMALS: u32 = 9;
/// nano-units per 1000 pieces → micro-units per piece: 1000 (nano to micro) × 1000 (per thousand).
const NANOS_PER_THOUSAND_TO_MICROS: i128 = 1_000_000;

/// Why a text or a number is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// The number has more decimal places than the unit keeps.
    #[error("too many decimal places")]
    TooPrecise,
    /// The number is below zero where only zero or more makes sense.
    #[error("must not be negative")]
    Negative,
    /// The number does not fit into 64 bits of the smallest unit.
    #[error("too large")]
    Overflow,
}

/// An amount in micro-units (10⁻⁶) of the ledger currency. May be negative as a difference; stored balances never are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest amount there is.
    pub const MICRO: Self = Self(1);

    /// An amount of `micros` micro-units.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// An amount of whole units; `None` on overflow.
    #[must_use]
    pub const fn from_units(units: i64) -> Option<Self> {
        match units.checked_mul(MICROS_PER_UNIT) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The amount in micro-units.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Sum; `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Difference; `None` on overflow.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Difference that stops at zero, for amounts that are known not to go below it.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// `self × part / whole`, rounded down, computed in 128 bits. `None` if `whole` is not positive, `part` is outside
    /// `0..=whole`, or the amount is negative. The result is never above `self`.
    #[must_use]
    pub fn share_rounded_down(self, part: u64, whole: u64) -> Option<Self> {
        if whole == 0 || part > whole || self.0 < 0 {
            return None;
        }
        let share = i128::from(self.0) * i128::from(part) / i128::from(whole);
        i64::try_from(share).ok().map(Self)
    }

    /// Parses a plain decimal such as `12.5` with at most six decimals.
    ///
    /// # Errors
    /// [`MoneyError`] if the text is not such a number or does not fit.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        scaled(parse_plain(text)?, MONEY_DECIMALS).map(Self)
    }

    /// The amount as an exact decimal.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, MONEY_DECIMALS)
    }
}

/// `12.5` rather than `12.500000`, and never an exponent.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(f, self.0, MONEY_DECIMALS)
    }
}

/// A scaled number as a decimal without zeros at its end.
fn plain(f: &mut fmt::Formatter<'_>, scaled: i64, decimals: u32) -> fmt::Result {
    let scale = 10_u64.pow(decimals);
    let (whole, mut rest) = (scaled.unsigned_abs() / scale, scaled.unsigned_abs() % scale);
    let sign = if scaled < 0 { "-" } else { "" };
    if rest == 0 {
        return write!(f, "{sign}{whole}");
    }
    let mut digits = usize::try_from(decimals).unwrap_or_default();
    while rest % 10 == 0 {
        rest /= 10;
        digits -= 1;
    }
    write!(f, "{sign}{whole}.{rest:0digits$}")
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({self})")
    }
}

/// The price of 1000 pieces, in nano-units (10⁻⁹) of the ledger currency; never negative.
///
/// Providers quote rates far below a cent; nine decimals keep what they quote without rounding to nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(i64);

impl Rate {
    /// Free of charge (an order still costs one micro-unit, see [`Rate::charge`]).
    pub const ZERO: Self = Self(0);

    /// A rate of `nanos` nano-units per 1000 pieces.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] below zero.
    pub const fn from_nanos(nanos: i64) -> Result<Self, MoneyError> {
        if nanos < 0 {
            Err(MoneyError::Negative)
        } else {
            Ok(Self(nanos))
        }
    }

    /// The rate in nano-units per 1000 pieces.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Parses a rate that we set ourselves: a plain decimal with at most nine decimals.
    ///
    /// # Errors
    /// [`MoneyError`] if the text is not such a number or does not fit.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        Self::from_nanos(scaled(parse_plain(text)?, RATE_DECIMALS)?)
    }

    /// Parses a rate that somebody else quotes: more than nine decimals round **up**, so that a cost is never too low.
    ///
    /// # Errors
    /// [`MoneyError`] if the text is not a number at or above zero, or does not fit.
    pub fn parse_quoted(text: &str) -> Result<Self, MoneyError> {
        let quoted = parse_plain(text)?;
        let kept = quoted.round_dp_with_strategy(RATE_DECIMALS, RoundingStrategy::ToPositiveInfinity);
        Self::from_nanos(scaled(kept, RATE_DECIMALS)?)
    }

    /// Sum of two rates; `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Difference of two rates; `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self >= other).then(|| Self(self.0 - other.0))
    }

    /// What `quantity` pieces cost at this rate: `rate × quantity / 1000`, multiplied first and rounded **up** once, and
    /// at least one micro-unit. `None` if it does not fit.
    #[must_use]
    pub fn charge(self, quantity: u64) -> Option<Money> {
        self.exact(quantity).map(|cost| cost.max(Money::MICRO))
    }

    /// What `quantity` pieces cost **us** at this rate: as [`Rate::charge`], but a free service costs nothing.
    #[must_use]
    pub fn exact(self, quantity: u64) -> Option<Money> {
        let nanos_times_quantity = i128::from(self.0).checked_mul(i128::from(quantity))?;
        let quotient = nanos_times_quantity / NANOS_PER_THOUSAND_TO_MICROS;
        let remainder = nanos_times_quantity % NANOS_PER_THOUSAND_TO_MICROS;
        let micros = quotient + i128::from(remainder > 0);
        i64::try_from(micros).ok().map(Money)
    }

    /// The rate as an exact decimal number of units per 1000 pieces.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, RATE_DECIMALS)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(f, self.0, RATE_DECIMALS)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rate({self}/1000)")
    }
}

/// The library also reads `1_000`, which nobody who means money writes.
fn parse_plain(text: &str) -> Result<Decimal, MoneyError> {
    let text = text.trim();
    if text.contains('_') {
        return Err(MoneyError::NotANumber);
    }
    Decimal::from_str_exact(text).map_err(|_| MoneyError::NotANumber)
}

fn scaled(value: Decimal, decimals: u32) -> Result<i64, MoneyError> {
    let value = value.normalize();
    if value.scale() > decimals {
        return Err(MoneyError::TooPrecise);
    }
    let factor = Decimal::from(10_u64.pow(decimals));
    value
        .checked_mul(factor)
        .and_then(|scaled| scaled.to_i64())
        .ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_rounds_up_and_an_order_of_any_size_costs_a_micro_unit() {
        let rate = Rate::parse("0.90").unwrap();
        assert_eq!(rate.charge(1000), Some(Money::from_micros(900_000)));
        assert_eq!(rate.charge(1), Some(Money::from_micros(900)));
        assert_eq!(Rate::parse("0.0000001").unwrap().charge(1), Some(Money::MICRO));
        assert_eq!(Rate::ZERO.charge(10), Some(Money::MICRO));
        assert_eq!(Rate::ZERO.exact(10), Some(Money::ZERO));
        assert_eq!(
            Rate::parse("0.001001").unwrap().charge(1),
            Some(Money::from_micros(2))
        );
    }

    #[test]
    fn amounts_read_as_the_exact_decimal_without_zeros_at_its_end() {
        let mut scaled = i64::MAX;
        while scaled != 0 {
            for number in [
                scaled,
                -scaled,
                scaled / 1_000_000 * 1_000_000,
                scaled / 100 * 100,
            ] {
                let exact = Money::from_micros(number).to_decimal().normalize();
                assert_eq!(Money::from_micros(number).to_string(), exact.to_string());
            }
            let exact = Rate::from_nanos(scaled).unwrap().to_decimal().normalize();
            assert_eq!(Rate::from_nanos(scaled).unwrap().to_string(), exact.to_string());
            scaled = scaled / 7 * 3;
        }
        let text = |micros| Money::from_micros(micros).to_string();
        assert_eq!([text(0), text(10), text(-1_500_000)], ["0", "0.00001", "-1.5"]);
        assert_eq!(text(i64::MIN), "-9223372036854.775808");
    }

    #[test]
    fn a_charge_that_does_not_fit_is_refused_not_wrapped() {
        assert_eq!(Rate::from_nanos(i64::MAX).unwrap().charge(u64::MAX), None);
    }

    #[test]
    fn the_reference_partial_refund_is_exact() {
        let price = Money::from_micros(100_003);
        assert_eq!(
            price.share_rounded_down(33, 100),
            Some(Money::from_micros(33_000))
        );
    }

    #[test]
    fn text_outside_the_unit_is_refused() {
        assert_eq!(Money::parse("1.0000001"), Err(MoneyError::TooPrecise));
        assert_eq!(Money::parse("ten"), Err(MoneyError::NotANumber));
        assert_eq!(Money::parse("1_000"), Err(MoneyError::NotANumber));
        assert_eq!(Money::parse("99999999999999"), Err(MoneyError::Overflow));
        assert_eq!(Rate::parse("-1"), Err(MoneyError::Negative));
        assert_eq!(Rate::parse_quoted("0.00000000011").unwrap().nanos(), 1);
    }

    #[test]
    fn sums_and_differences_are_exact_or_refused() {
        let (two, three) = (Money::from_units(2).unwrap(), Money::from_units(3).unwrap());
        assert_eq!(two.micros(), 2_000_000);
        assert_eq!(Money::from_units(i64::MAX), None);
        assert_eq!(two.checked_add(three), Money::from_units(5));
        assert_eq!(two.checked_sub(three), Money::from_units(-1));
        assert_eq!(Money::from_micros(i64::MIN).checked_sub(Money::MICRO), None);
        assert_eq!(Money::from_micros(i64::MAX).checked_add(Money::MICRO), None);
        assert_eq!(two.saturating_sub(three), Money::ZERO);
        assert_eq!(three.saturating_sub(two), Money::from_units(1).unwrap());
        let rate = Rate::from_nanos(7).unwrap();
        assert_eq!(rate.checked_add(rate).map(Rate::nanos), Some(14));
        assert_eq!(Rate::from_nanos(i64::MAX).unwrap().checked_add(rate), None);
    }

    #[test]
    fn nothing_has_a_share_of_nothing_and_a_debt_has_none() {
        assert_eq!(Money::ZERO.share_rounded_down(1, 2), Some(Money::ZERO));
        assert_eq!(Money::from_micros(-1).share_rounded_down(1, 2), None);
        assert_eq!(Money::MICRO.share_rounded_down(0, 0), None);
        assert_eq!(Money::MICRO.share_rounded_down(3, 2), None);
        assert_eq!(Money::MICRO.share_rounded_down(2, 2), Some(Money::MICRO));
    }

    #[test]
    fn free_is_a_rate_and_below_it_is_none() {
        assert_eq!(Rate::from_nanos(0), Ok(Rate::ZERO));
        assert_eq!(Rate::from_nanos(-1), Err(MoneyError::Negative));
    }

    #[test]
    fn logs_tell_amounts_and_rates_apart() {
        assert_eq!(format!("{:?}", Money::from_micros(1_500_000)), "Money(1.5)");
        assert_eq!(format!("{:?}", Rate::parse("0.9").unwrap()), "Rate(0.9/1000)");
    }

    #[test]
    fn amounts_read_back_as_written() {
        assert_eq!(Money::parse("12.50").unwrap().to_string(), "12.5");
        assert_eq!(Money::parse("100").unwrap().to_string(), "100");
        assert_eq!(Money::ZERO.to_string(), "0");
    }
}
