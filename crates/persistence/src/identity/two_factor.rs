//! Second factors.

use async_trait::async_trait;
use domain::identity::{SecondFactor, SessionKind};
use domain::providers::SealedSecret;
use domain::{Timestamp, UserId};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::two_factor::{HalfSignIn, MailedCode, MailedTry, TwoFactorQueries, TwoFactorRepository};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};

use crate::error::store_error;
use crate::queries::SeaQueries;
use crate::sql;
use crate::tx::SeaTx;

const ENROL: &str = "
INSERT INTO two_factors (user_id, key_version, nonce, ciphertext, created_at) VALUES ($1, $2, $3, $4, $5)";
const SECRET: &str = "SELECT key_version, nonce, ciphertext FROM two_factors WHERE user_id = $1";
const DROP_SECRET: &str = "DELETE FROM two_factors WHERE user_id = $1";
const SET_FACTOR: &str = "UPDATE users SET second_factor = $2, updated_at = $3 WHERE id = $1";
const NO_FACTOR: &str = "
UPDATE users SET second_factor = NULL, updated_at = $2 WHERE id = $1 AND second_factor IS NOT NULL";
const USE_STEP: &str = "UPDATE two_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2";
const ADD_CODE: &str = "INSERT INTO recovery_codes (user_id, code_digest) VALUES ($1, $2)";
const USE_CODE: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_digest = $2";
const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
const CODES_LEFT: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes WHERE user_id = $1";
const MAIL_CODE: &str = "
INSERT INTO mailed_codes (subject, user_id, code_digest, tries_left, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (subject) DO UPDATE SET user_id = excluded.user_id, code_digest = excluded.code_digest,
    tries_left = excluded.tries_left, expires_at = excluded.expires_at";
const TRY_MAILED: &str = "
UPDATE mailed_codes SET tries_left = tries_left - 1 WHERE subject = $1 AND expires_at > $2 AND tries_left > 0";
const MAILED_LEFT: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM mailed_codes WHERE subject = $1 AND expires_at > $2";
const USE_MAILED: &str = "DELETE FROM mailed_codes WHERE subject = $1 AND code_digest = $2";
const BEGIN: &str = "
INSERT INTO half_sign_ins (token_digest, user_id, kind, remember, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6)";
const HALF: &str = "SELECT user_id, kind, remember, expires_at FROM half_sign_ins WHERE token_digest = $1 AND expires_at > $2";
const END: &str = "
DELETE FROM half_sign_ins WHERE token_digest = $1 AND expires_at > $2 RETURNING user_id, kind, remember, expires_at";
const STOP: &str = "DELETE FROM half_sign_ins WHERE user_id = $1";
const TRUST: &str =
    "INSERT INTO trusted_devices (token_digest, user_id, expires_at, created_at) VALUES ($1, $2, $3, $4)";
const RENEW_TRUST: &str = "
UPDATE trusted_devices SET token_digest = $3, expires_at = $4
WHERE token_digest = $1 AND user_id = $2 AND expires_at > $5";
const TRUST_NOBODY: &str = "DELETE FROM trusted_devices WHERE user_id = $1";

/// Ends the user's sign-ins that wait for a code.
pub(super) async fn stop_sign_ins(conn: &impl ConnectionTrait, user: &UserId) -> Result<(), DbErr> {
    sql::execute(conn, STOP, [user.as_str().into()]).await?;
    Ok(())
}

/// Trusts none of the user's devices any more.
pub(super) async fn trust_no_device(conn: &impl ConnectionTrait, user: &UserId) -> Result<(), DbErr> {
    sql::execute(conn, TRUST_NOBODY, [user.as_str().into()]).await?;
    Ok(())
}

/// Drops the user's secret and all that hangs on it; whether there was one.
pub(super) async fn drop_secret(conn: &impl ConnectionTrait, user: &UserId) -> Result<bool, DbErr> {
    Ok(sql::execute(conn, DROP_SECRET, [user.as_str().into()]).await? > 0)
}

#[async_trait]
impl TwoFactorRepository for SeaTx {
    async fn enrol(
        &mut self,
        user: &UserId,
        secret: &SealedSecret,
        codes: &[TokenDigest],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let enrolled = enrol(self.conn()?, user, secret, codes, now).await;
        self.guard(enrolled)
    }

    async fn secret(&mut self, user: &UserId) -> Result<Option<SealedSecret>, StoreError> {
        let found = secret(self.conn()?, user).await;
        self.guard(found)
    }

    async fn set_factor(
        &mut self,
        user: &UserId,
        factor: SecondFactor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = [user.as_str().into(), factor.as_str().into(), now.micros().into()];
        self.affected(SET_FACTOR, values).await?;
        Ok(())
    }

    async fn remove(&mut self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let dropped = drop_secret(self.conn()?, user).await;
        let dropped = self.guard(dropped)?;
        let values = [user.as_str().into(), now.micros().into()];
        Ok(self.affected(NO_FACTOR, values).await? || dropped)
    }

    async fn use_step(&mut self, user: &UserId, step: i64) -> Result<bool, StoreError> {
        self.affected(USE_STEP, [user.as_str().into(), step.into()]).await
    }

    async fn use_recovery_code(&mut self, user: &UserId, code: &TokenDigest) -> Result<bool, StoreError> {
        self.affected(USE_CODE, [user.as_str().into(), code.0.as_str().into()])
            .await
    }

    async fn replace_recovery_codes(
        &mut self,
        user: &UserId,
        codes: &[TokenDigest],
    ) -> Result<(), StoreError> {
        let replaced = replace_codes(self.conn()?, user, codes).await;
        self.guard(replaced)
    }

    async fn mail_code(&mut self, code: &MailedCode) -> Result<(), StoreError> {
        let values: [Value; 5] = [
            code.subject.as_str().into(),
            code.user.as_str().into(),
            code.digest.0.as_str().into(),
            code.tries.into(),
            code.expires_at.micros().into(),
        ];
        self.affected(MAIL_CODE, values).await?;
        Ok(())
    }

    async fn try_mailed_code(&mut self, subject: &str, now: Timestamp) -> Result<MailedTry, StoreError> {
        let tried = try_mailed(self.conn()?, subject, now).await;
        self.guard(tried)
    }

    async fn use_mailed_code(&mut self, subject: &str, code: &TokenDigest) -> Result<bool, StoreError> {
        self.affected(USE_MAILED, [subject.into(), code.0.as_str().into()])
            .await
    }

    async fn begin_sign_in(
        &mut self,
        token: &TokenDigest,
        half: &HalfSignIn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values: [Value; 6] = [
            token.0.as_str().into(),
            half.user.as_str().into(),
            half.kind.as_str().into(),
            half.remember.into(),
            half.expires_at.micros().into(),
            now.micros().into(),
        ];
        self.affected(BEGIN, values).await?;
        Ok(())
    }

    async fn end_sign_in(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<HalfSignIn>, StoreError> {
        let taken = half(self.conn()?, END, token, now).await;
        self.guard(taken)
    }

    async fn trust(
        &mut self,
        device: &TokenDigest,
        user: &UserId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values: [Value; 4] = [
            device.0.as_str().into(),
            user.as_str().into(),
            expires_at.micros().into(),
            now.micros().into(),
        ];
        self.affected(TRUST, values).await?;
        Ok(())
    }

    async fn renew_trust(
        &mut self,
        device: &TokenDigest,
        user: &UserId,
        renewed: &TokenDigest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values: [Value; 5] = [
            device.0.as_str().into(),
            user.as_str().into(),
            renewed.0.as_str().into(),
            expires_at.micros().into(),
            now.micros().into(),
        ];
        self.affected(RENEW_TRUST, values).await
    }
}

impl SeaTx {
    /// Runs a statement; whether it wrote anything.
    async fn affected(
        &mut self,
        statement: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<bool, StoreError> {
        let done = sql::execute(self.conn()?, statement, values).await;
        Ok(self.guard(done)? > 0)
    }
}

#[async_trait]
impl TwoFactorQueries for SeaQueries {
    async fn half_sign_in(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<HalfSignIn>, StoreError> {
        half(self.conn(), HALF, token, now).await.map_err(store_error)
    }

    async fn secret_of(&self, user: &UserId) -> Result<Option<SealedSecret>, StoreError> {
        secret(self.conn(), user).await.map_err(store_error)
    }

    async fn recovery_codes_left(&self, user: &UserId) -> Result<u64, StoreError> {
        let left = sql::query_number(self.conn(), CODES_LEFT, [user.as_str().into()]).await;
        Ok(u64::try_from(left.map_err(store_error)?).unwrap_or_default())
    }
}

async fn enrol(
    conn: &DatabaseTransaction,
    user: &UserId,
    secret: &SealedSecret,
    codes: &[TokenDigest],
    now: Timestamp,
) -> Result<(), DbErr> {
    drop_secret(conn, user).await?;
    let values: [Value; 5] = [
        user.as_str().into(),
        secret.key_version.into(),
        secret.nonce.clone().into(),
        secret.ciphertext.clone().into(),
        now.micros().into(),
    ];
    sql::execute(conn, ENROL, values).await?;
    replace_codes(conn, user, codes).await
}

async fn replace_codes(
    conn: &DatabaseTransaction,
    user: &UserId,
    codes: &[TokenDigest],
) -> Result<(), DbErr> {
    sql::execute(conn, DROP_CODES, [user.as_str().into()]).await?;
    for code in codes {
        sql::execute(conn, ADD_CODE, [user.as_str().into(), code.0.as_str().into()]).await?;
    }
    Ok(())
}

async fn secret(conn: &impl ConnectionTrait, user: &UserId) -> Result<Option<SealedSecret>, DbErr> {
    let row = sql::query_one(conn, SECRET, [user.as_str().into()]).await?;
    let read = |row: QueryResult| {
        Ok(SealedSecret {
            key_version: row.try_get_by_index(0)?,
            nonce: row.try_get_by_index(1)?,
            ciphertext: row.try_get_by_index(2)?,
        })
    };
    row.map(read).transpose()
}

async fn half(
    conn: &impl ConnectionTrait,
    statement: &str,
    token: &TokenDigest,
    now: Timestamp,
) -> Result<Option<HalfSignIn>, DbErr> {
    let values = [token.0.as_str().into(), now.micros().into()];
    let row = sql::query_one(conn, statement, values).await?;
    let read = |row: QueryResult| {
        Ok(HalfSignIn {
            user: UserId::new(row.try_get_by_index::<String>(0)?),
            kind: SessionKind::from_stored(&row.try_get_by_index::<String>(1)?),
            remember: row.try_get_by_index(2)?,
            expires_at: Timestamp::from_micros(row.try_get_by_index(3)?),
        })
    };
    row.map(read).transpose()
}

async fn try_mailed(conn: &DatabaseTransaction, subject: &str, now: Timestamp) -> Result<MailedTry, DbErr> {
    let values = || -> [Value; 2] { [subject.into(), now.micros().into()] };
    if sql::execute(conn, TRY_MAILED, values()).await? > 0 {
        return Ok(MailedTry::Granted);
    }
    Ok(match sql::query_number(conn, MAILED_LEFT, values()).await? {
        0 => MailedTry::Gone,
        _ => MailedTry::Exhausted,
    })
}
