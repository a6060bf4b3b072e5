//! The bookings of deposits.

use domain::funds::{Deposit, DepositState, PAYTM};
use domain::wallets::{Account, Movement};
use domain::{Money, Timestamp, UserId};
use ports::funds::DepositNews;
use ports::wallets::Applied;
use ports::{StoreError, Tx};

use super::funds_ports::Worth;

/// Puts a locked deposit into its wallet, and records that it is there. `None` if there is no such wallet. The ledger's
/// unique reference decides whatever else went wrong.
pub(super) async fn credit(
    tx: &mut dyn Tx,
    deposit: &Deposit,
    worth: Worth,
    by: Option<&UserId>,
    now: Timestamp,
) -> Result<Option<Money>, StoreError> {
    let from = if deposit.method == PAYTM {
        Account::GatewayClearing
    } else {
        Account::ManualAdjust
    };
    let news = DepositNews {
        state: DepositState::Credited,
        reason: None,
        asked: deposit.asked,
        credited: Some((worth.gross, worth.fee, worth.rate)),
        approver: deposit.approver.clone(),
        decided_by: by.cloned(),
        at: now,
    };
    tx.funds().change_deposit(deposit.id, &news).await?;
    let movement = Movement::deposit(&deposit.user, from, worth.gross, worth.fee, &deposit.reference);
    tx.wallets().create(&deposit.user, now).await?;
    tx.wallets().record(&movement.transfers, now).await?;
    // The wallet comes last: its row is the one that many orders wait for.
    let Some(change) = &movement.wallet else {
        return Ok(None);
    };
    match tx.wallets().apply(change, now).await? {
        Applied::Done { available, .. } => Ok(Some(available)),
        Applied::NoWallet | Applied::TooLow { .. } | Applied::Frozen => Ok(None),
    }
}
