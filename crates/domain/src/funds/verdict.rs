//! What a gateway's word about a payment means for whoever claims it.

use std::time::Duration;

use rust_decimal::Decimal;

use super::deposit::Deposit;
use super::policy::FundsPolicy;
use crate::Timestamp;

/// When the gateway is asked about a claim by itself, counted from the claim.
const ASKED_AT: [Duration; 5] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(6),
    Duration::from_hours(24),
];
/// The gateway's clock may be ahead of ours by so much.
const AHEAD_MAX: Duration = Duration::from_mins(5);

/// How far a payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It was made.
    Success,
    /// Nobody knows yet.
    Pending,
    /// It was not made; the gateway's word for that.
    Failed(String),
}

/// A payment as a gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// How far it is.
    pub status: PaymentStatus,
    /// How much.
    pub amount: Option<Decimal>,
    /// In which currency, if the gateway says so.
    pub currency: Option<String>,
    /// How much of it went back to whoever paid.
    pub refunded: Decimal,
    /// When it was made.
    pub paid_at: Option<Timestamp>,
}

/// What a gateway says about a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentAnswer {
    /// There is such a payment.
    Known(Payment),
    /// There is none.
    NotFound,
    /// Nothing that could be understood and trusted; why, for staff.
    Unknown(String),
}

/// Why a person has to look at a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It was paid in another currency.
    Currency,
    /// Some of it was paid back.
    Refunded,
    /// It was paid too long before it was claimed, or nobody knows when.
    Time,
    /// The gateway could not say for a day.
    Undecided,
    /// The fee would leave nothing of it, or it is outside of the limits.
    Amount,
    /// The wallet cannot hold it, or its user is gone.
    Wallet,
}

impl Verdict {
    /// Whether the claim was a guess that missed, as far as anybody can tell.
    #[must_use]
    pub const fn is_a_miss(&self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::Failed(_) | Self::Mismatch(_) | Self::Early
        )
    }

    /// Whether the claim is wrong for good, so that it must not keep out whoever claims the payment next.
    #[must_use]
    pub const fn yields(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Mismatch(_) | Self::Early)
    }
}

impl Trouble {
    /// The word that is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Currency => "other_currency",
            Self::Refunded => "refunded",
            Self::Time => "claimed_too_late",
            Self::Undecided => "undecided",
            Self::Amount => "amount_out_of_limits",
            Self::Wallet => "wallet",
        }
    }
}

/// What becomes of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is true.
    Credit,
    /// The gateway is asked again.
    Pending,
    /// As above, and so far the gateway has not heard of it.
    NotFound,
    /// As above; why nothing could be understood.
    Unknown(String),
    /// It was not paid; the gateway's word.
    Failed(String),
    /// Another amount was paid. The user may correct the claim, and is not told how much it was.
    Mismatch(Decimal),
    /// It was paid after it was claimed: whoever claimed it had guessed, or was too quick. It may be claimed again.
    Early,
    /// A person has to look.
    Review(Trouble),
}

/// What `answer` means for `deposit`.
#[must_use]
pub fn verdict(deposit: &Deposit, answer: &PaymentAnswer, policy: &FundsPolicy, now: Timestamp) -> Verdict {
    let payment = match answer {
        PaymentAnswer::Known(payment) => payment,
        PaymentAnswer::NotFound => return Verdict::NotFound,
        PaymentAnswer::Unknown(reason) => return Verdict::Unknown(reason.clone()),
    };
    match &payment.status {
        PaymentStatus::Pending => return Verdict::Pending,
        PaymentStatus::Failed(word) => return Verdict::Failed(word.clone()),
        PaymentStatus::Success => {}
    }
    let Some(amount) = payment.amount else {
        return Verdict::Unknown("the amount is missing".to_owned());
    };
    // Before everything else is compared: whoever claims a stranger's payment, an old one or one to come, neither learns
    // anything about it nor keeps it from its owner.
    let earliest = deposit.claimed_at.minus(policy.claim_window);
    match payment.paid_at {
        Some(at) if at > now.plus(AHEAD_MAX) => return Verdict::Review(Trouble::Time),
        Some(at) if at > deposit.claimed_at.plus(AHEAD_MAX) => return Verdict::Early,
        Some(at) if at >= earliest => {}
        Some(_) | None => return Verdict::Review(Trouble::Time),
    }
    let is_other = |currency: &str| currency != deposit.currency.as_str();
    if payment.currency.as_deref().is_some_and(is_other) {
        return Verdict::Review(Trouble::Currency);
    }
    if !payment.refunded.is_zero() {
        return Verdict::Review(Trouble::Refunded);
    }
    if amount != deposit.amount {
        return Verdict::Mismatch(amount);
    }
    Verdict::Credit
}

