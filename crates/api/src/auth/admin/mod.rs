//! `/api/auth/admin`: staff administer users, as the client library's plugin for it asks.

mod accounts;
mod bans;
pub mod impersonate;
mod list;
pub mod permission;
mod sessions;

use domain::UserId;
use domain::identity::{Role, User};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::SessionUser;
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{TextOrNumber, text_or_number};
use crate::mount::Routes;

/// What whoever lacks the right of a path is told. A path that is missing here cannot be reached.
const REFUSALS: [(&str, AuthCode); 11] = [
    ("list-users", AuthCode::MayNotListUsers),
    ("create-user", AuthCode::MayNotCreateUsers),
    ("ban-user", AuthCode::MayNotBanUsers),
    ("unban-user", AuthCode::MayNotBanUsers),
    ("remove-user", AuthCode::MayNotRemoveUsers),
    ("set-role", AuthCode::MayNotSetRoles),
    ("set-user-password", AuthCode::MayNotSetPasswords),
    ("list-user-sessions", AuthCode::MayNotListSessions),
    ("revoke-user-session", AuthCode::MayNotRevokeSessions),
    ("revoke-user-sessions", AuthCode::MayNotRevokeSessions),
    ("impersonate-user", AuthCode::MayNotImpersonate),
];

fn refusal(path: &str) -> Option<AuthCode> {
    let (_, last) = path.rsplit_once('/')?;
    let found = REFUSALS.iter().find(|(name, _)| *name == last);
    found.map(|(_, refusal)| *refusal)
}

/// Whether `path` is behind a right.
pub fn has_refusal(path: &str) -> bool {
    refusal(path).is_some()
}

/// What whoever lacks the right of `path` is told.
pub fn refusal_of(path: &str) -> AuthError {
    refusal(path).map_or_else(AuthError::signed_out, AuthError::from)
}

/// The routes behind a right.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(list::list_users)
        .service(accounts::create_user)
        .service(accounts::set_role)
        .service(accounts::set_user_password)
        .service(accounts::remove_user)
        .service(bans::ban_user)
        .service(bans::unban_user)
        .service(sessions::list_user_sessions)
        .service(sessions::revoke_user_session)
        .service(sessions::revoke_user_sessions)
        .service(impersonate::impersonate_user);
}

/// A user by id. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserForm {
    /// The user's id, such as hfXXq3mTz8b1rYp0VdKcEw5JnLaSgU2o. A missing one is the id of nobody.
    #[serde(default = "nobody", deserialize_with = "user_id")]
    #[schema(value_type = TextOrNumber)]
    user_id: UserId,
}

fn nobody() -> UserId {
    UserId::new("")
}

fn user_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserId, D::Error> {
    text_or_number(deserializer).map(UserId::new)
}

/// The user afterwards.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedUser {
    /// Null if there is no such user.
    user: Option<SessionUser>,
}

impl ChangedUser {
    /// `banned` says what is known about bans of the user.
    fn new(user: Option<&User>, banned: Option<bool>) -> Self {
        Self {
            user: user.map(|user| SessionUser::with_ban(user, banned)),
        }
    }
}

/// One role, or several.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RoleWords {
    /// `user`, `moderator` or `admin`, or several of them separated by commas.
    One(String),
    /// The same as a list.
    Several(Vec<String>),
}

impl RoleWords {
    /// The strongest of the roles.
    fn role(&self) -> Result<Role, AuthError> {
        let role = match self {
            Self::One(words) => Role::parse(words),
            Self::Several(words) => Role::parse(&words.join(",")),
        };
        role.map_err(|_| AuthCode::InvalidBody.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_behind_the_door_says_how_it_refuses() {
        let document = crate::docs::openapi();
        let open = ["stop-impersonating", "has-permission"];
        let behind = document.paths.paths.keys().filter_map(|path| {
            let name = path.strip_prefix("/api/auth/admin/")?;
            (!open.contains(&name)).then_some(name)
        });
        let mut behind: Vec<&str> = behind.collect();
        behind.sort_unstable();
        let mut known = REFUSALS.map(|(name, _)| name);
        known.sort_unstable();
        assert_eq!(behind, known);
        assert!(!has_refusal("/api/auth/admin/nowhere"));
    }
}
