//! How money comes in and goes out: deposits that users claim, and withdrawals that they ask for.

mod approval;
mod deposit;
mod policy;
mod verdict;
mod withdrawal;

pub use approval::{Approval, Matter, Refusal, Stage, Unheard};
pub use deposit::{
    Deposit, DepositState, MANUAL_PREFIX, NewDeposit, PAYTM, ReferenceError, manual_reference,
    paytm_reference,
};
pub use policy::{FundsPolicy, TransactionFee};
pub use verdict::{Payment, PaymentAnswer, PaymentStatus, Trouble, Verdict, ask_again_after, verdict};
pub use withdrawal::{Withdrawal, WithdrawalState, masked};
