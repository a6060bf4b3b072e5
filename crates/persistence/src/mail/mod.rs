//! Mails, and the tokens in them.

mod queries;
mod repository;
mod tokens;

use domain::mail::{MailKind, MailState};
use domain::providers::SealedSecret;
use domain::text::Email;
use domain::{MailId, Timestamp, UserId};
use ports::mail::StoredMail;
use sea_orm::QueryResult;

use crate::decode::{number, word};
use crate::error::Failure;

/// What [`stored`] reads, in this order.
const COLUMNS: &str = "id, kind, cause, user_id, recipient, state, attempts, reason, created_at, updated_at";
/// What [`sealed`] reads, behind that.
const SEALED: &str = "key_version, nonce, ciphertext";
/// Where it begins.
const SEALED_AT: usize = 10;

fn stored(row: &QueryResult) -> Result<StoredMail, Failure> {
    let (kind, state): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(5)?);
    let attempts: i32 = row.try_get_by_index(6)?;
    Ok(StoredMail {
        id: MailId(row.try_get_by_index(0)?),
        kind: word("mails.kind", &kind, MailKind::from_stored)?,
        cause: row.try_get_by_index(2)?,
        user: row.try_get_by_index::<Option<String>>(3)?.map(UserId::new),
        to: Email::from_stored(row.try_get_by_index::<String>(4)?),
        state: word("mails.state", &state, MailState::from_stored)?,
        attempts: number("mails.attempts", attempts)?,
        sealed: None,
        reason: row.try_get_by_index(7)?,
        created_at: Timestamp::from_micros(row.try_get_by_index(8)?),
        updated_at: Timestamp::from_micros(row.try_get_by_index(9)?),
    })
}

fn sealed(row: &QueryResult) -> Result<Option<SealedSecret>, Failure> {
    let key_version: Option<i32> = row.try_get_by_index(SEALED_AT)?;
    let nonce: Option<Vec<u8>> = row.try_get_by_index(SEALED_AT + 1)?;
    let ciphertext: Option<Vec<u8>> = row.try_get_by_index(SEALED_AT + 2)?;
    Ok(match (key_version, nonce, ciphertext) {
        (Some(key_version), Some(nonce), Some(ciphertext)) => Some(SealedSecret {
            key_version,
            nonce,
            ciphertext,
        }),
        _ => None,
    })
}
