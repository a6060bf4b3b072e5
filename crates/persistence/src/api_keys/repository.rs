//! API keys inside a transaction.

use async_trait::async_trait;
use domain::api_keys::{ApiKey, CapPeriod};
use domain::{ApiKeyId, Money, Timestamp, UserId};
use ports::StoreError;
use ports::api_keys::{ApiKeyRepository, KeySecret, Spent};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};

use super::rows::{self, KEY};
use crate::decode::stored;
use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const INSERT: &str = "
INSERT INTO api_keys (id, user_id, name, scopes, networks, expires_at, cap, cap_period, spent, spent_from,
    requests_per_minute, enabled, words, orders_by_get, uses, last_used_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
const SAVE: &str = "
UPDATE api_keys SET user_id = $2, name = $3, scopes = $4, networks = $5, expires_at = $6, cap = $7, cap_period = $8,
    spent = $9, spent_from = $10, requests_per_minute = $11, enabled = $12, words = $13, orders_by_get = $14, uses = $15,
    last_used_at = $16, created_at = $17, updated_at = $18
WHERE id = $1";
const INSERT_SECRET: &str = "
INSERT INTO api_key_secrets (public_id, key_id, place, digest, key_version, nonce, ciphertext, created_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)";
/// The period of the cap that is in the row begins at `$3` if it is a day. Whoever decided before midnight and comes
/// after somebody who decided after it is counted in the new day: what is counted is never forgotten early.
const SPEND: &str = "
UPDATE api_keys
SET spent = CASE WHEN spent_from >= CASE WHEN cap_period = 'day' THEN $3 ELSE 0 END THEN spent ELSE 0 END
        + CASE WHEN cap IS NULL THEN 0 ELSE $2 END,
    spent_from = CASE WHEN cap_period = 'day' AND spent_from < $3 THEN $3 ELSE spent_from END
WHERE id = $1 AND enabled
    AND (cap IS NULL
        OR CASE WHEN spent_from >= CASE WHEN cap_period = 'day' THEN $3 ELSE 0 END THEN spent ELSE 0 END + $2 <= cap)";
const NOTE_USES: &str = "
UPDATE api_keys SET uses = uses + $2,
    last_used_at = CASE WHEN last_used_at > $3 THEN last_used_at ELSE $3 END
WHERE id = $1";

#[async_trait]
impl ApiKeyRepository for SeaTx {
    async fn count(&mut self, user: &UserId) -> Result<u64, StoreError> {
        let text = "SELECT COUNT(*) FROM api_keys WHERE user_id = $1";
        let counted = sql::query_number(self.conn()?, text, [user.as_str().into()]).await;
        stored("api_keys", self.guard(counted)?)
    }

    async fn insert(&mut self, key: &ApiKey, secret: &KeySecret) -> Result<(), StoreError> {
        let inserted = insert(self.conn()?, key, secret).await;
        self.guard(inserted)
    }

    async fn lock(&mut self, user: &UserId, id: &ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let locked = lock(self.conn()?, id, Some(user)).await;
        self.guard(locked)
    }

    async fn save(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let values = rows::key_values(key)?;
        let saved = sql::execute(self.conn()?, SAVE, values).await;
        self.guard(saved)?;
        Ok(())
    }

    async fn rotate(
        &mut self,
        id: &ApiKeyId,
        secret: &KeySecret,
        overlap_ends: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rotated = rotate(self.conn()?, id, secret, overlap_ends, now).await;
        self.guard(rotated)
    }

    async fn delete(&mut self, user: &UserId, id: &ApiKeyId) -> Result<bool, StoreError> {
        let text = "DELETE FROM api_keys WHERE id = $1 AND user_id = $2";
        let deleted = sql::execute(self.conn()?, text, [id.as_str().into(), user.as_str().into()]).await;
        Ok(self.guard(deleted)? > 0)
    }

    async fn disable_all(&mut self, user: &UserId, now: Timestamp) -> Result<u64, StoreError> {
        let text = "UPDATE api_keys SET enabled = FALSE, updated_at = $2 WHERE user_id = $1 AND enabled";
        let disabled = sql::execute(self.conn()?, text, [user.as_str().into(), now.micros().into()]).await;
        self.guard(disabled)
    }

    async fn spend(&mut self, id: &ApiKeyId, price: Money, now: Timestamp) -> Result<Spent, StoreError> {
        let spent = spend(self.conn()?, id, price, now).await;
        self.guard(spent)
    }

    async fn note_uses(&mut self, id: &ApiKeyId, uses: u64, at: Timestamp) -> Result<(), StoreError> {
        let uses: i64 = stored("api_keys.uses", uses)?;
        let values = [id.as_str().into(), uses.into(), at.micros().into()];
        let noted = sql::execute(self.conn()?, NOTE_USES, values).await;
        self.guard(noted)?;
        Ok(())
    }
}

async fn insert(conn: &DatabaseTransaction, key: &ApiKey, secret: &KeySecret) -> Result<(), Failure> {
    sql::execute(conn, INSERT, rows::key_values(key)?).await?;
    insert_secret(conn, &key.id, secret, 0).await
}

async fn insert_secret(
    conn: &DatabaseTransaction,
    key: &ApiKeyId,
    secret: &KeySecret,
    place: i32,
) -> Result<(), Failure> {
    let values: [Value; 8] = [
        secret.public_id.as_str().into(),
        key.as_str().into(),
        place.into(),
        secret.digest.0.as_str().into(),
        secret.sealed.key_version.into(),
        secret.sealed.nonce.clone().into(),
        secret.sealed.ciphertext.clone().into(),
        secret.created_at.micros().into(),
    ];
    sql::execute(conn, INSERT_SECRET, values).await?;
    Ok(())
}

/// The key if it is there, and is `owner`'s if one is given.
async fn lock(
    conn: &DatabaseTransaction,
    id: &ApiKeyId,
    owner: Option<&UserId>,
) -> Result<Option<ApiKey>, Failure> {
    let lock = match conn.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let text = format!("SELECT {KEY} FROM api_keys k WHERE k.id = $1{lock}");
    let row = sql::query_one(conn, &text, [id.as_str().into()]).await?;
    let key = row.as_ref().map(rows::key).transpose()?;
    Ok(key.filter(|key| owner.is_none_or(|owner| key.user == *owner)))
}

async fn rotate(
    conn: &DatabaseTransaction,
    key: &ApiKeyId,
    secret: &KeySecret,
    overlap_ends: Timestamp,
    now: Timestamp,
) -> Result<bool, Failure> {
    let id = || Value::from(key.as_str());
    let ended = "DELETE FROM api_key_secrets WHERE key_id = $1 AND ends_at <= $2";
    sql::execute(conn, ended, [id(), now.micros().into()]).await?;
    if overlap_ends <= now {
        sql::execute(conn, "DELETE FROM api_key_secrets WHERE key_id = $1", [id()]).await?;
        insert_secret(conn, key, secret, 0).await?;
        return Ok(true);
    }
    let left = "SELECT place FROM api_key_secrets WHERE key_id = $1";
    let left = sql::query_all(conn, left, [id()]).await?;
    let place = match left.as_slice() {
        [] => 0,
        [one] => 1 - one.try_get_by_index::<i32>(0)?,
        _ => return Ok(false),
    };
    let ends = "UPDATE api_key_secrets SET ends_at = $2 WHERE key_id = $1";
    sql::execute(conn, ends, [id(), overlap_ends.micros().into()]).await?;
    insert_secret(conn, key, secret, place).await?;
    Ok(true)
}

async fn spend(
    conn: &DatabaseTransaction,
    id: &ApiKeyId,
    price: Money,
    now: Timestamp,
) -> Result<Spent, Failure> {
    let day = CapPeriod::Day.began(now);
    let values = [id.as_str().into(), price.micros().into(), day.micros().into()];
    if sql::execute(conn, SPEND, values).await? > 0 {
        return Ok(Spent::Counted);
    }
    // Locked, so that the answer is about one moment.
    let Some(key) = lock(conn, id, None).await?.filter(|key| key.enabled) else {
        return Ok(Spent::Stopped);
    };
    let cap = key.cap.map_or(Money::ZERO, |cap| cap.amount);
    let left = cap.saturating_sub(key.spent_at(now));
    if left >= price {
        // It changed between the two statements. The whole attempt may be made again.
        return Err(StoreError::Contended.into());
    }
    Ok(Spent::TooMuch { left })
}
