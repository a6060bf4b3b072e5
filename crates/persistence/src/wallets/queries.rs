//! Wallets for screens.

use async_trait::async_trait;
use domain::wallets::{Account, Wallet, WalletStatus};
use domain::{OrderId, PageSize, Timestamp, UserId};
use entities::transfers::{self, Column};
use entities::wallets;
use ports::StoreError;
use ports::wallets::{WalletEntry, WalletQueries};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::decode::{money, word};
use crate::error::store_error;
use crate::queries::SeaQueries;

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
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Vec<WalletEntry>, StoreError> {
        let spendable = Account::UserWallets.id();
        let rows = transfers::Entity::find()
            .filter(Column::UserId.eq(user.as_str()))
            .filter(
                Condition::any()
                    .add(Column::Debit.eq(spendable))
                    .add(Column::Credit.eq(spendable)),
            )
            .filter(Condition::all().add_option(before.map(|before| Column::Id.lt(before))))
            .order_by_desc(Column::Id)
            .limit(u64::from(size.rows()))
            .all(self.conn())
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(entry).collect())
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

fn entry(row: transfers::Model) -> WalletEntry {
    let comes_in = row.credit == Account::UserWallets.id();
    WalletEntry {
        id: row.id,
        kind: row.kind,
        amount: money(if comes_in { row.amount } else { -row.amount }),
        order: row.order_id.map(OrderId),
        note: row.note,
        at: Timestamp::from_micros(row.created_at),
    }
}
