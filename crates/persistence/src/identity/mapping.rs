//! Identity rows as the domain's values, and back.

use domain::identity::{Ban, Rights, Role, SecondFactor, Session, SessionKind, User};
use domain::text::{Email, Name};
use domain::{SessionId, Timestamp, UserId};
use entities::{sessions, users};
use ports::identity::{OpenedSession, TokenDigest};
use sea_orm::{NotSet, Set};

use crate::decode::time;

pub(crate) fn user(row: users::Model) -> User {
    let ban = row.banned.then_some(Ban {
        reason: row.ban_reason,
        until: time(row.ban_expires),
    });
    User {
        id: UserId::new(row.id),
        name: Name::from_stored(row.name),
        email: Email::from_stored(row.email),
        email_verified: row.email_verified,
        image: row.image,
        role: Role::from_stored(&row.role),
        ban,
        second_factor: row.second_factor.as_deref().map(SecondFactor::from_stored),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    }
}

pub(super) fn user_row(user: &User) -> users::ActiveModel {
    let ban = user.ban.as_ref();
    users::ActiveModel {
        id: Set(user.id.as_str().to_owned()),
        name: Set(user.name.as_str().to_owned()),
        email: Set(user.email.as_str().to_owned()),
        email_verified: Set(user.email_verified),
        image: Set(user.image.clone()),
        role: Set(user.role.as_str().to_owned()),
        banned: Set(ban.is_some()),
        ban_reason: Set(ban.and_then(|ban| ban.reason.clone())),
        ban_expires: Set(ban.and_then(|ban| ban.until).map(Timestamp::micros)),
        created_at: Set(user.created_at.micros()),
        updated_at: Set(user.updated_at.micros()),
        second_factor: NotSet,
        removed_at: NotSet,
    }
}

pub(super) fn session(row: sessions::Model) -> Session {
    Session {
        id: SessionId::new(row.id),
        user: UserId::new(row.user_id),
        kind: SessionKind::from_stored(&row.kind),
        expires_at: Timestamp::from_micros(row.expires_at),
        ip_address: row.ip_address,
        user_agent: row.user_agent,
        impersonated_by: row.impersonated_by.map(UserId::new),
        authenticated_at: Timestamp::from_micros(row.authenticated_at),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    }
}

/// A session with its user and the rights that they were given.
pub(super) fn opened(
    (session_row, user_row, rights): (sessions::Model, users::Model, Rights),
) -> OpenedSession {
    (session(session_row), user(user_row), rights)
}

pub(super) fn session_row(session: &Session, token: &TokenDigest) -> sessions::ActiveModel {
    sessions::ActiveModel {
        id: Set(session.id.as_str().to_owned()),
        expires_at: Set(session.expires_at.micros()),
        token_digest: Set(token.0.clone()),
        created_at: Set(session.created_at.micros()),
        updated_at: Set(session.updated_at.micros()),
        ip_address: Set(session.ip_address.clone()),
        user_agent: Set(session.user_agent.clone()),
        user_id: Set(session.user.as_str().to_owned()),
        kind: Set(session.kind.as_str().to_owned()),
        impersonated_by: Set(session.impersonated_by.as_ref().map(|it| it.as_str().to_owned())),
        authenticated_at: Set(session.authenticated_at.micros()),
    }
}
