//! Figures of the shop: what is counted, into which slots of time, and what sums of it mean.
//!
//! Every figure is a sum over facts, and a fact is a row of the ledger or of an order's history that is never changed.
//! Slots are quarters of an hour, because every time zone of today is a multiple of that away from UTC, so that a day
//! in any of them is made of whole slots. Days of UTC are kept beside them, so that a long range reads few rows.

mod calendar;
mod delivery;
mod facts;
mod growth;
mod sums;

pub use calendar::{Calendar, CalendarError, Date, Day, RANGE_MAX_DAYS};
pub use delivery::{Bucket, Delivery};
pub use facts::{EventFact, Fact, Measure, TransferFact};
pub use growth::growth;
pub use sums::{Key, SLOT_MICROS, Scope, Sum, Sums, UserKey};
