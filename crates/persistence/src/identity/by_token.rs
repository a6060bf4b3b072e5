//! Whose session a token opens: asked with every request, so the columns are read by their place.

use domain::Timestamp;
use domain::identity::Rights;
use entities::{sessions, users};
use ports::identity::TokenDigest;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, TryGetable};

use super::rights;
use crate::sql;

const OPEN_SESSION: &str = "
SELECT s.id, s.expires_at, s.token_digest, s.created_at, s.updated_at, s.ip_address, s.user_agent, s.user_id,
    s.impersonated_by, u.name, u.email, u.email_verified, u.image, u.role, u.banned, u.ban_reason, u.ban_expires,
    u.created_at, u.updated_at, u.removed_at, s.authenticated_at,
    CASE WHEN u.role = 'moderator' THEN
        (SELECT string_agg(right_name, ',') FROM user_rights WHERE user_id = u.id) END
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_digest = $1 AND s.expires_at > $2";

/// The session that is open at `now`, with its user and, if that is a moderator, their rights.
pub(super) async fn open_session(
    conn: &impl ConnectionTrait,
    token: &TokenDigest,
    now: Timestamp,
) -> Result<Option<(sessions::Model, users::Model, Rights)>, DbErr> {
    let values = [token.0.as_str().into(), now.micros().into()];
    let row = sql::query_one(conn, OPEN_SESSION, values).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &QueryResult) -> Result<(sessions::Model, users::Model, Rights), DbErr> {
    fn at<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, DbErr> {
        row.try_get_by_index(place)
    }
    let session = sessions::Model {
        id: at(row, 0)?,
        expires_at: at(row, 1)?,
        token_digest: at(row, 2)?,
        created_at: at(row, 3)?,
        updated_at: at(row, 4)?,
        ip_address: at(row, 5)?,
        user_agent: at(row, 6)?,
        user_id: at(row, 7)?,
        impersonated_by: at(row, 8)?,
        authenticated_at: at(row, 20)?,
    };
    let user = users::Model {
        id: session.user_id.clone(),
        name: at(row, 9)?,
        email: at(row, 10)?,
        email_verified: at(row, 11)?,
        image: at(row, 12)?,
        role: at(row, 13)?,
        banned: at(row, 14)?,
        ban_reason: at(row, 15)?,
        ban_expires: at(row, 16)?,
        created_at: at(row, 17)?,
        updated_at: at(row, 18)?,
        removed_at: at(row, 19)?,
    };
    let given: Option<String> = at(row, 21)?;
    Ok((session, user, rights::read(given.as_deref())))
}
