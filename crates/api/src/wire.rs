//! How values look on the wire.

use std::fmt;

use chrono::{DateTime, Datelike, Timelike, Utc};
use domain::currency::{Display, Towards, shown};
use domain::money::MICROS_PER_UNIT;
use domain::{Money, Rate, Timestamp};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

/// What amounts in other currencies keep where they are not rounded for people.
const SHOWN_DECIMALS: u32 = 6;
/// Whole numbers below this are themselves as a JSON number.
const EXACT_BELOW: u64 = 1 << 53;

/// A date as `YYYY-MM-DDTHH:MM:SS.mmmZ`. Exactly three digits: the web application reads the fraction as milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireTime(pub Timestamp);

impl WireTime {
    /// Digit by digit: a list has dozens of dates, and formatting them took longer than all else that is written.
    fn text(self) -> [u8; 24] {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0.micros()).unwrap_or_default();
        let parts = [
            (0..4, at.year().unsigned_abs()),
            (5..7, at.month()),
            (8..10, at.day()),
            (11..13, at.hour()),
            (14..16, at.minute()),
            (17..19, at.second()),
            (20..23, at.timestamp_subsec_millis()),
        ];
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (places, mut number) in parts {
            for digit in text.get_mut(places).into_iter().flatten().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        text
    }
}

impl fmt::Display for WireTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// An optional date.
#[must_use]
pub fn time(at: Option<Timestamp>) -> Option<WireTime> {
    at.map(WireTime)
}

/// An exact amount as text with at least two decimals.
#[must_use]
pub fn amount_text(amount: Money) -> String {
    padded(amount.to_string())
}

/// An exact price of 1000 as text with at least two decimals.
#[must_use]
pub fn rate_text(rate: Rate) -> String {
    padded(rate.to_string())
}

/// What somebody has, in another currency: rounded down. Exact in the ledger's own.
#[must_use]
pub fn holding_text(display: &Display, amount: Money) -> String {
    if display.currency.is_ledger() {
        return amount_text(amount);
    }
    shown(display.amount(amount), Towards::Zero).to_string()
}

/// The price of 1000 in another currency: rounded to the nearest. Exact in the ledger's own.
#[must_use]
pub fn price_text(display: &Display, rate: Rate) -> String {
    if display.currency.is_ledger() {
        return rate_text(rate);
    }
    shown(display.price(rate), Towards::Nearest).to_string()
}

/// An exact amount as a JSON number, for pages and programs that calculate with it.
#[must_use]
pub fn amount_number(amount: Money) -> f64 {
    if amount.micros().unsigned_abs() < EXACT_BELOW {
        // Both are exact and division rounds once, so it is the nearest number, as reading the decimal would find it.
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "both are below 2^53"
        )]
        return amount.micros() as f64 / MICROS_PER_UNIT as f64;
    }
    number(&amount.to_string())
}

/// An amount in another currency as a JSON number with at most six decimals, for pages that calculate with it.
#[must_use]
pub fn shown_number(display: &Display, amount: Money) -> f64 {
    if display.currency.is_ledger() {
        return amount_number(amount);
    }
    number(&shown_amount(display, amount).to_string())
}

/// The same as text.
#[must_use]
pub fn shown_text(display: &Display, amount: Money) -> String {
    if display.currency.is_ledger() {
        return amount_text(amount);
    }
    padded(shown_amount(display, amount).to_string())
}

fn shown_amount(display: &Display, amount: Money) -> Decimal {
    display.amount(amount).round_dp(SHOWN_DECIMALS).normalize()
}

/// A price of 1000 as a JSON number, for pages that calculate with it.
#[must_use]
pub fn rate_number(rate: Rate) -> f64 {
    number(&rate.to_string())
}

/// The nearest number to a plain decimal. It reads back as written up to fifteen digits.
fn number(plain: &str) -> f64 {
    plain.parse().unwrap_or_default()
}

fn padded(plain: String) -> String {
    let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    match decimals {
        0 => format!("{plain}.00"),
        1 => format!("{plain}0"),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_exactly_three_fraction_digits() {
        let text = |micros| WireTime(Timestamp::from_micros(micros)).to_string();
        assert_eq!(text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(1_795_252_745_023_999), "2026-11-21T09:19:05.023Z");
        assert_eq!(text(-62_135_596_799_999_001), "0001-01-01T00:00:00.000Z");
        assert_eq!(text(253_402_300_799_999_999), "9999-12-31T23:59:59.999Z");
        let written = serde_json::to_string(&WireTime(Timestamp::from_micros(1_795_252_745_023_999)));
        assert_eq!(written.unwrap(), "\"2026-11-21T09:19:05.023Z\"");
    }

    #[test]
    fn amounts_have_at_least_two_decimals_and_lose_none() {
        let text = |text| amount_text(Money::parse(text).unwrap());
        assert_eq!(text("12.5"), "12.50");
        assert_eq!(text("0.000001"), "0.000001");
        assert_eq!(text("-3"), "-3.00");
        assert_eq!(rate_text(Rate::parse("116.734").unwrap()), "116.734");
    }

    #[test]
    fn numbers_read_back_as_written() {
        assert_eq!(
            serde_json::to_string(&rate_number(Rate::parse("0.9").unwrap())).unwrap(),
            "0.9"
        );
        assert_eq!(
            serde_json::to_string(&shown_number(
                &Display::ledger(),
                Money::parse("11.6732").unwrap()
            ))
            .unwrap(),
            "11.6732"
        );
    }

    #[test]
    fn a_number_is_the_nearest_to_the_exact_amount() {
        let steps = (0..4_000).map(|step| step * 2_251_799_813_685 + step * step);
        for micros in steps.chain([1, 7, 100_000, i64::MAX, (1 << 53) - 1, 1 << 53]) {
            for amount in [Money::from_micros(micros), Money::from_micros(-micros)] {
                let read: f64 = amount.to_string().parse().unwrap();
                assert_eq!(amount_number(amount).to_bits(), read.to_bits(), "{amount}");
            }
        }
    }
}
