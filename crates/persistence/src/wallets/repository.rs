//! Wallets and the ledger inside a transaction.

use async_trait::async_trait;
use domain::wallets::{Transfer, TransferKind, WalletChange, WalletStatus};
use domain::{Money, Timestamp, UserId};
use entities::{transfers, wallets};
use ports::StoreError;
use ports::orders::Inserted;
use ports::wallets::{Applied, WalletRepository};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::changes;
use crate::decode::money;
use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const CREATE: &str = "
INSERT INTO wallets (user_id, available, held, status, created_at, updated_at) VALUES ($1, 0, 0, $2, $3, $3)
ON CONFLICT (user_id) DO NOTHING";

#[async_trait]
impl WalletRepository for SeaTx {
    async fn create(&mut self, user: &UserId, now: Timestamp) -> Result<Inserted, StoreError> {
        let values = [
            user.as_str().into(),
            WalletStatus::Active.as_str().into(),
            now.micros().into(),
        ];
        let created = sql::execute(self.conn()?, CREATE, values).await;
        Ok(match self.guard(created)? {
            0 => Inserted::AlreadyThere,
            _ => Inserted::New,
        })
    }

    async fn apply(&mut self, change: &WalletChange, now: Timestamp) -> Result<Applied, StoreError> {
        let applied = changes::apply(self.conn()?, change, now).await;
        self.guard(applied)
    }

    async fn record(&mut self, transfers: &[Transfer], now: Timestamp) -> Result<(), StoreError> {
        self.make_news();
        let recorded = record(self.conn()?, transfers, now).await;
        self.guard(recorded)
    }

    async fn recorded(
        &mut self,
        kind: TransferKind,
        reference: &str,
    ) -> Result<Option<(Option<UserId>, Money)>, StoreError> {
        let found = transfers::Entity::find()
            .filter(transfers::Column::Kind.eq(kind.as_str()))
            .filter(transfers::Column::Reference.eq(reference))
            .one(self.conn()?)
            .await;
        let found = self.guard(found)?;
        Ok(found.map(|row| (row.user_id.map(UserId::new), money(row.amount))))
    }

    async fn lock_and_see_empty(&mut self, user: &UserId) -> Result<bool, StoreError> {
        let wallet = wallets::Entity::find_by_id(user.as_str())
            .lock(LockType::NoKeyUpdate)
            .one(self.conn()?)
            .await;
        let wallet = self.guard(wallet)?;
        Ok(wallet.is_none_or(|wallet| wallet.available == 0 && wallet.held == 0))
    }

    async fn set_status(
        &mut self,
        user: &UserId,
        status: WalletStatus,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let set = wallets::Entity::update_many()
            .col_expr(wallets::Column::Status, Expr::value(status.as_str()))
            .col_expr(wallets::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(wallets::Column::UserId.eq(user.as_str()))
            .exec(self.conn()?)
            .await;
        self.guard(set).map(|done| done.rows_affected == 1)
    }
}

async fn record(conn: &DatabaseTransaction, transfers: &[Transfer], now: Timestamp) -> Result<(), Failure> {
    if transfers.is_empty() {
        return Ok(());
    }
    let rows = transfers.iter().map(|transfer| transfers::ActiveModel {
        id: NotSet,
        debit: Set(transfer.debit.id()),
        credit: Set(transfer.credit.id()),
        amount: Set(transfer.amount.micros()),
        kind: Set(transfer.kind.as_str().to_owned()),
        reference: Set(transfer.reference.clone()),
        user_id: Set(transfer.user.as_ref().map(|user| user.as_str().to_owned())),
        order_id: Set(transfer.order.map(|order| order.0)),
        provider_id: Set(transfer.provider.map(|provider| provider.0)),
        note: Set(transfer.note.clone()),
        created_at: Set(now.micros()),
    });
    transfers::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
