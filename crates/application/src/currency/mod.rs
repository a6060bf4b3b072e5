//! Display currencies: rates are asked for on a schedule, set by staff where that is not enough, and kept in memory for
//! whoever shows an amount.

mod manage;
mod rates;
mod refresh;
mod use_cases;

pub use manage::{ManageRates, RateOverview, SetRateError};
pub use rates::{Rates, ShowError};
pub use refresh::{RatePorts, RefreshRates};
pub use use_cases::UseCases;
