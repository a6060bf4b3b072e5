//! What keeps sessions of programs alive.

use async_trait::async_trait;
use domain::{SessionId, Timestamp, UserId};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::refresh::{RefreshRepository, RefreshToken};
use sea_orm::{ConnectionTrait, DbErr};

use crate::decode::time;
use crate::sql;
use crate::tx::SeaTx;

const ISSUE: &str = "INSERT INTO refresh_tokens (digest, session_id, issued_at) VALUES ($1, $2, $3)";
const TAKE: &str = "
UPDATE refresh_tokens SET used_at = $3 WHERE digest = $1 AND session_id = $2 AND used_at IS NULL";
const END: &str = "DELETE FROM sessions WHERE user_id = $1 AND kind = 'program'";
const FORGET: &str = "DELETE FROM refresh_tokens WHERE session_id = $1 AND used_at < $2";
const FIND: &str = "SELECT session_id, issued_at, used_at FROM refresh_tokens WHERE digest = $1";

#[async_trait]
impl RefreshRepository for SeaTx {
    async fn issue(
        &mut self,
        token: &TokenDigest,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = [
            token.0.as_str().into(),
            session.as_str().into(),
            now.micros().into(),
        ];
        let issued = sql::execute(self.conn()?, ISSUE, values).await;
        self.guard(issued)?;
        Ok(())
    }

    async fn take(
        &mut self,
        token: &TokenDigest,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = [
            token.0.as_str().into(),
            session.as_str().into(),
            now.micros().into(),
        ];
        let taken = sql::execute(self.conn()?, TAKE, values).await;
        Ok(self.guard(taken)? > 0)
    }

    async fn end_sessions(&mut self, user: &UserId) -> Result<u64, StoreError> {
        let ended = sql::execute(self.conn()?, END, [user.as_str().into()]).await;
        self.guard(ended)
    }

    async fn forget_used(&mut self, session: &SessionId, moment: Timestamp) -> Result<u64, StoreError> {
        let values = [session.as_str().into(), moment.micros().into()];
        let forgotten = sql::execute(self.conn()?, FORGET, values).await;
        self.guard(forgotten)
    }
}

pub(super) async fn find(
    conn: &impl ConnectionTrait,
    token: &TokenDigest,
) -> Result<Option<RefreshToken>, DbErr> {
    let Some(row) = sql::query_one(conn, FIND, [token.0.as_str().into()]).await? else {
        return Ok(None);
    };
    Ok(Some(RefreshToken {
        session: SessionId::new(row.try_get_by_index::<String>(0)?),
        issued_at: Timestamp::from_micros(row.try_get_by_index(1)?),
        used_at: time(row.try_get_by_index(2)?),
    }))
}
