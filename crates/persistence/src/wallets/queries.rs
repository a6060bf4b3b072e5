//! Wallets for screens.

use async_trait::async_trait;
use domain::wallets::{Wallet, WalletStatus};
use domain::{OrderId, PageSize, Timestamp, UserId};
use entities::wallets;
use ports::StoreError;
use ports::wallets::{EntryCursor, EntryFilter, WalletEntry, WalletQueries};
use sea_orm::{EntityTrait, QueryResult, Value};

use crate::decode::{money, word};
use crate::error::{Failure, store_error};
use crate::queries::SeaQueries;
use crate::sql;

#[async_trait]
impl WalletQueries for SeaQueries {
    async fn wallet(&self, user: &UserId) -> Result<Option<Wallet>, StoreError> {
        let row = wallets::Entity::find_by_id(user.as_str())
            .one(self.conn())
            .await
            .map_err(store_error)?;
        row.map(wallet).transpose()
    }

    async fn entries(
        &self,
        user: &UserId,
        filter: &EntryFilter,
        from: Option<EntryCursor>,
        size: PageSize,
    ) -> Result<Vec<WalletEntry>, StoreError> {
        Ok(entries(self, user, filter, from, size).await?)
    }
}

fn wallet(row: wallets::Model) -> Result<Wallet, StoreError> {
    Ok(Wallet {
        available: money(row.available),
        held: money(row.held),
        status: word("wallets.status", &row.status, WalletStatus::from_stored)?,
        user: UserId::new(row.user_id),
    })
}

/// The statement of a page. Account 1 is that of user wallets. A balance is what was there above the page, less what has moved from
/// there on. `balance` is the parameter that knows it just above; else it is what the wallet has now, and all that is newer is
/// read: nothing for the newest page, which is asked for most.
fn statement(and: &str, rows: u16, balance: Option<usize>) -> String {
    const SIGNED: &str = "CASE WHEN credit = 1 THEN amount ELSE -amount END";
    const OWN: &str = "FROM transfers WHERE user_id = $1 AND (debit = 1 OR credit = 1)";
    let (known, until, wallet) = match balance {
        Some(balance) => (format!("CAST(${balance} AS BIGINT)"), " AND id < $2", ""),
        None => (
            "wallets.available".to_owned(),
            "",
            " JOIN wallets ON wallets.user_id = $1",
        ),
    };
    format!(
        "WITH page AS (
            SELECT id, kind, {SIGNED} AS amount, order_id, note, created_at {OWN} AND id < $2{and}
            ORDER BY id DESC LIMIT {rows}
        ), newer AS (
            SELECT id, SUM({SIGNED}) OVER (ORDER BY id DESC) AS moved {OWN} AND id >= (SELECT MIN(id) FROM page){until}
        )
        SELECT page.id, page.kind, page.amount, page.order_id, page.note, page.created_at,
            CAST({known} - newer.moved + page.amount AS BIGINT)
        FROM page JOIN newer ON newer.id = page.id{wallet}
        ORDER BY page.id DESC"
    )
}

async fn entries(
    queries: &SeaQueries,
    user: &UserId,
    filter: &EntryFilter,
    from: Option<EntryCursor>,
    size: PageSize,
) -> Result<Vec<WalletEntry>, Failure> {
    let before = from.map_or(i64::MAX, |from| from.before);
    let mut values: Vec<Value> = vec![user.as_str().into(), before.into()];
    let mut and = String::new();
    let given: [(&str, Option<Value>); 4] = [
        ("kind =", filter.kind.clone().map(Value::from)),
        ("order_id =", filter.order.map(|order| order.0.into())),
        ("created_at >=", filter.from.map(|at| at.micros().into())),
        ("created_at <", filter.until.map(|at| at.micros().into())),
    ];
    for (condition, value) in given {
        if let Some(value) = value {
            values.push(value);
            and.push_str(&format!(" AND {condition} ${}", values.len()));
        }
    }
    let balance = from.and_then(|from| from.balance).map(|balance| {
        values.push(balance.micros().into());
        values.len()
    });
    let statement = statement(&and, size.rows(), balance);
    let rows = sql::query_all(queries.conn(), &statement, values).await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &QueryResult) -> Result<WalletEntry, Failure> {
    Ok(WalletEntry {
        id: row.try_get_by_index(0)?,
        kind: row.try_get_by_index(1)?,
        amount: money(row.try_get_by_index(2)?),
        order: row.try_get_by_index::<Option<i64>>(3)?.map(OrderId),
        note: row.try_get_by_index(4)?,
        at: Timestamp::from_micros(row.try_get_by_index(5)?),
        balance: money(row.try_get_by_index(6)?),
    })
}
