//! What moderators may do.

use actix_web::{HttpResponse, get, put, web};
use application::identity::SetRightsError;
use domain::UserId;
use domain::identity::right::{RightsWrite, UsersRead};
use domain::identity::{Right, Rights, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid, field_error};
use crate::state::ApiState;

/// What a user is, and what they may do as such.
#[derive(Debug, Serialize, ToSchema)]
pub struct RightsBody {
    /// `user`, `moderator` or `admin`.
    #[schema(example = "moderator")]
    role: &'static str,
    /// All of them if the role is `admin`, none if it is `user`.
    #[schema(value_type = Vec<String>, example = json!(["orders.read", "orders.decide"]))]
    rights: Vec<&'static str>,
}

impl RightsBody {
    /// Rights of a user of `role`.
    pub fn new(role: Role, rights: &Rights) -> Self {
        Self {
            role: role.as_str(),
            rights: rights.iter().map(Right::as_str).collect(),
        }
    }
}

/// The rights that a moderator is to have, instead of those that they have.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsForm {
    #[validate(length(max = 100, message = "must be at most 100"))]
    #[schema(example = json!(["orders.read", "orders.decide"]))]
    rights: Vec<String>,
}

/// Shows what a user may do as staff
#[utoipa::path(
    tag = "Users",
    security(("session" = ["users.read"])),
    params(("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "Role and rights", body = Envelope<RightsBody>),
        (status = 404, description = "`USER_NOT_FOUND`"),
    )
)]
#[get("/users/{id}/rights")]
pub async fn show_rights(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<UsersRead>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = state
        .identity
        .rights
        .of(&staff, &UserId::new(id.into_inner()))
        .await?;
    let (role, rights) = found.ok_or(Code::UserNotFound)?;
    Ok(Said("RIGHTS_FETCHED", "Rights fetched successfully").ok(RightsBody::new(role, &rights)))
}

/// Gives a moderator rights and takes all others
///
/// They count from the moderator's next request on. Only administrators may do this, and whoever typed their password
/// more than five minutes ago has to do so again.
#[utoipa::path(
    tag = "Users",
    security(("session" = ["rights.write"])),
    request_body = RightsForm,
    params(("id" = String, Path, description = "The moderator")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`USER_NOT_FOUND`"),
        (status = 409, description = "`NOT_A_MODERATOR`"),
    )
)]
#[put("/users/{id}/rights")]
pub async fn set_rights(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<RightsWrite>,
    id: web::Path<String>,
    Valid(form): Valid<RightsForm>,
) -> Result<HttpResponse, ApiError> {
    let rights = form.rights.iter().map(|word| {
        Right::from_stored(word).ok_or_else(|| field_error("rights", format!("know no {word:.40}")))
    });
    let rights: Rights = rights.collect::<Result<_, _>>()?;
    let user = UserId::new(id.into_inner());
    state
        .identity
        .rights
        .set(&staff, &user, &rights)
        .await
        .map_err(set_error)?;
    Ok(Said("RIGHTS_SET", "Rights set successfully").ok(Nothing))
}

fn set_error(error: SetRightsError) -> ApiError {
    match error {
        SetRightsError::UnknownUser => Code::UserNotFound.into(),
        SetRightsError::NotAModerator => Code::NotAModerator.into(),
        SetRightsError::NotToBeGiven(_) => field_error("rights", error),
        SetRightsError::Store(error) => error.into(),
    }
}
