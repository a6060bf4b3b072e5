//! What a provider says about an order.

/// A provider's status word, read through one table. Unknown words are `None` and go to people, never to a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamStatus {
    /// Not started.
    Pending,
    /// Being delivered.
    InProgress,
    /// Delivered.
    Completed,
    /// Ended with a part undelivered.
    Partial,
    /// Ended; nothing is owed.
    Canceled,
}

impl UpstreamStatus {
    /// Reads a status word, ignoring case, spaces, `_` and `-`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let folded: String = word
            .chars()
            .filter(|c| !matches!(c, ' ' | '_' | '-'))
            .flat_map(char::to_lowercase)
            .collect();
        match folded.as_str() {
            "pending" | "awaiting" | "queued" | "creating" => Some(Self::Pending),
            "inprogress" | "processing" => Some(Self::InProgress),
            "completed" | "complete" => Some(Self::Completed),
            "partial" => Some(Self::Partial),
            "canceled" | "cancelled" => Some(Self::Canceled),
            _ => None,
        }
    }

    /// Whether the order is not at its end.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}

/// A count that a provider reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamCount {
    /// Nothing, null, an empty text or a placeholder such as `Unknown`.
    Absent,
    /// A whole number at or above zero.
    Known(u64),
    /// Something else: negative, fractional, words. Kept as written, for staff.
    Invalid(String),
}

impl UpstreamCount {
    /// The number, if it is one.
    #[must_use]
    pub const fn known(&self) -> Option<u64> {
        match self {
            Self::Known(count) => Some(*count),
            Self::Absent | Self::Invalid(_) => None,
        }
    }
}

/// A provider's answer about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamOrder {
    /// The status word as written.
    pub status: String,
    /// The counter before the delivery began.
    pub start_count: UpstreamCount,
    /// What is not delivered yet.
    pub remains: UpstreamCount,
    /// What the provider charged, as written.
    pub charge: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fold_into_one_word_and_unknown_words_stay_unknown() {
        for word in ["In progress", "in_progress", "InProgress", "PROCESSING"] {
            assert_eq!(
                UpstreamStatus::parse(word),
                Some(UpstreamStatus::InProgress),
                "{word}"
            );
        }
        assert_eq!(UpstreamStatus::parse("Cancelled"), Some(UpstreamStatus::Canceled));
        for word in ["Refunded", "Fail", "Error", "", "Speeding up"] {
            assert_eq!(UpstreamStatus::parse(word), None, "{word}");
        }
    }
}
