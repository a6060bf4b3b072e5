//! Mails inside a transaction.

use async_trait::async_trait;
use domain::mail::MailState;
use domain::text::Email;
use domain::{MailId, Timestamp, UserId};
use ports::StoreError;
use ports::mail::{MailNews, MailRepository, NewMail};
use sea_orm::{DatabaseTransaction, Value};

use crate::decode::number;
use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const INSERT: &str = "
INSERT INTO mails (kind, cause, user_id, recipient, state, key_version, nonce, ciphertext, created_at, updated_at)
VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8, $8)
ON CONFLICT (cause) DO NOTHING RETURNING id";
const BEGIN_ATTEMPT: &str = "
UPDATE mails SET attempts = attempts + 1, updated_at = $2 WHERE id = $1 AND state = 'waiting' RETURNING attempts";
const KEEP_WAITING: &str =
    "UPDATE mails SET reason = $2, updated_at = $3 WHERE id = $1 AND state = 'waiting'";
const END: &str = "
UPDATE mails SET reason = $2, updated_at = $3, state = $4, key_version = NULL, nonce = NULL, ciphertext = NULL
WHERE id = $1 AND state = 'waiting'";
const FORGET: &str = "DELETE FROM mails WHERE user_id = $1 OR recipient = $2";
const PRUNE_MAILS: &str = "
DELETE FROM mails WHERE id IN (
    SELECT id FROM mails WHERE state <> 'waiting' AND updated_at < $1 ORDER BY id LIMIT $2)";
const PRUNE_TOKENS: &str = "
DELETE FROM verifications WHERE id IN (SELECT id FROM verifications WHERE expires_at < $1 LIMIT $2)";
const PRUNE_MAILED_CODES: &str = "
DELETE FROM mailed_codes WHERE subject IN (SELECT subject FROM mailed_codes WHERE expires_at < $1 LIMIT $2)";
const PRUNE_SIGN_INS: &str = "
DELETE FROM half_sign_ins WHERE token_digest IN (
    SELECT token_digest FROM half_sign_ins WHERE expires_at < $1 LIMIT $2)";
const PRUNE_DEVICES: &str = "
DELETE FROM trusted_devices WHERE token_digest IN (
    SELECT token_digest FROM trusted_devices WHERE expires_at < $1 LIMIT $2)";
const PRUNE: [&str; 5] = [
    PRUNE_MAILS,
    PRUNE_TOKENS,
    PRUNE_MAILED_CODES,
    PRUNE_SIGN_INS,
    PRUNE_DEVICES,
];

#[async_trait]
impl MailRepository for SeaTx {
    async fn insert(&mut self, mail: &NewMail) -> Result<Option<MailId>, StoreError> {
        let inserted = insert(self.conn()?, mail).await;
        self.guard(inserted)
    }

    async fn begin_attempt(&mut self, id: MailId, now: Timestamp) -> Result<Option<u32>, StoreError> {
        let begun = begin_attempt(self.conn()?, id, now).await;
        self.guard(begun)
    }

    async fn settle(&mut self, id: MailId, news: &MailNews) -> Result<bool, StoreError> {
        let mut values: Vec<Value> = vec![id.0.into(), news.reason.clone().into(), news.at.micros().into()];
        let statement = if news.state == MailState::Waiting {
            KEEP_WAITING
        } else {
            values.push(news.state.as_str().into());
            END
        };
        let settled = sql::execute(self.conn()?, statement, values).await;
        Ok(self.guard(settled)? == 1)
    }

    async fn forget(&mut self, user: &UserId, address: &Email) -> Result<u64, StoreError> {
        let values = [user.as_str().into(), address.as_str().into()];
        let forgotten = sql::execute(self.conn()?, FORGET, values).await;
        self.guard(forgotten)
    }

    async fn prune(&mut self, before: Timestamp, limit: u16) -> Result<u64, StoreError> {
        let mut gone = 0;
        for statement in PRUNE {
            let values = [before.micros().into(), i64::from(limit).into()];
            let pruned = sql::execute(self.conn()?, statement, values).await;
            gone += self.guard(pruned)?;
        }
        Ok(gone)
    }
}

async fn insert(conn: &DatabaseTransaction, mail: &NewMail) -> Result<Option<MailId>, Failure> {
    let values: [Value; 8] = [
        mail.kind.as_str().into(),
        mail.cause.clone().into(),
        mail.user.as_ref().map(UserId::as_str).into(),
        mail.to.as_str().into(),
        mail.sealed.key_version.into(),
        mail.sealed.nonce.clone().into(),
        mail.sealed.ciphertext.clone().into(),
        mail.at.micros().into(),
    ];
    let row = sql::query_one(conn, INSERT, values).await?;
    let id = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(id.map(MailId))
}

async fn begin_attempt(
    conn: &DatabaseTransaction,
    id: MailId,
    now: Timestamp,
) -> Result<Option<u32>, Failure> {
    let row = sql::query_one(conn, BEGIN_ATTEMPT, [id.0.into(), now.micros().into()]).await?;
    let attempts: Option<i32> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(attempts.map(|it| number("mails.attempts", it)).transpose()?)
}
