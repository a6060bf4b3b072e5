//! Mailed tokens, in the table `verifications`: the id is `purpose:digest`, the identifier the address that is to be
//! proven, if there is one, and the value the user.

use async_trait::async_trait;
use domain::mail::TokenPurpose;
use domain::text::Email;
use domain::{Timestamp, UserId};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::tokens::{Grant, TokenQueries, TokenRepository};
use sea_orm::{QueryResult, Value};

use crate::error::{Failure, store_error};
use crate::queries::SeaQueries;
use crate::sql;
use crate::tx::SeaTx;

const ISSUE: &str = "
INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (id) DO NOTHING";
const TAKE: &str =
    "DELETE FROM verifications WHERE id = $1 AND expires_at > $2 RETURNING value, expires_at, identifier";
const REVOKE: &str = "DELETE FROM verifications WHERE value = $1";
const LOOK: &str =
    "SELECT value, expires_at, identifier FROM verifications WHERE id = $1 AND expires_at > $2";
const EXPIRED: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM verifications WHERE id = $1 AND expires_at <= $2";

#[async_trait]
impl TokenRepository for SeaTx {
    async fn issue(&mut self, token: &TokenDigest, grant: &Grant, now: Timestamp) -> Result<(), StoreError> {
        let values: [Value; 5] = [
            id(grant.purpose, token).into(),
            grant.address.as_ref().map_or("", Email::as_str).into(),
            grant.user.as_str().into(),
            grant.expires_at.micros().into(),
            now.micros().into(),
        ];
        let issued = sql::execute(self.conn()?, ISSUE, values).await;
        self.guard(issued)?;
        Ok(())
    }

    async fn take(
        &mut self,
        purpose: TokenPurpose,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError> {
        let taken = sql::query_one(self.conn()?, TAKE, key(purpose, token, now)).await;
        let row = self.guard(taken)?;
        Ok(row.map(|row| grant(purpose, &row)).transpose()?)
    }

    async fn revoke_all(&mut self, user: &UserId) -> Result<u64, StoreError> {
        let revoked = sql::execute(self.conn()?, REVOKE, [user.as_str().into()]).await;
        self.guard(revoked)
    }
}

#[async_trait]
impl TokenQueries for SeaQueries {
    async fn grant(
        &self,
        purpose: TokenPurpose,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError> {
        let row = sql::query_one(self.conn(), LOOK, key(purpose, token, now)).await;
        let row = row.map_err(store_error)?;
        Ok(row.map(|row| grant(purpose, &row)).transpose()?)
    }

    async fn has_expired(
        &self,
        purpose: TokenPurpose,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let count = sql::query_number(self.conn(), EXPIRED, key(purpose, token, now)).await;
        Ok(count.map_err(store_error)? > 0)
    }
}

fn id(purpose: TokenPurpose, token: &TokenDigest) -> String {
    format!("{}:{}", purpose.as_str(), token.0)
}

fn key(purpose: TokenPurpose, token: &TokenDigest, now: Timestamp) -> [Value; 2] {
    [id(purpose, token).into(), now.micros().into()]
}

fn grant(purpose: TokenPurpose, row: &QueryResult) -> Result<Grant, Failure> {
    let address: String = row.try_get_by_index(2)?;
    Ok(Grant {
        purpose,
        user: UserId::new(row.try_get_by_index::<String>(0)?),
        address: (!address.is_empty()).then(|| Email::from_stored(address)),
        expires_at: Timestamp::from_micros(row.try_get_by_index(1)?),
    })
}
