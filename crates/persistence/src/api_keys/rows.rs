//! Rows of keys as the domain's values, read by their place: a key is looked up with every request that shows one.

use domain::api_keys::{ApiKey, CapPeriod, ErrorWords, Networks, Scopes, SpendCap};
use domain::providers::SealedSecret;
use domain::{ApiKeyId, Timestamp, UserId};
use ports::StoreError;
use ports::api_keys::KeySecret;
use ports::identity::TokenDigest;
use sea_orm::{QueryResult, TryGetable, Value};

use crate::decode::{money, number, stored, time, unreadable, word};
use crate::error::store_error;

/// The columns of a key, of the table `k`.
pub(super) const KEY: &str = "k.id, k.user_id, k.name, k.scopes, k.networks, k.expires_at, k.cap, k.cap_period, k.spent, \
     k.spent_from, k.requests_per_minute, k.enabled, k.words, k.orders_by_get, k.uses, k.last_used_at, k.created_at, \
     k.updated_at";
/// How many there are.
pub(super) const KEY_COLUMNS: usize = 18;
/// The columns of a secret, of the table `s`.
pub(super) const SECRET: &str =
    "s.public_id, s.digest, s.key_version, s.nonce, s.ciphertext, s.created_at, s.ends_at";

pub(super) fn at<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, StoreError> {
    row.try_get_by_index(place).map_err(store_error)
}

/// Reads [`KEY`] at the beginning of a row.
pub(super) fn key(row: &QueryResult) -> Result<ApiKey, StoreError> {
    let networks: String = at(row, 4)?;
    Ok(ApiKey {
        id: ApiKeyId::new(at::<String>(row, 0)?),
        user: UserId::new(at::<String>(row, 1)?),
        name: at(row, 2)?,
        scopes: Scopes::from_stored(&at::<String>(row, 3)?),
        networks: Networks::from_stored(&networks)
            .ok_or_else(|| unreadable("api_keys.networks", &networks))?,
        expires_at: time(at(row, 5)?),
        cap: cap(at(row, 6)?, at(row, 7)?)?,
        spent: money(at(row, 8)?),
        spent_from: Timestamp::from_micros(at(row, 9)?),
        requests_per_minute: number("api_keys.requests_per_minute", at::<i32>(row, 10)?)?,
        enabled: at(row, 11)?,
        words: word("api_keys.words", &at::<String>(row, 12)?, ErrorWords::from_stored)?,
        orders_by_get: at(row, 13)?,
        uses: number("api_keys.uses", at::<i64>(row, 14)?)?,
        last_used_at: time(at(row, 15)?),
        created_at: Timestamp::from_micros(at(row, 16)?),
        updated_at: Timestamp::from_micros(at(row, 17)?),
    })
}

fn cap(amount: Option<i64>, period: Option<String>) -> Result<Option<SpendCap>, StoreError> {
    let (Some(amount), Some(period)) = (amount, period) else {
        return Ok(None);
    };
    Ok(Some(SpendCap {
        amount: money(amount),
        period: word("api_keys.cap_period", &period, CapPeriod::from_stored)?,
    }))
}

/// The values of [`KEY`].
pub(super) fn key_values(key: &ApiKey) -> Result<[Value; KEY_COLUMNS], StoreError> {
    let uses: i64 = stored("api_keys.uses", key.uses)?;
    let requests: i32 = stored("api_keys.requests_per_minute", key.requests_per_minute)?;
    Ok([
        key.id.as_str().into(),
        key.user.as_str().into(),
        key.name.as_str().into(),
        key.scopes.to_text().into(),
        key.networks.to_text().into(),
        key.expires_at.map(Timestamp::micros).into(),
        key.cap.map(|cap| cap.amount.micros()).into(),
        key.cap.map(|cap| cap.period.as_str().to_owned()).into(),
        key.spent.micros().into(),
        key.spent_from.micros().into(),
        requests.into(),
        key.enabled.into(),
        key.words.as_str().into(),
        key.orders_by_get.into(),
        uses.into(),
        key.last_used_at.map(Timestamp::micros).into(),
        key.created_at.micros().into(),
        key.updated_at.micros().into(),
    ])
}

/// Reads [`SECRET`] from `place` on.
pub(super) fn secret(row: &QueryResult, place: usize) -> Result<KeySecret, StoreError> {
    Ok(KeySecret {
        public_id: at(row, place)?,
        digest: TokenDigest(at(row, place + 1)?),
        sealed: SealedSecret {
            key_version: at(row, place + 2)?,
            nonce: at(row, place + 3)?,
            ciphertext: at(row, place + 4)?,
        },
        created_at: Timestamp::from_micros(at(row, place + 5)?),
        ends_at: time(at(row, place + 6)?),
    })
}
