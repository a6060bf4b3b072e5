//! What handlers take from requests, checked.

mod bearer;
mod caller;
mod client;
mod currency;
mod idempotency;
mod lenient;
mod page;
mod valid;

pub use bearer::bearer;
pub use caller::{Customer, Orderer, Proven, Signed, SignedStaff, StaffMember, refused};
pub use client::{Client, address, browser, demands, routed};
pub use currency::CurrencyQuery;
pub use idempotency::{IdempotencyHeader, idempotency_key};
pub use lenient::{NOT_WHOLE, TextOrNumber, WholeNumber, decimal_text, given, text_or_number, whole_number};
pub use page::{DayOrNothing, MomentOrNothing, Page, moment};
pub use valid::{Valid, field_error};
