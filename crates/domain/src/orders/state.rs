//! The states of an order and of its hold.

macro_rules! stored_words {
    ($name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stored word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the stored word.
            #[must_use]
            pub fn from_stored(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == word)
            }
        }
    };
}
pub(crate) use stored_words;

/// Where an order is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// Paid for, not sent.
    Held,
    /// A worker has the right to send it once.
    Submitting,
    /// It may or may not have reached the provider. It is never sent again on its own.
    Unknown,
    /// The provider has it.
    Submitted,
    /// The provider works on it.
    InProgress,
    /// Delivered.
    Completed,
    /// Delivered in part; the rest is refunded.
    Partial,
    /// Ended by the provider; all is refunded.
    Canceled,
    /// It never reached the provider, or we gave up on it; all is refunded.
    Voided,
}

stored_words!(OrderState {
    Held => "held",
    Submitting => "submitting",
    Unknown => "unknown",
    Submitted => "submitted",
    InProgress => "in_progress",
    Completed => "completed",
    Partial => "partial",
    Canceled => "canceled",
    Voided => "voided",
});

impl OrderState {
    /// Whether the provider is asked about the order.
    #[must_use]
    pub const fn is_tracked(self) -> bool {
        matches!(self, Self::Submitted | Self::InProgress)
    }

    /// Whether the order has ended.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Partial | Self::Canceled | Self::Voided
        )
    }

    /// What the customer sees.
    #[must_use]
    pub const fn customer_status(self) -> CustomerStatus {
        match self {
            Self::Held | Self::Submitting | Self::Unknown => CustomerStatus::Pending,
            Self::Submitted | Self::InProgress => CustomerStatus::InProgress,
            Self::Completed => CustomerStatus::Completed,
            Self::Partial => CustomerStatus::Partial,
            Self::Canceled | Self::Voided => CustomerStatus::Canceled,
        }
    }
}

/// What a customer sees; the words that the web application compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CustomerStatus {
    /// Not with the provider yet.
    Pending,
    /// With the provider.
    InProgress,
    /// Delivered.
    Completed,
    /// Delivered in part.
    Partial,
    /// Not delivered, refunded.
    Canceled,
}

stored_words!(CustomerStatus {
    Pending => "Pending",
    InProgress => "In progress",
    Completed => "Completed",
    Partial => "Partial",
    Canceled => "Canceled",
});

impl CustomerStatus {
    /// The states that look like this to a customer.
    pub fn states(self) -> impl Iterator<Item = OrderState> {
        OrderState::ALL
            .iter()
            .copied()
            .filter(move |state| state.customer_status() == self)
    }
}

/// What became of the money held for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Still held.
    Pending,
    /// Spent: the provider has the order.
    Posted,
    /// Given back: the provider does not have it.
    Voided,
}

stored_words!(Hold {
    Pending => "pending",
    Posted => "posted",
    Voided => "voided",
});
