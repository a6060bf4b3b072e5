//! Time and identity, which decisions take as values.

use std::time::Duration;

use domain::Timestamp;

/// Time.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The time of the **database**, so that nodes with different clocks agree on leases. Microsecond precision.
    fn now(&self) -> Timestamp;

    /// Time since an unspecified moment; never steps back and goes on while the machine sleeps.
    fn monotonic(&self) -> Duration;
}

/// Names for new rows, and unguessable tokens.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// 32 characters of `[a-zA-Z0-9]` from a cryptographic source (190 bits).
    fn text_id(&self) -> String;
}
