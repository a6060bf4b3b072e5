//! Wallet changes: one conditional statement each, whose row count decides.

use domain::wallets::{BALANCE_MAX, WalletChange, WalletStatus};
use domain::{Money, Timestamp, UserId};
use entities::wallets;
use ports::StoreError;
use ports::wallets::Applied;
use sea_orm::{DatabaseTransaction, EntityTrait};

use crate::decode::{money, word};
use crate::error::Failure;
use crate::sql;

const HOLD: &str = "
UPDATE wallets SET available = available - $1, held = held + $1, updated_at = $2
WHERE user_id = $3 AND status = 'active' AND available >= $1 RETURNING available, held";
const DEBIT: &str = "
UPDATE wallets SET available = available - $1, updated_at = $2
WHERE user_id = $3 AND status = 'active' AND available >= $1 RETURNING available, held";
const CREDIT: &str = "
UPDATE wallets SET available = available + $1, updated_at = $2
WHERE user_id = $3 RETURNING available, held";
const RELEASE: &str = "
UPDATE wallets SET available = available + $1, held = held - $1, updated_at = $2
WHERE user_id = $3 AND held >= $1 RETURNING available, held";
const CONSUME: &str = "
UPDATE wallets SET held = held - $1, updated_at = $2
WHERE user_id = $3 AND held >= $1 RETURNING available, held";

/// What a change needs of a wallet that is there.
#[derive(Clone, Copy)]
enum Needs {
    /// Spendable money in an active wallet. Too little of it is an answer.
    Available,
    /// Held money. Too little of it is a broken invariant.
    Held,
    /// Nothing.
    Nothing,
}

/// See [`ports::wallets::WalletRepository::apply`].
pub(super) async fn apply(
    conn: &DatabaseTransaction,
    change: &WalletChange,
    now: Timestamp,
) -> Result<Applied, Failure> {
    let (statement, user, amount, needs) = match change {
        WalletChange::Hold(user, amount) => (HOLD, user, amount, Needs::Available),
        WalletChange::Debit(user, amount) => (DEBIT, user, amount, Needs::Available),
        WalletChange::Credit(user, amount) => (CREDIT, user, amount, Needs::Nothing),
        WalletChange::Release(user, amount) => (RELEASE, user, amount, Needs::Held),
        WalletChange::Consume(user, amount) => (CONSUME, user, amount, Needs::Held),
    };
    // Beyond 64 bits SQLite would go on with floats.
    if !(Money::ZERO..=BALANCE_MAX).contains(amount) {
        // No wallet has that much to spend: an answer, because whoever asks for it chose the amount.
        return match needs {
            Needs::Available if amount.is_positive() => why_not(conn, user, *amount, needs).await,
            _ => Err(conflict("wallets.amount").into()),
        };
    }
    let values = [amount.micros().into(), now.micros().into(), user.as_str().into()];
    match sql::query_one(conn, statement, values).await? {
        Some(row) => Ok(Applied::Done {
            available: money(row.try_get_by_index(0)?),
            held: money(row.try_get_by_index(1)?),
        }),
        None => why_not(conn, user, *amount, needs).await,
    }
}

async fn why_not(
    conn: &DatabaseTransaction,
    user: &UserId,
    amount: Money,
    needs: Needs,
) -> Result<Applied, Failure> {
    let Some(row) = wallets::Entity::find_by_id(user.as_str()).one(conn).await? else {
        return Ok(Applied::NoWallet);
    };
    let status = word("wallets.status", &row.status, WalletStatus::from_stored)?;
    Ok(refusal(needs, status, money(row.available), amount)?)
}

/// Why a change was not made, of a wallet that was read after it.
fn refusal(
    needs: Needs,
    status: WalletStatus,
    available: Money,
    amount: Money,
) -> Result<Applied, StoreError> {
    match needs {
        Needs::Held => Err(conflict("wallets.held")),
        Needs::Available if status == WalletStatus::Frozen => Ok(Applied::Frozen),
        Needs::Available if available < amount => Ok(Applied::TooLow { available }),
        // The wallet changed between the two statements. The whole attempt may be made again.
        Needs::Available | Needs::Nothing => Err(StoreError::Contended),
    }
}

fn conflict(constraint: &str) -> StoreError {
    StoreError::Conflict {
        constraint: constraint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_that_has_enough_by_now_is_tried_again_and_not_called_too_low() {
        let of = |needs, status, available| {
            refusal(
                needs,
                status,
                Money::from_micros(available),
                Money::from_micros(10),
            )
        };
        let available = Money::from_micros(9);
        assert_eq!(
            of(Needs::Available, WalletStatus::Active, 9),
            Ok(Applied::TooLow { available })
        );
        for now in [10, 11] {
            assert_eq!(
                of(Needs::Available, WalletStatus::Active, now),
                Err(StoreError::Contended)
            );
            assert_eq!(
                of(Needs::Available, WalletStatus::Frozen, now),
                Ok(Applied::Frozen)
            );
            assert_eq!(
                of(Needs::Nothing, WalletStatus::Active, now),
                Err(StoreError::Contended)
            );
            assert_eq!(
                of(Needs::Held, WalletStatus::Active, now),
                Err(conflict("wallets.held"))
            );
        }
    }
}
