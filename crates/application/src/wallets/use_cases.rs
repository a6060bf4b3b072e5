//! What people do with money.

use std::sync::Arc;

use super::{BrowseWallet, CreditWallet, SetWalletStatus};

/// What people do with money. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Customers look at their money.
    pub browse: Arc<BrowseWallet>,
    /// Staff credit wallets.
    pub credit: Arc<CreditWallet>,
    /// Staff freeze wallets.
    pub set_status: Arc<SetWalletStatus>,
}
