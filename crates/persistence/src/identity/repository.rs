//! Identity inside a transaction.

use async_trait::async_trait;
use domain::identity::{Rights, Role, Session, User, UserSettings};
use domain::{SessionId, Timestamp, UserId};
use entities::{accounts, sessions, users};
use ports::StoreError;
use ports::identity::{Credentials, IdentityRepository, TokenDigest};
use ports::orders::Inserted;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Set, TryInsertResult,
};

use super::{CREDENTIAL, mapping, rights, settings, two_factor};
use crate::sql;
use crate::tx::SeaTx;

const FORGET_SESSIONS: &str = "
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

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
        let stopped = two_factor::stop_sign_ins(self.conn()?, user).await;
        self.guard(stopped)
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

    async fn lock_user(&mut self, id: &UserId) -> Result<Option<Credentials>, StoreError> {
        let locked = lock_user(self.conn()?, id).await;
        self.guard(locked)
    }

    async fn lock_admins(&mut self, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
        let not_banned = users::Column::Banned
            .eq(false)
            .or(users::Column::BanExpires.lte(now.micros()));
        let locked = users::Entity::find()
            .filter(users::Column::Role.eq(Role::Admin.as_str()))
            .filter(users::Column::RemovedAt.is_null())
            .filter(not_banned)
            .order_by_asc(users::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(self.conn()?)
            .await;
        let admins = self.guard(locked)?;
        Ok(admins.into_iter().map(|admin| UserId::new(admin.id)).collect())
    }

    async fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        let saved = users::Entity::update(mapping::user_row(user))
            .exec(self.conn()?)
            .await;
        self.guard(saved)?;
        Ok(())
    }

    async fn retire_user(&mut self, anonymised: &User) -> Result<(), StoreError> {
        let retired = retire_user(self.conn()?, anonymised).await;
        self.guard(retired)
    }

    async fn settings(&mut self, user: &UserId) -> Result<Option<UserSettings>, StoreError> {
        let found = settings::read(self.conn()?, user).await;
        self.guard(found)
    }

    async fn save_settings(
        &mut self,
        user: &UserId,
        settings: &UserSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let saved = settings::save(self.conn()?, user, settings, now).await;
        self.guard(saved)
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

    async fn refresh_session(
        &mut self,
        id: &SessionId,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let refreshed = sessions::Entity::update_many()
            .col_expr(sessions::Column::TokenDigest, Expr::value(token.0.as_str()))
            .col_expr(sessions::Column::AuthenticatedAt, Expr::value(now.micros()))
            .filter(sessions::Column::Id.eq(id.as_str()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(refreshed)?.rows_affected > 0)
    }

    async fn lock_rights(&mut self, user: &UserId) -> Result<Option<(Role, Rights)>, StoreError> {
        let conn = self.conn()?;
        let lock = match conn.get_database_backend() {
            DbBackend::Postgres => " FOR NO KEY UPDATE",
            _ => "",
        };
        let found = rights::of(conn, user, lock).await;
        self.guard(found)
    }

    async fn set_rights(
        &mut self,
        user: &UserId,
        rights: &Rights,
        by: &UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let replaced = rights::replace(self.conn()?, user, rights, by, now).await;
        self.guard(replaced)
    }

    async fn delete_session(&mut self, token: &TokenDigest) -> Result<bool, StoreError> {
        let deleted = sessions::Entity::delete_many()
            .filter(sessions::Column::TokenDigest.eq(token.0.as_str()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(deleted)?.rows_affected > 0)
    }

    async fn delete_session_by_id(
        &mut self,
        id: &SessionId,
        user: Option<&UserId>,
    ) -> Result<bool, StoreError> {
        let deleted = sessions::Entity::delete_many()
            .filter(sessions::Column::Id.eq(id.as_str()))
            .apply_if(user, |query, user| {
                query.filter(sessions::Column::UserId.eq(user.as_str()))
            })
            .exec(self.conn()?)
            .await;
        Ok(self.guard(deleted)?.rows_affected > 0)
    }

    async fn forget_sessions(&mut self, before: Timestamp, limit: u16) -> Result<u64, StoreError> {
        let values = [before.micros().into(), i64::from(limit).into()];
        let forgotten = sql::execute(self.conn()?, FORGET_SESSIONS, values).await;
        self.guard(forgotten)
    }

    async fn owner_of_session(
        &mut self,
        id: &SessionId,
        token: &TokenDigest,
    ) -> Result<Option<UserId>, StoreError> {
        let is_it = sessions::Column::Id
            .eq(id.as_str())
            .or(sessions::Column::TokenDigest.eq(token.0.as_str()));
        let found = sessions::Entity::find().filter(is_it).one(self.conn()?).await;
        Ok(self.guard(found)?.map(|row| UserId::new(row.user_id)))
    }

    async fn delete_sessions_of(
        &mut self,
        user: &UserId,
        keep: Option<&SessionId>,
    ) -> Result<u64, StoreError> {
        let deleted = delete_sessions_of(self.conn()?, user, keep).await;
        Ok(self.guard(deleted)?)
    }
}

/// In two statements: PostgreSQL locks no row that an outer join may leave out.
async fn lock_user(conn: &DatabaseTransaction, id: &UserId) -> Result<Option<Credentials>, DbErr> {
    let user = users::Entity::find_by_id(id.as_str())
        .filter(users::Column::RemovedAt.is_null())
        .lock(LockType::NoKeyUpdate)
        .one(conn)
        .await?;
    let Some(user) = user else { return Ok(None) };
    let account = accounts::Entity::find()
        .filter(accounts::Column::ProviderId.eq(CREDENTIAL))
        .filter(accounts::Column::AccountId.eq(id.as_str()))
        .one(conn)
        .await?;
    Ok(Some(Credentials {
        user: mapping::user(user),
        password_hash: account.and_then(|account| account.password),
    }))
}

async fn retire_user(conn: &DatabaseTransaction, anonymised: &User) -> Result<(), DbErr> {
    let mut row = mapping::user_row(anonymised);
    row.removed_at = Set(Some(anonymised.updated_at.micros()));
    row.second_factor = Set(None);
    users::Entity::update(row).exec(conn).await?;
    accounts::Entity::delete_many()
        .filter(accounts::Column::UserId.eq(anonymised.id.as_str()))
        .exec(conn)
        .await?;
    delete_sessions_of(conn, &anonymised.id, None).await?;
    two_factor::drop_secret(conn, &anonymised.id).await?;
    Ok(())
}

async fn delete_sessions_of(
    conn: &DatabaseTransaction,
    user: &UserId,
    keep: Option<&SessionId>,
) -> Result<u64, DbErr> {
    two_factor::stop_sign_ins(conn, user).await?;
    two_factor::trust_no_device(conn, user).await?;
    let theirs = sessions::Column::UserId
        .eq(user.as_str())
        .or(sessions::Column::ImpersonatedBy.eq(user.as_str()));
    let deleted = sessions::Entity::delete_many()
        .filter(theirs)
        .apply_if(keep, |query, keep| {
            query.filter(sessions::Column::Id.ne(keep.as_str()))
        })
        .exec(conn)
        .await?;
    Ok(deleted.rows_affected)
}
