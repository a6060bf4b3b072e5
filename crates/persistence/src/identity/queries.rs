//! Identity for reading.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::identity::{Rights, Role, Session, User, UserSettings};
use domain::text::Email;
use domain::{PageSize, SessionId, Timestamp, UserId};
use entities::{accounts, sessions, users};
use ports::StoreError;
use ports::identity::{Credentials, IdentityQueries, OpenedSession, SessionKey, SessionQueries, TokenDigest};
use ports::refresh::RefreshToken;
use ports::users::{UserList, UserPage};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait,
};

use super::{CREDENTIAL, by_token, mapping, refresh, rights};
use crate::error::store_error;
use crate::queries::SeaQueries;

/// A user's row with the hash of the password account beside it.
#[derive(FromQueryResult)]
struct CredentialsRow {
    #[sea_orm(nested)]
    user: users::Model,
    password_hash: Option<String>,
}

#[async_trait]
impl IdentityQueries for SeaQueries {
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let row = users::Entity::find_by_id(id.as_str())
            .filter(users::Column::RemovedAt.is_null())
            .one(self.conn())
            .await
            .map_err(store_error)?;
        Ok(row.map(mapping::user))
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let password_account = accounts::Relation::Users
            .def()
            .rev()
            .on_condition(|users, accounts| {
                Expr::col((accounts.clone(), accounts::Column::ProviderId))
                    .eq(CREDENTIAL)
                    .and(
                        Expr::col((accounts, accounts::Column::AccountId)).equals((users, users::Column::Id)),
                    )
                    .into_condition()
            });
        let row = users::Entity::find()
            .column_as(accounts::Column::Password, "password_hash")
            .join(JoinType::LeftJoin, password_account)
            .filter(users::Column::Email.eq(email.as_str()))
            .filter(users::Column::RemovedAt.is_null())
            .into_model::<CredentialsRow>()
            .one(self.conn())
            .await
            .map_err(store_error)?;
        Ok(row.map(|row| Credentials {
            user: mapping::user(row.user),
            password_hash: row.password_hash,
        }))
    }

    async fn session(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<OpenedSession>, StoreError> {
        let found = by_token::open_session(self.conn(), token, now).await;
        Ok(found.map_err(store_error)?.map(mapping::opened))
    }

    async fn session_of_program(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<OpenedSession>, StoreError> {
        let found = by_token::session_of_program(self.conn(), id, now).await;
        Ok(found.map_err(store_error)?.map(mapping::opened))
    }

    async fn refresh_token(&self, token: &TokenDigest) -> Result<Option<RefreshToken>, StoreError> {
        refresh::find(self.conn(), token).await.map_err(store_error)
    }

    async fn rights_of(&self, user: &UserId) -> Result<Option<(Role, Rights)>, StoreError> {
        rights::of(self.conn(), user, "").await.map_err(store_error)
    }

    async fn sessions_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows = sessions::Entity::find()
            .filter(sessions::Column::UserId.eq(user.as_str()))
            .filter(sessions::Column::ExpiresAt.gt(now.micros()))
            .order_by_desc(sessions::Column::CreatedAt)
            .order_by_desc(sessions::Column::Id)
            .limit(u64::from(PageSize::MAX))
            .all(self.conn())
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(mapping::session).collect())
    }

    async fn settings(&self, user: &UserId) -> Result<Option<UserSettings>, StoreError> {
        super::settings::read(self.conn(), user)
            .await
            .map_err(store_error)
    }

    async fn users(&self, list: &UserList) -> Result<UserPage, StoreError> {
        super::users::page(self.conn(), list).await.map_err(store_error)
    }
}

#[async_trait]
impl SessionQueries for SeaQueries {
    async fn sessions(
        &self,
        keys: &[&SessionKey],
        now: Timestamp,
    ) -> Result<HashMap<SessionKey, OpenedSession>, StoreError> {
        by_token::open_sessions(self.conn(), keys, now)
            .await
            .map_err(store_error)
    }
}
