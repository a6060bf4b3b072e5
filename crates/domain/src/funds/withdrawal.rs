//! A withdrawal: money that leaves the wallet at once, and the shop when staff say so.

use super::approval::{Matter, Stage};
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
    /// Where to, as the user says.
    pub destination: String,
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
