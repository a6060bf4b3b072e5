//! Deposits and withdrawals for reading.

use async_trait::async_trait;
use domain::funds::{Deposit, DepositState, Withdrawal, WithdrawalState};
use domain::{DepositId, PageSize, Secret, Timestamp, UserId, WithdrawalId};
use ports::StoreError;
use ports::funds::{DepositFilter, FundsQueries, PlainDestination, WithdrawalFilter};
use ports::jobs::JobTopic;
use sea_orm::{QueryResult, Value};

use super::{DEPOSIT, WITHDRAWAL, deposit, withdrawal};
use crate::error::Failure;
use crate::queries::SeaQueries;
use crate::sql;

const FORGOTTEN: &str = "SELECT id FROM deposits WHERE state = 'open' AND updated_at < $1 AND NOT EXISTS (
    SELECT 1 FROM outbox WHERE topic = $2 AND subject = deposits.id AND given_up_at IS NULL) ORDER BY id LIMIT $3";

const IN_PLAIN: &str = "SELECT id, reference, destination FROM withdrawals WHERE destination_sealed IS NULL ORDER BY id LIMIT $1";

#[async_trait]
impl FundsQueries for SeaQueries {
    async fn deposit(&self, id: DepositId) -> Result<Option<Deposit>, StoreError> {
        let statement = format!("SELECT {DEPOSIT} FROM deposits WHERE id = $1");
        Ok(one(self, &statement, id.0, deposit).await?)
    }

    async fn deposits(
        &self,
        filter: &DepositFilter,
        before: Option<DepositId>,
        size: PageSize,
    ) -> Result<Vec<Deposit>, StoreError> {
        let state = filter.state.map(DepositState::as_str);
        let list = List {
            table: "deposits",
            columns: DEPOSIT,
            user: filter.user.as_ref(),
            state,
        };
        Ok(list.read(self, before.map(|id| id.0), size, deposit).await?)
    }

    async fn forgotten_deposits(&self, before: Timestamp, limit: u16) -> Result<Vec<DepositId>, StoreError> {
        Ok(forgotten(self, before, limit).await?)
    }

    async fn plain_destinations(&self, limit: u16) -> Result<Vec<PlainDestination>, StoreError> {
        Ok(in_plain(self, limit).await?)
    }

    async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        let statement = format!("SELECT {WITHDRAWAL} FROM withdrawals WHERE id = $1");
        Ok(one(self, &statement, id.0, withdrawal).await?)
    }

    async fn withdrawals(
        &self,
        filter: &WithdrawalFilter,
        before: Option<WithdrawalId>,
        size: PageSize,
    ) -> Result<Vec<Withdrawal>, StoreError> {
        let state = filter.state.map(WithdrawalState::as_str);
        let list = List {
            table: "withdrawals",
            columns: WITHDRAWAL,
            user: filter.user.as_ref(),
            state,
        };
        Ok(list.read(self, before.map(|id| id.0), size, withdrawal).await?)
    }
}

type Reader<T> = fn(&QueryResult) -> Result<T, Failure>;

/// A list, newest first.
struct List<'a> {
    table: &'static str,
    columns: &'static str,
    user: Option<&'a UserId>,
    state: Option<&'static str>,
}

impl List<'_> {
    async fn read<T>(
        &self,
        queries: &SeaQueries,
        before: Option<i64>,
        size: PageSize,
        read: Reader<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut values: Vec<Value> = vec![before.unwrap_or(i64::MAX).into(), i64::from(size.rows()).into()];
        let mut and = String::new();
        let given = [("user_id", self.user.map(UserId::as_str)), ("state", self.state)];
        for (column, value) in given {
            if let Some(value) = value {
                values.push(value.into());
                and.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        let (table, columns) = (self.table, self.columns);
        let statement = format!("SELECT {columns} FROM {table} WHERE id < $1{and} ORDER BY id DESC LIMIT $2");
        let rows = sql::query_all(queries.conn(), &statement, values).await?;
        rows.iter().map(read).collect()
    }
}

async fn one<T>(
    queries: &SeaQueries,
    statement: &str,
    id: i64,
    read: Reader<T>,
) -> Result<Option<T>, Failure> {
    let row = sql::query_one(queries.conn(), statement, [id.into()]).await?;
    row.as_ref().map(read).transpose()
}

async fn forgotten(queries: &SeaQueries, before: Timestamp, limit: u16) -> Result<Vec<DepositId>, Failure> {
    let values: [Value; 3] = [
        before.micros().into(),
        JobTopic::CheckDeposit.as_str().into(),
        i64::from(limit).into(),
    ];
    let rows = sql::query_all(queries.conn(), FORGOTTEN, values).await?;
    let ids = rows.iter().map(|row| Ok(DepositId(row.try_get_by_index(0)?)));
    ids.collect()
}

async fn in_plain(queries: &SeaQueries, limit: u16) -> Result<Vec<PlainDestination>, Failure> {
    let rows = sql::query_all(queries.conn(), IN_PLAIN, [i64::from(limit).into()]).await?;
    let found = rows.iter().map(|row| {
        Ok(PlainDestination {
            id: WithdrawalId(row.try_get_by_index(0)?),
            reference: row.try_get_by_index(1)?,
            destination: Secret::new(row.try_get_by_index::<String>(2)?),
        })
    });
    found.collect()
}
