//! Whose session a token opens: asked with every request, so the columns are read by their place.

use std::collections::HashMap;

use domain::identity::{Rights, SessionKind};
use domain::{SessionId, Timestamp};
use entities::{sessions, users};
use ports::identity::{OpenedSession, SessionKey, TokenDigest};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, TryGetable, Value};

use super::{mapping, rights};
use crate::sql;

macro_rules! columns {
    () => {
        "SELECT s.id, s.expires_at, s.token_digest, s.created_at, s.updated_at, s.ip_address, s.user_agent, \
         s.user_id, s.impersonated_by, u.name, u.email, u.email_verified, u.image, u.role, u.banned, u.ban_reason, \
         u.ban_expires, u.created_at, u.updated_at, u.removed_at, s.authenticated_at, \
         CASE WHEN u.role = 'moderator' THEN \
         (SELECT string_agg(right_name, ',') FROM user_rights WHERE user_id = u.id) END, s.kind, u.second_factor"
    };
}

macro_rules! open_session {
    ($which:literal) => {
        concat!(
            columns!(),
            " FROM sessions s JOIN users u ON u.id = s.user_id WHERE ",
            $which,
            " AND s.expires_at > $2"
        )
    };
}

const BY_TOKEN: &str = open_session!("s.token_digest = $1 AND s.kind = 'browser'");
/// The name of a session is no secret, and opens only what else asks for a signature.
const OF_PROGRAM: &str = open_session!("s.id = $1 AND s.kind = 'program'");

/// A session with its user and, if that is a moderator, their rights.
type Found = (sessions::Model, users::Model, Rights);

/// The session that a browser's token opens at `now`.
pub(super) async fn open_session(
    conn: &impl ConnectionTrait,
    token: &TokenDigest,
    now: Timestamp,
) -> Result<Option<Found>, DbErr> {
    find(conn, BY_TOKEN, [token.0.as_str().into(), now.micros().into()]).await
}

/// The session of a program that is open at `now`.
pub(super) async fn session_of_program(
    conn: &impl ConnectionTrait,
    id: &SessionId,
    now: Timestamp,
) -> Result<Option<Found>, DbErr> {
    find(conn, OF_PROGRAM, [id.as_str().into(), now.micros().into()]).await
}

/// The sessions of `keys` that are open at `now`.
pub(super) async fn open_sessions(
    conn: &impl ConnectionTrait,
    keys: &[&SessionKey],
    now: Timestamp,
) -> Result<HashMap<SessionKey, OpenedSession>, DbErr> {
    let backend = conn.get_database_backend();
    // Each half looks its keys up by its own index.
    let half = |first: usize, which: &str| {
        let given = sql::given_texts(backend, first);
        format!(
            "{} FROM {given} CROSS JOIN sessions s JOIN users u ON u.id = s.user_id WHERE {which} AND s.expires_at > $3",
            columns!()
        )
    };
    let browsers = half(1, "s.token_digest = given.key AND s.kind = 'browser'");
    let programs = half(2, "s.id = given.key AND s.kind = 'program'");
    let tokens = keys.iter().filter_map(|key| match key {
        SessionKey::Browser(token) => Some(token.0.as_str()),
        SessionKey::Program(_) => None,
    });
    let names = keys.iter().filter_map(|key| match key {
        SessionKey::Browser(_) => None,
        SessionKey::Program(name) => Some(name.as_str()),
    });
    let values = [sql::texts(tokens), sql::texts(names), now.micros().into()];
    let rows = sql::query_all(conn, &format!("{browsers} UNION ALL {programs}"), values).await?;
    rows.iter().map(|row| read(row).map(with_key)).collect()
}

/// A session, and what it is found by.
fn with_key((session, user, rights): Found) -> (SessionKey, OpenedSession) {
    let key = match SessionKind::from_stored(&session.kind) {
        SessionKind::Browser => SessionKey::Browser(TokenDigest(session.token_digest.clone())),
        SessionKind::Program => SessionKey::Program(SessionId::new(session.id.clone())),
    };
    (key, mapping::opened((session, user, rights)))
}

async fn find(conn: &impl ConnectionTrait, sql: &str, values: [Value; 2]) -> Result<Option<Found>, DbErr> {
    let row = sql::query_one(conn, sql, values).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &QueryResult) -> Result<Found, DbErr> {
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
        kind: at(row, 22)?,
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
        second_factor: at(row, 23)?,
    };
    let given: Option<String> = at(row, 21)?;
    Ok((session, user, rights::read(given.as_deref())))
}
