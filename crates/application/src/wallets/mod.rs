//! Wallets: looked at by their owners, credited and frozen by staff.

mod browse;
mod credit;
mod status;
mod use_cases;

pub use browse::{BrowseWallet, EntryPage};
pub use credit::{Credit, CreditWallet, CreditWalletError, Credited, REASON_MAX_CHARS};
pub use status::{SetWalletStatus, SetWalletStatusError};
pub use use_cases::UseCases;
