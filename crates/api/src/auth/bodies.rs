//! Users and sessions as the web application's client library knows them.

use domain::identity::{Session, SessionKind, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{WireTime, time};

/// A user as signing up and in answers it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserBody {
    id: String,
    #[schema(example = "alice@example.com")]
    email: String,
    #[schema(example = "Alice Doe")]
    name: String,
    image: Option<String>,
    email_verified: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            image: user.image.clone(),
            email_verified: user.email_verified,
            created_at: WireTime(user.created_at),
            updated_at: WireTime(user.updated_at),
        }
    }
}

/// A user as the session endpoint answers it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionUser {
    #[serde(flatten)]
    user: UserBody,
    /// `user`, `moderator` or `admin`.
    #[schema(example = "user")]
    role: &'static str,
    /// Whether signing in takes a code.
    two_factor_enabled: bool,
    banned: Option<bool>,
    ban_reason: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ban_expires: Option<WireTime>,
}

impl From<&User> for SessionUser {
    fn from(user: &User) -> Self {
        // Nobody with a ban that counts has a session.
        Self::with_ban(user, user.ban.as_ref().map(|_| false))
    }
}

impl SessionUser {
    /// A user of whom is known whether they are banned; `None` says that they never were.
    pub fn with_ban(user: &User, banned: Option<bool>) -> Self {
        let ban = user.ban.as_ref();
        Self {
            user: user.into(),
            role: user.role.as_str(),
            two_factor_enabled: user.second_factor.is_some(),
            banned,
            ban_reason: ban.and_then(|ban| ban.reason.clone()),
            ban_expires: time(ban.and_then(|ban| ban.until)),
        }
    }
}

/// A session. Only the cookie carries its token, where scripts cannot read it. What stands here in its place names the
/// session to its user and to staff, who can end it by that name; it signs nobody in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionBody {
    id: String,
    /// A name of the session: the same as its id.
    token: String,
    user_id: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
    ip_address: String,
    user_agent: String,
    /// The member of staff who acts as the user.
    impersonated_by: Option<String>,
    /// `program` if it is used with access tokens, and not a browser's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "program")]
    kind: Option<&'static str>,
}

impl From<&Session> for SessionBody {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.to_string(),
            token: session.id.to_string(),
            user_id: session.user.to_string(),
            expires_at: WireTime(session.expires_at),
            created_at: WireTime(session.created_at),
            updated_at: WireTime(session.updated_at),
            ip_address: session.ip_address.clone().unwrap_or_default(),
            user_agent: session.user_agent.clone().unwrap_or_default(),
            impersonated_by: session.impersonated_by.as_ref().map(ToString::to_string),
            kind: (session.kind == SessionKind::Program).then_some(session.kind.as_str()),
        }
    }
}
