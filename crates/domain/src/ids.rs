//! Identifiers as newtypes, so that a user id can never stand where an order id is meant.

use std::fmt;

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps an id that comes from the database or from the id source.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

numeric_id!(
    /// An order of ours; public, below 2⁵³.
    OrderId
);
numeric_id!(
    /// A service of our catalogue; public.
    ServiceId
);
numeric_id!(
    /// A payment that a user claims; public.
    DepositId
);
numeric_id!(
    /// Money that a user asked for; public.
    WithdrawalId
);
numeric_id!(
    /// Exchange rates that were in force together.
    RateSetId
);
numeric_id!(
    /// A category of our catalogue; public.
    CategoryId
);
numeric_id!(
    /// An upstream provider; public among staff.
    ProviderId
);
numeric_id!(
    /// Orders that a provider is asked about together.
    PollGroupId
);
numeric_id!(
    /// A mail that was sent or is to be sent; public among staff.
    MailId
);
text_id!(
    /// A user: 32 characters of `[a-zA-Z0-9]`.
    UserId
);
text_id!(
    /// A session: 32 characters of `[a-zA-Z0-9]`. Not the token.
    SessionId
);
text_id!(
    /// An API key: 32 characters of `[a-zA-Z0-9]`. It names the key to its owner and opens nothing.
    ApiKeyId
);
text_id!(
    /// An order's id at its provider. Kept as text: panels answer numbers, numeric strings and codes alike.
    ProviderOrderId
);

impl ProviderOrderId {
    /// The longest one, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Reads what names an order at a panel, also in a list separated by commas. Zero, negative numbers, placeholders and
    /// whatever holds a comma or white space name none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let placeholder = ["null", "undefined", "none", "nan", "true", "false", "error"];
        let is_id = text.len() <= Self::MAX_CHARS
            && text.chars().all(|c| c.is_ascii_graphic() && c != ',')
            && !text.trim_matches('0').is_empty()
            && !text.starts_with('-')
            && !placeholder.iter().any(|word| text.eq_ignore_ascii_case(word));
        is_id.then(|| Self::new(text))
    }

    /// The same from a person's hand, who may write a number with blanks around it and zeros before it.
    #[must_use]
    pub fn parse_typed(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_a_number = text.bytes().all(|byte| byte.is_ascii_digit());
        Self::parse(if is_a_number {
            text.trim_start_matches('0')
        } else {
            text
        })
    }
}
