//! A deposit: a payment that a user claims, and what became of it.

use rust_decimal::Decimal;

use super::approval::{Matter, Stage};
use crate::currency::{Currency, ExchangeRate};
use crate::text::{TextError, folded, plain, squeezed};
use crate::{DepositId, Money, Timestamp, UserId};

/// The method of payments that Paytm knows.
pub const PAYTM: &str = "paytm";
/// The method of what one member of staff wants to credit by hand, and a second one has to agree to.
pub const ADJUSTMENT: &str = "adjustment";
/// What the references of deposits begin with that staff look at.
pub const MANUAL_PREFIX: &str = "manual:";
/// The longest id of an order at Paytm.
const PAYTM_MAX: usize = 50;
/// The longest reference of a deposit that staff look at, in characters.
const MANUAL_MAX_CHARS: usize = 100;

/// Where a deposit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepositState {
    /// The gateway is asked about it.
    Open,
    /// A person looks at it.
    Review,
    /// The money is in the wallet. The end.
    Credited,
    /// It was not paid, or staff refused it. It may be claimed again.
    Refused,
    /// The gateway never heard of it. It may be claimed again.
    Expired,
}

impl DepositState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Review,
        Self::Credited,
        Self::Refused,
        Self::Expired,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "review",
            Self::Credited => "credited",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether somebody may claim the payment, as if nobody had.
    #[must_use]
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Refused | Self::Expired)
    }
}

/// A claim that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeposit {
    /// Whose.
    pub user: UserId,
    /// [`PAYTM`], or one that staff look at.
    pub method: String,
    /// Names the payment, in the ledger too.
    pub reference: String,
    /// The same as the user wrote it.
    pub written: String,
    /// What was paid in.
    pub currency: Currency,
    /// How much, as the user says; above zero.
    pub amount: Decimal,
    /// [`DepositState::Open`] or [`DepositState::Review`].
    pub state: DepositState,
    /// When.
    pub at: Timestamp,
}

/// A deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deposit {
    /// Names it; public.
    pub id: DepositId,
    /// Who claimed it first.
    pub user: UserId,
    /// How it was paid.
    pub method: String,
    /// Names the payment, in the ledger too.
    pub reference: String,
    /// The same as the user wrote it.
    pub written: String,
    /// What was paid in.
    pub currency: Currency,
    /// How much, as the user says.
    pub amount: Decimal,
    /// Where it is.
    pub state: DepositState,
    /// Why it is there, in a word.
    pub reason: Option<String>,
    /// How often the gateway was asked by the schedule.
    pub asked: u32,
    /// Units of the currency for one of the ledger's, when it was credited.
    pub rate: Option<ExchangeRate>,
    /// What was paid, in the ledger's currency.
    pub gross: Option<Money>,
    /// What of that is a fee.
    pub fee: Option<Money>,
    /// The first of two who approve.
    pub approver: Option<UserId>,
    /// Who decided, if a person did.
    pub decided_by: Option<UserId>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Deposit {
    /// Whether this is the same claim as `other`, which was read earlier.
    #[must_use]
    pub fn is_the_claim(&self, other: &Self) -> bool {
        (&self.user, self.amount, self.claimed_at) == (&other.user, other.amount, other.claimed_at)
    }

    /// Whether a gateway knows about the payment.
    #[must_use]
    pub fn asks_a_gateway(&self) -> bool {
        self.method == PAYTM
    }

    /// Whether it is not a payment, but what a member of staff wants to credit by hand.
    #[must_use]
    pub fn is_an_adjustment(&self) -> bool {
        self.reference
            .strip_prefix(ADJUSTMENT)
            .is_some_and(|rest| rest.starts_with(':'))
    }

    /// What somebody decides about who wants it to become `wanted`.
    #[must_use]
    pub fn matter(&self, wanted: DepositState) -> Matter<'_> {
        Matter {
            owner: &self.user,
            stage: match self.state {
                DepositState::Review => Stage::Waiting,
                state if state == wanted => Stage::DecidedSo,
                _ => Stage::Past,
            },
            approver: self.approver.as_ref(),
            decided_by: self.decided_by.as_ref(),
        }
    }
}

/// Why a text names no payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It has characters that no such name has, or too many.
    #[error("must be 1 to {PAYTM_MAX} letters, digits, or @ - _ .")]
    NotOfPaytm,
    /// It has neither letters nor digits.
    #[error("must have letters or digits")]
    Nameless,
    /// It is not a plain text.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// The ledger's name of an order at Paytm. Whatever the case of its letters it is one payment: better to take two for one
/// than one for two.
///
/// # Errors
/// [`ReferenceError::NotOfPaytm`].
pub fn paytm_reference(order: &str) -> Result<String, ReferenceError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@-_.".contains(c);
    if order.is_empty() || order.len() > PAYTM_MAX || !order.chars().all(is_plain) {
        return Err(ReferenceError::NotOfPaytm);
    }
    Ok(format!("{PAYTM}:{}", order.to_ascii_lowercase()))
}

/// The ledger's name of what a member of staff wants to credit by hand, in a request of theirs.
#[must_use]
pub fn adjustment_reference(request: &str) -> String {
    format!("{ADJUSTMENT}:{request}")
}

/// The ledger's name of a payment that staff look at. Only letters and digits make a difference, and neither their case nor
/// how they are drawn: signs that nobody sees would make one payment two.
///
/// # Errors
/// [`ReferenceError::Text`].
pub fn manual_reference(method: &str, written: &str) -> Result<String, ReferenceError> {
    let name = squeezed(&folded(plain(written, MANUAL_MAX_CHARS)?));
    if name.is_empty() {
        return Err(ReferenceError::Nameless);
    }
    Ok(format!("{MANUAL_PREFIX}{method}:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_payment_has_one_name_however_it_is_written() {
        assert_eq!(
            paytm_reference("OrderID_98.7@x-5").as_deref(),
            Ok("paytm:orderid_98.7@x-5")
        );
        for odd in ["", "a b", "a:b", "ä", "x\n", &"x".repeat(51)] {
            assert_eq!(paytm_reference(odd), Err(ReferenceError::NotOfPaytm), "{odd}");
        }
        let name = |text| manual_reference("bank", text);
        for same in [
            " UTR  12aB ",
            "utr12AB",
            "UTR-12ab",
            "UTR 1\u{200b}2AB",
            "ＵＴＲ １２ＡＢ",
        ] {
            assert_eq!(name(same), Ok("manual:bank:utr12ab".to_owned()), "{same}");
        }
        assert_ne!(name("utr 12ab"), manual_reference("cash", "utr 12ab"));
        assert!(name("   ").is_err());
        assert_eq!(name("--- \u{200b}"), Err(ReferenceError::Nameless));
    }
}
