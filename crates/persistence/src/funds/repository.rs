//! Deposits and withdrawals inside a transaction.

use async_trait::async_trait;
use domain::funds::{Deposit, NewDeposit, Withdrawal};
use domain::providers::SealedSecret;
use domain::{DepositId, Money, UserId, WithdrawalId};
use ports::StoreError;
use ports::funds::{DepositNews, FundsRepository, NewWithdrawal, WithdrawalNews};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Value};

use super::{DEPOSIT, WITHDRAWAL, deposit, withdrawal};
use crate::decode::stored;
use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const INSERT_DEPOSIT: &str = "
INSERT INTO deposits (user_id, method, reference, written, currency, amount, state, claimed_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT (reference) DO NOTHING RETURNING id";
const CLAIM_ANEW: &str = "
UPDATE deposits SET user_id = $2, written = $3, currency = $4, amount = $5, state = $6, claimed_at = $7, updated_at = $7,
    reason = NULL, asked = 0, approver = NULL, decided_by = NULL WHERE id = $1";
const CHANGE_DEPOSIT: &str = "
UPDATE deposits SET state = $2, reason = $3, asked = $4, gross = $5, fee = $6, rate = $7, approver = $8,
    decided_by = $9, updated_at = $10 WHERE id = $1";
const INSERT_WITHDRAWAL: &str = "
INSERT INTO withdrawals (user_id, reference, amount, destination, state, created_at, updated_at,
    destination_key_version, destination_nonce, destination_sealed)
VALUES ($1, $2, $3, $4, 'pending', $5, $5, $6, $7, $8)
ON CONFLICT (reference) DO NOTHING RETURNING id";
const CHANGE_WITHDRAWAL: &str = "
UPDATE withdrawals SET state = $2, reason = $3, approver = $4, decided_by = $5, updated_at = $6 WHERE id = $1";
const SEAL: &str = "
UPDATE withdrawals SET destination = $2, destination_key_version = $3, destination_nonce = $4, destination_sealed = $5
WHERE id = $1 AND destination_sealed IS NULL";
const OPEN: &str = "SELECT CAST(
    (SELECT COUNT(*) FROM deposits WHERE user_id = $1 AND state IN ('open', 'review'))
    + (SELECT COUNT(*) FROM withdrawals WHERE user_id = $1 AND state = 'pending') AS BIGINT)";

#[async_trait]
impl FundsRepository for SeaTx {
    async fn insert_deposit(&mut self, new: &NewDeposit) -> Result<Option<DepositId>, StoreError> {
        let values: [Value; 8] = [
            new.user.as_str().into(),
            new.method.clone().into(),
            new.reference.clone().into(),
            new.written.clone().into(),
            new.currency.as_str().into(),
            new.amount.to_string().into(),
            new.state.as_str().into(),
            new.at.micros().into(),
        ];
        let id = named(self.conn()?, INSERT_DEPOSIT, values.into()).await;
        Ok(self.guard(id)?.map(DepositId))
    }

    async fn lock_deposit(&mut self, id: DepositId) -> Result<Option<Deposit>, StoreError> {
        let found = locked(self.conn()?, DEPOSIT, "deposits", "id", id.0.into(), deposit).await;
        self.guard(found)
    }

    async fn lock_claim(&mut self, reference: &str) -> Result<Option<Deposit>, StoreError> {
        let found = locked(
            self.conn()?,
            DEPOSIT,
            "deposits",
            "reference",
            reference.into(),
            deposit,
        )
        .await;
        self.guard(found)
    }

    async fn claim_anew(&mut self, id: DepositId, new: &NewDeposit) -> Result<(), StoreError> {
        let values: [Value; 7] = [
            id.0.into(),
            new.user.as_str().into(),
            new.written.clone().into(),
            new.currency.as_str().into(),
            new.amount.to_string().into(),
            new.state.as_str().into(),
            new.at.micros().into(),
        ];
        let claimed = sql::execute(self.conn()?, CLAIM_ANEW, values).await;
        self.guard(claimed).map(|_| ())
    }

