//! The rules of the business: money, ids, state machines, pricing and refund arithmetic.
//!
//! Everything here is a pure function of its arguments. There is no async, no I/O, no clock and no randomness: `now`
//! is a value that the caller passes in. That makes every rule testable by calling it, and lets a simulator drive the
//! same code as the product.

pub mod api_keys;
pub mod audit;
pub mod catalog;
pub mod currency;
pub mod figures;
pub mod fingerprint;
pub mod funds;
pub mod identity;
pub mod ids;
pub mod mail;
pub mod money;
pub mod orders;
pub mod page;
pub mod providers;
pub mod secret;
pub mod submission;
pub mod text;
pub mod time;
pub mod wallets;

pub use fingerprint::Fingerprint;
pub use ids::{
    ApiKeyId, CategoryId, DepositId, MailId, OrderId, PollGroupId, ProviderId, ProviderOrderId, RateSetId,
    ServiceId, SessionId, UserId, WithdrawalId,
};
pub use money::{Money, MoneyError, Rate};
pub use page::PageSize;
pub use secret::Secret;
pub use time::Timestamp;