/// Why a gateway's word keeps a person from crediting a claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// It knows of no such payment.
    #[error("the gateway knows no such payment")]
    NotFound,
    /// It was not made, or not yet; the gateway's word.
    #[error("the payment was not made: {0}")]
    NotMade(String),
    /// Another amount was paid.
    #[error("{0} was paid, not what is claimed")]
    OtherAmount(Decimal),
    /// It was paid in another currency.
    #[error("it was paid in {0}")]
    OtherCurrency(String),
    /// All of it went back to whoever paid.
    #[error("all of it was paid back")]
    PaidBack,
}

/// How much of a claim a person may credit, when the gateway says `answer`: what was paid less what went back. Where it says
/// nothing usable, the person's word counts for all that is claimed.
///
/// # Errors
/// [`Contradiction`] if the claim is wrong: it is to be refused, and may be made anew with what is right.
pub fn creditable(deposit: &Deposit, answer: &PaymentAnswer) -> Result<Decimal, Contradiction> {
    let payment = match answer {
        PaymentAnswer::Known(payment) => payment,
        PaymentAnswer::NotFound => return Err(Contradiction::NotFound),
        PaymentAnswer::Unknown(_) => return Ok(deposit.amount),
    };
    match &payment.status {
        PaymentStatus::Pending => return Err(Contradiction::NotMade("pending".to_owned())),
        PaymentStatus::Failed(word) => return Err(Contradiction::NotMade(word.clone())),
        PaymentStatus::Success => {}
    }
    let is_other = |currency: &&String| **currency != *deposit.currency.as_str();
    if let Some(other) = payment.currency.as_ref().filter(is_other) {
        return Err(Contradiction::OtherCurrency(other.clone()));
    }
    let paid = payment.amount.unwrap_or(deposit.amount);
    if paid != deposit.amount {
        return Err(Contradiction::OtherAmount(paid));
    }
    let left = paid.checked_sub(payment.refunded);
    left.filter(|left| *left > Decimal::ZERO)
        .ok_or(Contradiction::PaidBack)
}

