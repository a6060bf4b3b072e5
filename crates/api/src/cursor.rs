//! Where the next page of a list begins, as an opaque word.

use crate::codes::Code;
use crate::error::ApiError;

/// Which list a cursor belongs to; one of another list is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Orders.
    Orders,
    /// Wallet entries.
    Entries,
    /// Mails.
    Mails,
    /// Lines of the audit log.
    Audit,
    /// Deposits.
    Deposits,
    /// Withdrawals.
    Withdrawals,
}

impl List {
    const fn mark(self) -> char {
        match self {
            Self::Orders => 'o',
            Self::Entries => 'e',
            Self::Mails => 'm',
            Self::Audit => 'a',
            Self::Deposits => 'd',
            Self::Withdrawals => 'w',
        }
    }
}

/// The cursor of the page below row `id`.
#[must_use]
pub fn encode(list: List, id: i64) -> String {
    format!("{}{id:x}", list.mark())
}

/// The row below which the page begins.
///
/// # Errors
/// [`Code::InvalidCursor`] if `cursor` was not given out by this list.
pub fn decode(list: List, cursor: &str) -> Result<i64, ApiError> {
    cursor
        .strip_prefix(list.mark())
        .and_then(|hex| i64::from_str_radix(hex, 16).ok())
        .filter(|id| *id > 0 && encode(list, *id) == cursor)
        .ok_or_else(|| Code::InvalidCursor.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_row_and_no_other_word_is_one() {
        assert_eq!(decode(List::Orders, &encode(List::Orders, 4711)).ok(), Some(4711));
        for wrong in ["", "o", "4711", "e1267", "o-1", "o0", "oFF", "o+1", "o0ff"] {
            assert!(decode(List::Orders, wrong).is_err(), "{wrong}");
        }
    }
}
