//! Accounts elsewhere. Sign-ins under way are rows of `verifications`: the id is `social:digest`, the identifier the
//! provider, and the value says the rest as JSON.

use async_trait::async_trait;
use domain::text::Email;
use domain::{Timestamp, UserId};
use entities::{accounts, users};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::orders::Inserted;
use ports::social::{PendingSignIn, SocialRepository};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Set, TryInsertResult, Value,
};
use serde_json::json;

use crate::decode::unreadable;
use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const BEGIN: &str = "
INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5)";
const TAKE: &str =
    "DELETE FROM verifications WHERE id = $1 AND expires_at > $2 RETURNING identifier, value, expires_at";
const FORGET: &str = "
DELETE FROM verifications WHERE id IN (
    SELECT id FROM verifications WHERE id LIKE 'social:%' AND expires_at < $1 LIMIT $2)";

#[async_trait]
impl SocialRepository for SeaTx {
    async fn begin(
        &mut self,
        state: &TokenDigest,
        pending: &PendingSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values: [Value; 5] = [
            id(state).into(),
            pending.provider.as_str().into(),
            value(pending).into(),
            pending.expires_at.micros().into(),
            now.micros().into(),
        ];
        let begun = sql::execute(self.conn()?, BEGIN, values).await;
        self.guard(begun)?;
        Ok(())
    }

    async fn take(
        &mut self,
        state: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let taken = take(self.conn()?, state, now).await;
        self.guard(taken)
    }

    async fn forget_ended(&mut self, before: Timestamp, limit: u16) -> Result<u64, StoreError> {
        let values = [before.micros().into(), i64::from(limit).into()];
        let forgotten = sql::execute(self.conn()?, FORGET, values).await;
        self.guard(forgotten)
    }

    async fn linked(&mut self, provider: &str, account: &str) -> Result<Option<UserId>, StoreError> {
        let found = accounts::Entity::find()
            .select_only()
            .column(accounts::Column::UserId)
            .filter(accounts::Column::ProviderId.eq(provider))
            .filter(accounts::Column::AccountId.eq(account))
            .into_tuple::<String>()
            .one(self.conn()?)
            .await;
        Ok(self.guard(found)?.map(UserId::new))
    }

    async fn user_with(&mut self, email: &Email) -> Result<Option<UserId>, StoreError> {
        let found = users::Entity::find()
            .select_only()
            .column(users::Column::Id)
            .filter(users::Column::Email.eq(email.as_str()))
            .filter(users::Column::RemovedAt.is_null())
            .into_tuple::<String>()
            .one(self.conn()?)
            .await;
        Ok(self.guard(found)?.map(UserId::new))
    }

    async fn link(
        &mut self,
        id: &str,
        provider: &str,
        account: &str,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Inserted, StoreError> {
        let row = accounts::ActiveModel {
            id: Set(id.to_owned()),
            account_id: Set(account.to_owned()),
            provider_id: Set(provider.to_owned()),
            user_id: Set(user.as_str().to_owned()),
            created_at: Set(now.micros()),
            updated_at: Set(now.micros()),
            ..Default::default()
        };
        let linked = accounts::Entity::insert(row)
            .on_conflict_do_nothing_on([accounts::Column::ProviderId, accounts::Column::AccountId])
            .exec_without_returning(self.conn()?)
            .await;
        Ok(match self.guard(linked)? {
            TryInsertResult::Inserted(1..) => Inserted::New,
            _ => Inserted::AlreadyThere,
        })
    }

    async fn drop_accounts(&mut self, user: &UserId) -> Result<u64, StoreError> {
        let dropped = accounts::Entity::delete_many()
            .filter(accounts::Column::UserId.eq(user.as_str()))
            .exec(self.conn()?)
            .await;
        Ok(self.guard(dropped)?.rows_affected)
    }
}

fn id(state: &TokenDigest) -> String {
    format!("social:{}", state.0)
}

fn value(pending: &PendingSignIn) -> String {
    json!({
        "browser": pending.browser.0,
        "page": pending.page,
        "errorPage": pending.error_page,
        "newUserPage": pending.new_user_page,
    })
    .to_string()
}

async fn take(
    conn: &DatabaseTransaction,
    state: &TokenDigest,
    now: Timestamp,
) -> Result<Option<PendingSignIn>, Failure> {
    let Some(row) = sql::query_one(conn, TAKE, [id(state).into(), now.micros().into()]).await? else {
        return Ok(None);
    };
    let value: String = row.try_get_by_index(1)?;
    let value: serde_json::Value =
        serde_json::from_str(&value).map_err(|_| unreadable("verifications.value", "no JSON"))?;
    let text = |field: &str| value.get(field).and_then(|it| it.as_str()).map(str::to_owned);
    Ok(Some(PendingSignIn {
        provider: row.try_get_by_index(0)?,
        browser: TokenDigest(text("browser").unwrap_or_default()),
        page: text("page"),
        error_page: text("errorPage"),
        new_user_page: text("newUserPage"),
        expires_at: Timestamp::from_micros(row.try_get_by_index(2)?),
    }))
}
