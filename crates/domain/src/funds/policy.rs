//! What deposits cost and how large they may be.

use std::time::Duration;

use crate::Money;

/// What a deposit costs its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionFee {
    /// Hundredths of a percent of the deposit.
    pub basis_points: u32,
    /// On top of that.
    pub fixed: Money,
}

impl TransactionFee {
    /// Nothing.
    pub const NONE: Self = Self {
        basis_points: 0,
        fixed: Money::ZERO,
    };

    /// The fee of a deposit, rounded up. `None` if it leaves nothing of it.
    #[must_use]
    pub fn of(self, gross: Money) -> Option<Money> {
        let share = i128::from(gross.micros()) * i128::from(self.basis_points);
        let share = share / 10_000 + i128::from(share % 10_000 > 0);
        let fee = Money::from_micros(i64::try_from(share).ok()?).checked_add(self.fixed)?;
        (fee < gross).then_some(fee)
    }
}

/// How deposits and withdrawals are handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundsPolicy {
    /// What a deposit costs its user.
    pub fee: TransactionFee,
    /// How long before it was claimed a payment may have been made.
    pub claim_window: Duration,
    /// Less is not deposited.
    pub deposit_min: Money,
    /// More is not deposited at once.
    pub deposit_max: Money,
    /// Less is not withdrawn.
    pub withdrawal_min: Money,
    /// From this amount on two members of staff approve.
    pub second_approver_from: Money,
    /// Ways to deposit that staff look at, such as `bank`.
    pub manual_methods: Vec<String>,
}

impl Default for FundsPolicy {
    fn default() -> Self {
        Self {
            fee: TransactionFee::NONE,
            claim_window: Duration::from_hours(2),
            deposit_min: Money::from_micros(10_000),
            deposit_max: Money::from_micros(10_000_000_000),
            withdrawal_min: Money::from_micros(1_000_000),
            second_approver_from: Money::from_micros(1_000_000_000),
            manual_methods: vec!["bank".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_rounded_up_and_never_takes_everything() {
        let fee = TransactionFee {
            basis_points: 250,
            fixed: Money::from_micros(300_000),
        };
        let of = |micros| fee.of(Money::from_micros(micros)).map(Money::micros);
        assert_eq!(of(10_000_000), Some(550_000));
        assert_eq!(of(10_000_001), Some(550_001));
        assert_eq!(of(300_000), None);
        assert_eq!(of(307_694), Some(307_693));
        assert_eq!(TransactionFee::NONE.of(Money::MICRO), Some(Money::ZERO));
        let all = TransactionFee {
            basis_points: 10_000,
            fixed: Money::ZERO,
        };
        assert_eq!(all.of(Money::from_micros(5)), None);
    }
}
