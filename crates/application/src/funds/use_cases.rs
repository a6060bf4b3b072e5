//! How money comes in and goes out.

use std::sync::Arc;

use super::{
    BrowseFunds, ClaimDeposit, DecideDeposit, DecideWithdrawal, RequestWithdrawal, RevealDestination,
};

/// How money comes in and goes out. What jobs do is in [`crate::jobs::UseCases`]. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Users claim payments.
    pub claim: Arc<ClaimDeposit>,
    /// Users ask for money back.
    pub withdraw: Arc<RequestWithdrawal>,
    /// Everybody looks.
    pub browse: Arc<BrowseFunds>,
    /// Staff decide about deposits.
    pub decide: Arc<DecideDeposit>,
    /// Staff decide about withdrawals.
    pub pay_out: Arc<DecideWithdrawal>,
    /// Staff see where to pay.
    pub reveal: Arc<RevealDestination>,
}
