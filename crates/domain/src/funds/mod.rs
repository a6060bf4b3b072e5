//! How money comes in and goes out: deposits that users claim, and withdrawals that they ask for.

mod approval;
mod deposit;
mod policy;
mod verdict;
mod withdrawal;

pub use approval::{Approval, Matter, Refusal, Stage, Unheard};
pub use deposit::{
    ADJUSTMENT, Deposit, DepositState, MANUAL_PREFIX, NewDeposit, PAYTM, ReferenceError,
    adjustment_reference, manual_reference, paytm_reference,
};
pub use policy::{FundsPolicy, TransactionFee};
pub use verdict::{
    Contradiction, Payment, PaymentAnswer, PaymentStatus, Trouble, Verdict, ask_again_after, creditable,
    verdict,
};
pub use withdrawal::{Withdrawal, WithdrawalState, masked};
