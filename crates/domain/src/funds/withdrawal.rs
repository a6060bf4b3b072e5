//! A withdrawal: money that leaves the wallet at once, and the shop when staff say so.

use super::approval::{Matter, Stage};
use crate::providers::SealedSecret;
use crate::{Money, Timestamp, UserId, WithdrawalId};

/// Where a withdrawal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalState {
    /// The money is put aside.
    Pending,
    /// It was paid out. The end.
    Paid,
    /// It is back in the wallet. The end.
    Refused,
}

impl WithdrawalState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Paid, Self::Refused];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Refused => "refused",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Names it; public.
    pub id: WithdrawalId,
    /// Whose.
    pub user: UserId,
    /// Names it in the ledger.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Where to, as far as everybody may see it; see [`masked`].
    pub destination: String,
    /// Where to; `None` in a row of an earlier version that was not sealed yet.
    pub sealed: Option<SealedSecret>,
    /// Where it is.
    pub state: WithdrawalState,
    /// What staff wrote about it.
    pub reason: Option<String>,
    /// The first of two who approve.
    pub approver: Option<UserId>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Withdrawal {
    /// What somebody decides about who wants it to become `wanted`.
    #[must_use]
    pub fn matter(&self, wanted: WithdrawalState) -> Matter<'_> {
        Matter {
            owner: &self.user,
            stage: match self.state {
                WithdrawalState::Pending => Stage::Waiting,
                state if state == wanted => Stage::DecidedSo,
                _ => Stage::Past,
            },
            approver: self.approver.as_ref(),
            decided_by: self.decided_by.as_ref(),
        }
    }
}

/// The most characters of a destination that everybody may see.
const SHOWN_MAX: usize = 4;

/// What everybody may see of a destination: how it ends, a quarter of it at most.
#[must_use]
pub fn masked(destination: &str) -> String {
    let characters: Vec<char> = destination.chars().filter(|it| !it.is_whitespace()).collect();
    let hidden = characters.len() - (characters.len() / 4).min(SHOWN_MAX);
    let shown: String = characters.iter().skip(hidden).collect();
    format!("\u{2026}{shown}")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_destination_shows_how_it_ends_and_a_quarter_of_it_at_most() {
        for (destination, shown) in [
            ("IBAN DE89 3704 0044 0532 0130 00", "\u{2026}3000"),
            ("ann@upi", "\u{2026}i"),
            ("abc", "\u{2026}"),
            ("", "\u{2026}"),
            ("\u{1f98a}\u{1f98a}\u{1f98a}\u{1f98b}", "\u{2026}\u{1f98b}"),
        ] {
            assert_eq!(masked(destination), shown, "{destination}");
        }
    }
}
