//! Amounts inside the panel: integer micro-units of a dollar, decimal strings only on the wire.

/// Micro-units in one dollar.
pub const MICROS: u64 = 1_000_000;

/// Units a rate is quoted for.
const RATE_UNITS: u64 = 1_000;

/// What `quantity` units cost at `rate` micro-units per thousand, rounded up.
///
/// Saturates instead of overflowing, so an absurd quantity is merely unaffordable.
pub fn charge(rate: u64, quantity: u64) -> u64 {
    narrow((wide(rate) * wide(quantity)).div_ceil(wide(RATE_UNITS)))
}

/// The part of `charge` that belongs to `remains` of `quantity` units, rounded down.
///
/// What is refunded and what is kept always add up to `charge`.
pub fn refund(charge: u64, remains: u64, quantity: u64) -> u64 {
    match wide(charge)
        .checked_mul(wide(remains.min(quantity)))
        .and_then(|product| product.checked_div(wide(quantity)))
    {
        Some(part) => narrow(part),
        None => 0,
    }
}

/// Writes micro-units as panels do: at least two decimals, at most six.
pub fn decimal(micros: u64) -> String {
    let fraction = format!("{:06}", micros % MICROS);
    let significant = fraction.trim_end_matches('0');
    format!("{}.{significant:0<2}", micros / MICROS)
}

fn wide(value: u64) -> u128 {
    u128::from(value)
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_per_thousand_and_rounds_up() {
        assert_eq!(charge(900_000, 1_000), 900_000);
        assert_eq!(charge(8_400, 10), 84);
        assert_eq!(charge(8_400, 1), 9);
        assert_eq!(charge(u64::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn a_refund_rounds_down_and_never_exceeds_the_charge() {
        assert_eq!(refund(100, 1, 3), 33);
        assert_eq!(refund(100, 3, 3), 100);
        assert_eq!(refund(100, 9, 3), 100);
        assert_eq!(refund(100, 1, 0), 0);
    }

    #[test]
    fn amounts_are_written_with_two_to_six_decimals() {
        assert_eq!(decimal(900_000), "0.90");
        assert_eq!(decimal(8_400), "0.0084");
        assert_eq!(decimal(1_000_000_000), "1000.00");
        assert_eq!(decimal(100_842_920), "100.84292");
        assert_eq!(decimal(1), "0.000001");
        assert_eq!(decimal(0), "0.00");
    }
}