/// How long to wait until the gateway is asked again after it was asked `asked` times. `None` if it was asked for a day.
#[must_use]
pub fn ask_again_after(asked: u32, claimed_at: Timestamp, now: Timestamp) -> Option<Duration> {
    let next = ASKED_AT.get(usize::try_from(asked).ok()?)?;
    Some(claimed_at.plus(*next).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::funds::{DepositState, PAYTM};
    use crate::{DepositId, UserId};

    const NOW: Timestamp = Timestamp::from_micros(1_767_323_045_678_901);

    fn deposit() -> Deposit {
        Deposit {
            id: DepositId(1),
            user: UserId::new("ann"),
            method: PAYTM.to_owned(),
            reference: "paytm:x".to_owned(),
            written: "X".to_owned(),
            currency: Currency::from_stored("INR"),
            amount: Decimal::new(10_000, 2),
            state: DepositState::Open,
            reason: None,
            asked: 0,
            rate: None,
            gross: None,
            fee: None,
            approver: None,
            decided_by: None,
            claimed_at: NOW,
            updated_at: NOW,
        }
    }

    fn paid() -> Payment {
        Payment {
            status: PaymentStatus::Success,
            amount: Some(Decimal::from(100)),
            currency: Some("INR".to_owned()),
            refunded: Decimal::ZERO,
            paid_at: Some(NOW.minus(Duration::from_mins(5))),
        }
    }

    fn judged(payment: Payment) -> Verdict {
        verdict(
            &deposit(),
            &PaymentAnswer::Known(payment),
            &FundsPolicy::default(),
            NOW,
        )
    }

    #[test]
    fn only_a_payment_that_was_made_in_time_with_this_amount_and_currency_counts() {
        assert_eq!(judged(paid()), Verdict::Credit);
        assert_eq!(
            judged(Payment {
                currency: None,
                ..paid()
            }),
            Verdict::Credit
        );
        let at = |paid_at| judged(Payment { paid_at, ..paid() });
        assert_eq!(at(Some(NOW.plus(AHEAD_MAX))), Verdict::Credit);
        for paid_at in [
            None,
            Some(NOW.minus(Duration::from_hours(3))),
            Some(NOW.plus(Duration::from_hours(2))),
        ] {
            assert_eq!(at(paid_at), Verdict::Review(Trouble::Time));
        }
        let odd = [
            (
                Payment {
                    status: PaymentStatus::Pending,
                    ..paid()
                },
                Verdict::Pending,
            ),
            (
                Payment {
                    status: PaymentStatus::Failed("TXN_FAILURE".into()),
                    ..paid()
                },
                Verdict::Failed("TXN_FAILURE".into()),
            ),
            (
                Payment {
                    currency: Some("USD".into()),
                    ..paid()
                },
                Verdict::Review(Trouble::Currency),
            ),
            (
                Payment {
                    refunded: Decimal::ONE,
                    ..paid()
                },
                Verdict::Review(Trouble::Refunded),
            ),
            (
                Payment {
                    amount: Some(Decimal::new(9_999, 2)),
                    ..paid()
                },
                Verdict::Mismatch(Decimal::new(9_999, 2)),
            ),
        ];
        for (payment, expected) in odd {
            assert_eq!(judged(payment), expected);
        }
        assert!(matches!(
            judged(Payment {
                amount: None,
                ..paid()
            }),
            Verdict::Unknown(_)
        ));
        // Nobody learns the amount of a payment that is not theirs by its age.
        let old = Payment {
            amount: Some(Decimal::ONE),
            paid_at: Some(NOW.minus(Duration::from_hours(9))),
            ..paid()
        };
        assert_eq!(judged(old), Verdict::Review(Trouble::Time));
    }

    #[test]
    fn what_is_paid_after_it_was_claimed_is_nobodys_yet_whatever_the_claim_says() {
        let later = NOW.plus(AHEAD_MAX).plus(Duration::from_secs(1));
        let payment = Payment {
            paid_at: Some(later),
            amount: Some(Decimal::ONE),
            currency: Some("USD".to_owned()),
            refunded: Decimal::ONE,
            ..paid()
        };
        let judged = |now| {
            verdict(
                &deposit(),
                &PaymentAnswer::Known(payment.clone()),
                &FundsPolicy::default(),
                now,
            )
        };
        assert_eq!(judged(later), Verdict::Early);
        assert!(Verdict::Early.yields() && Verdict::Early.is_a_miss());
        // A claim of just now is not early: the gateway's clock is wrong, and a person looks.
        assert_eq!(judged(NOW), Verdict::Review(Trouble::Time));
    }

    #[test]
    fn a_gateway_is_asked_five_times_within_a_day() {
        let waits: Vec<_> = (0..6)
            .map(|asked| ask_again_after(asked, NOW, NOW).map(|it| it.as_secs()))
            .collect();
        assert_eq!(
            waits,
            [Some(60), Some(300), Some(1_800), Some(21_600), Some(86_400), None]
        );
        assert_eq!(
            ask_again_after(0, NOW, NOW.plus(Duration::from_hours(1))),
            Some(Duration::ZERO)
        );
    }
}