    async fn change_deposit(&mut self, id: DepositId, news: &DepositNews) -> Result<(), StoreError> {
        let (gross, fee, rate) = match news.credited {
            Some((gross, fee, rate)) => (Some(gross), Some(fee), Some(rate.to_string())),
            None => (None, None, None),
        };
        let asked: i32 = stored("deposits.asked", news.asked)?;
        let values: [Value; 10] = [
            id.0.into(),
            news.state.as_str().into(),
            news.reason.clone().into(),
            asked.into(),
            gross.map(Money::micros).into(),
            fee.map(Money::micros).into(),
            rate.into(),
            person(news.approver.as_ref()),
            person(news.decided_by.as_ref()),
            news.at.micros().into(),
        ];
        let changed = sql::execute(self.conn()?, CHANGE_DEPOSIT, values).await;
        self.guard(changed).map(|_| ())
    }

    async fn insert_withdrawal(&mut self, new: &NewWithdrawal) -> Result<Option<WithdrawalId>, StoreError> {
        let values: [Value; 8] = [
            new.user.as_str().into(),
            new.reference.clone().into(),
            new.amount.micros().into(),
            new.destination.clone().into(),
            new.at.micros().into(),
            new.sealed.key_version.into(),
            new.sealed.nonce.clone().into(),
            new.sealed.ciphertext.clone().into(),
        ];
        let id = named(self.conn()?, INSERT_WITHDRAWAL, values.into()).await;
        Ok(self.guard(id)?.map(WithdrawalId))
    }

    async fn lock_withdrawal(&mut self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        let found = locked(
            self.conn()?,
            WITHDRAWAL,
            "withdrawals",
            "id",
            id.0.into(),
            withdrawal,
        )
        .await;
        self.guard(found)
    }

    async fn withdrawal_with(&mut self, reference: &str) -> Result<Option<Withdrawal>, StoreError> {
        let key = reference.into();
        let found = locked(
            self.conn()?,
            WITHDRAWAL,
            "withdrawals",
            "reference",
            key,
            withdrawal,
        )
        .await;
        self.guard(found)
    }

    async fn change_withdrawal(&mut self, id: WithdrawalId, news: &WithdrawalNews) -> Result<(), StoreError> {
        let values: [Value; 6] = [
            id.0.into(),
            news.state.as_str().into(),
            news.reason.clone().into(),
            person(news.approver.as_ref()),
            person(news.decided_by.as_ref()),
            news.at.micros().into(),
        ];
        let changed = sql::execute(self.conn()?, CHANGE_WITHDRAWAL, values).await;
        self.guard(changed).map(|_| ())
    }

    async fn seal_destination(
        &mut self,
        id: WithdrawalId,
        destination: &str,
        sealed: &SealedSecret,
    ) -> Result<(), StoreError> {
        let values: [Value; 5] = [
            id.0.into(),
            destination.into(),
            sealed.key_version.into(),
            sealed.nonce.clone().into(),
            sealed.ciphertext.clone().into(),
        ];
        let done = sql::execute(self.conn()?, SEAL, values).await;
        self.guard(done).map(|_| ())
    }

    async fn has_open_funds(&mut self, user: &UserId) -> Result<bool, StoreError> {
        let open = sql::query_number(self.conn()?, OPEN, [user.as_str().into()]).await;
        Ok(self.guard(open)? > 0)
    }
}

fn person(user: Option<&UserId>) -> Value {
    user.map(|user| user.as_str().to_owned()).into()
}

async fn named(
    conn: &DatabaseTransaction,
    statement: &str,
    values: Vec<Value>,
) -> Result<Option<i64>, Failure> {
    let row = sql::query_one(conn, statement, values).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// SQLite has one writer at a time, which is lock enough.
async fn locked<T>(
    conn: &DatabaseTransaction,
    columns: &str,
    table: &str,
    key: &str,
    value: Value,
    read: fn(&QueryResult) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let lock = match conn.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let statement = format!("SELECT {columns} FROM {table} WHERE {key} = $1{lock}");
    let row = sql::query_one(conn, &statement, [value]).await?;
    row.as_ref().map(read).transpose()
}
