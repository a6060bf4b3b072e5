//! Money comes in and goes out: users claim payments, gateways are asked about them, staff decide where nobody else can.

mod browse;
mod claim;
mod decide;
mod destinations;
mod funds_ports;
mod guesses;
mod ledger;
mod pay_out;
mod settle;
mod use_cases;
mod withdraw;

pub use browse::{BrowseFunds, DepositPage, WithdrawalPage};
pub use claim::{AmountError, ClaimDeposit, ClaimError, ManualClaim};
pub use decide::{DecideDeposit, DecideFundsError, Decided};
pub use destinations::{RevealDestination, SealDestinations};
pub use funds_ports::FundsPorts;
pub use pay_out::DecideWithdrawal;
pub use settle::{CheckDeposit, Credited};
pub use use_cases::UseCases;
pub use withdraw::{RequestWithdrawal, Requested, WithdrawError, WithdrawalWish};
