//! What the caller may do.

use std::collections::BTreeMap;

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, post};
use domain::identity::{Right, Rights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{Signed, Valid};
use crate::middleware::require_session;

/// What is to be done to what.
type Wanted = BTreeMap<String, Vec<String>>;

/// One of the two. Other fields are ignored: nobody learns what somebody else may do.
#[derive(Deserialize, Validate, ToSchema)]
pub struct PermissionForm {
    /// Such as `{"user": ["ban"]}`.
    permissions: Option<Wanted>,
    /// The same, as earlier clients call it.
    permission: Option<Wanted>,
}

/// Whether the caller may.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionBody {
    /// Always null.
    #[schema(value_type = Option<String>)]
    error: (),
    success: bool,
}

/// Says whether the caller may do something
#[utoipa::path(
    tag = "Users",
    request_body = PermissionForm,
    security(("session" = [])),
    responses((status = 200, description = "Whether the caller may", body = PermissionBody))
)]
#[post("/admin/has-permission", wrap = "from_fn(require_session)")]
pub async fn has_permission(
    Signed(session): Signed,
    Valid(form): Valid<PermissionForm>,
) -> Result<HttpResponse, AuthError> {
    let wanted = match (form.permissions, form.permission) {
        (Some(wanted), None) | (None, Some(wanted)) => wanted,
        (None, None) | (Some(_), Some(_)) => return Err(AuthCode::InvalidBody.into()),
    };
    Ok(HttpResponse::Ok().json(PermissionBody {
        error: (),
        success: may(&session.rights.of(session.user.role), &wanted),
    }))
}

/// Whether every right that is named is among these. To ask for none, or for one that nobody knows, is no.
fn may(rights: &Rights, wanted: &Wanted) -> bool {
    let has = |resource: &str, action: &String| {
        Right::named(resource, action).is_some_and(|right| rights.has(right))
    };
    let has_all =
        |(resource, actions): (&String, &Vec<String>)| actions.iter().all(|action| has(resource, action));
    wanted.values().any(|actions| !actions.is_empty()) && wanted.iter().all(has_all)
}

#[cfg(test)]
mod tests {
    use domain::identity::Role;

    use super::*;

    fn asked(role: Role, text: &str) -> bool {
        let given: Rights = [Right::UsersRead].into_iter().collect();
        may(&given.of(role), &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn every_right_that_is_asked_for_has_to_be_there() {
        assert!(asked(
            Role::Admin,
            r#"{"user":["ban","list"],"session":["revoke"]}"#
        ));
        assert!(!asked(Role::Admin, r#"{"user":["ban","fly"]}"#));
        assert!(!asked(Role::Admin, r#"{"orders":["refund"]}"#));
        assert!(!asked(Role::Admin, "{}"));
        assert!(asked(Role::Moderator, r#"{"user":["list"]}"#));
        assert!(!asked(Role::Moderator, r#"{"user":["list","ban"]}"#));
        assert!(!asked(Role::User, r#"{"session":["list"]}"#));
    }
}
