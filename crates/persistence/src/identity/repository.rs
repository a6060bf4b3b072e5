//! Identity inside a transaction.

use async_trait::async_trait;
use domain::identity::{Role, Session, User};
use domain::{SessionId, Timestamp, UserId};
use entities::{accounts, sessions, users};
use ports::StoreError;
use ports::identity::{IdentityRepository, TokenDigest};
use ports::orders::Inserted;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, TryInsertResult};

use super::{CREDENTIAL, mapping};
use crate::tx::SeaTx;

#[async_trait]
impl IdentityRepository for SeaTx {
    async fn insert_user(&mut self, user: &User) -> Result<Inserted, StoreError> {
        let outcome = users::Entity::insert(mapping::user_row(user))
            .on_conflict_do_nothing_on([users::Column::Email])
            .exec_without_returning(self.conn()?)
            .await;
        Ok(match self.guard(outcome)? {
            TryInsertResult::Inserted(1..) => Inserted::New,
            _ => Inserted::AlreadyThere,
        })
    }

    async fn set_password(
        &mut self,
        account: &str,
        user: &UserId,
        hash: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = accounts::ActiveModel {
            id: Set(account.to_owned()),
            account_id: Set(user.as_str().to_owned()),
            provider_id: Set(CREDENTIAL.to_owned()),
            user_id: Set(user.as_str().to_owned()),
            password: Set(Some(hash.to_owned())),
            created_at: Set(now.micros()),
            updated_at: Set(now.micros()),
            ..Default::default()
        };
        let replace = OnConflict::columns([accounts::Column::ProviderId, accounts::Column::AccountId])
            .update_columns([accounts::Column::Password, accounts::Column::UpdatedAt])
            .to_owned();
        let written = accounts::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(self.conn()?)
            .await;
        self.guard(written)?;
        Ok(())
    }

    async fn upgrade_password(
        &mut self,
        user: &UserId,
        old: &str,
        new: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let upgraded = accounts::Entity::update_many()
            .col_expr(accounts::Column::Password, Expr::value(new))
            .col_expr(accounts::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(accounts::Column::ProviderId.eq(CREDENTIAL))
            .filter(accounts::Column::AccountId.eq(user.as_str()))
            .filter(accounts::Column::Password.eq(old))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(upgraded)?.rows_affected > 0)
    }

    async fn lift_expired_ban(&mut self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let lifted = users::Entity::update_many()
            .col_expr(users::Column::Banned, Expr::value(false))
            .col_expr(users::Column::BanReason, Expr::value(None::<String>))
            .col_expr(users::Column::BanExpires, Expr::value(None::<i64>))
            .col_expr(users::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(users::Column::Id.eq(user.as_str()))
            .filter(users::Column::Banned.eq(true))
            .filter(users::Column::BanExpires.lte(now.micros()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(lifted)?.rows_affected > 0)
    }

    async fn set_role(&mut self, user: &UserId, role: Role, now: Timestamp) -> Result<bool, StoreError> {
        let changed = users::Entity::update_many()
            .col_expr(users::Column::Role, Expr::value(role.as_str()))
            .col_expr(users::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(users::Column::Id.eq(user.as_str()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(changed)?.rows_affected > 0)
    }

    async fn insert_session(&mut self, session: &Session, token: &TokenDigest) -> Result<(), StoreError> {
        let inserted = sessions::Entity::insert(mapping::session_row(session, token))
            .exec_without_returning(self.conn()?)
            .await;
        self.guard(inserted)?;
        Ok(())
    }

    async fn renew_session(
        &mut self,
        id: &SessionId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let renewed = sessions::Entity::update_many()
            .col_expr(sessions::Column::ExpiresAt, Expr::value(expires_at.micros()))
            .col_expr(sessions::Column::UpdatedAt, Expr::value(now.micros()))
            .filter(sessions::Column::Id.eq(id.as_str()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(renewed)?.rows_affected > 0)
    }

    async fn delete_session(&mut self, token: &TokenDigest) -> Result<bool, StoreError> {
        let deleted = sessions::Entity::delete_many()
            .filter(sessions::Column::TokenDigest.eq(token.0.as_str()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(deleted)?.rows_affected > 0)
    }
}
