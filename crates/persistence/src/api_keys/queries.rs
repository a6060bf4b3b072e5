//! API keys for reading.

use std::sync::LazyLock;

use async_trait::async_trait;
use domain::UserId;
use domain::api_keys::{ApiKey, KEYS_MAX};
use entities::users;
use ports::StoreError;
use ports::api_keys::{ApiKeyQueries, FoundKey, KeySecret};
use ports::identity::TokenDigest;
use sea_orm::QueryResult;

use super::rows::{self, KEY, KEY_COLUMNS, SECRET, at};
use crate::decode::time;
use crate::error::store_error;
use crate::identity::user;
use crate::queries::SeaQueries;
use crate::sql;

const OWNER: &str = "u.name, u.email, u.email_verified, u.image, u.role, u.banned, u.ban_reason, u.ban_expires, \
     u.created_at, u.updated_at, u.second_factor";

static BY_PUBLIC_ID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {KEY}, s.digest, s.ends_at, {OWNER} FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id \
         JOIN users u ON u.id = k.user_id WHERE s.public_id = $1 AND u.removed_at IS NULL"
    )
});

#[async_trait]
impl ApiKeyQueries for SeaQueries {
    async fn by_public_id(&self, public_id: &str) -> Result<Option<FoundKey>, StoreError> {
        let row = sql::query_one(self.conn(), &BY_PUBLIC_ID, [public_id.into()]).await;
        row.map_err(store_error)?.as_ref().map(found).transpose()
    }

    async fn keys_of(&self, user: &UserId) -> Result<Vec<(ApiKey, KeySecret)>, StoreError> {
        let text = format!(
            "SELECT {KEY}, {SECRET} FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id AND s.ends_at IS NULL \
             WHERE k.user_id = $1 ORDER BY k.created_at DESC, k.id DESC LIMIT {KEYS_MAX}"
        );
        let rows = sql::query_all(self.conn(), &text, [user.as_str().into()]).await;
        let rows = rows.map_err(store_error)?;
        let both = |row: &QueryResult| Ok((rows::key(row)?, rows::secret(row, KEY_COLUMNS)?));
        rows.iter().map(both).collect()
    }
}

fn found(row: &QueryResult) -> Result<FoundKey, StoreError> {
    const OWNER_FROM: usize = KEY_COLUMNS + 2;
    let key = rows::key(row)?;
    let owner = users::Model {
        id: key.user.as_str().to_owned(),
        name: at(row, OWNER_FROM)?,
        email: at(row, OWNER_FROM + 1)?,
        email_verified: at(row, OWNER_FROM + 2)?,
        image: at(row, OWNER_FROM + 3)?,
        role: at(row, OWNER_FROM + 4)?,
        banned: at(row, OWNER_FROM + 5)?,
        ban_reason: at(row, OWNER_FROM + 6)?,
        ban_expires: at(row, OWNER_FROM + 7)?,
        created_at: at(row, OWNER_FROM + 8)?,
        updated_at: at(row, OWNER_FROM + 9)?,
        second_factor: at(row, OWNER_FROM + 10)?,
        removed_at: None,
    };
    Ok(FoundKey {
        key,
        owner: user(owner),
        digest: TokenDigest(at(row, KEY_COLUMNS)?),
        ends_at: time(at(row, KEY_COLUMNS + 1)?),
    })
}
