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
