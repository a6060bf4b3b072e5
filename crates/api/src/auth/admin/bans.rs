//! Bans.

use actix_web::{HttpResponse, post, web};
use application::identity::{BanError, BanUser};
use domain::UserId;
use domain::identity::ban_length;
use domain::identity::right::UsersWrite;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{ChangedUser, UserForm, nobody, user_id};
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{SignedStaff, TextOrNumber, Valid};
use crate::state::ApiState;

/// A ban.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BanForm {
    /// The user's id.
    #[serde(default = "nobody", deserialize_with = "user_id")]
    #[schema(value_type = TextOrNumber)]
    user_id: UserId,
    /// `No reason` without it.
    #[validate(length(max = 500, message = "must be at most 500 characters"))]
    #[schema(example = "Chargebacks", max_length = 500)]
    ban_reason: Option<String>,
    /// In seconds; for good without it, or at 0. A multiple of 86,400,000 is taken as milliseconds, because that is what
    /// the web application sends.
    #[validate(range(min = 0.0, message = "must not be negative"))]
    #[schema(example = 604_800, minimum = 0)]
    ban_expires_in: Option<f64>,
}

/// Bans a user
///
/// All of the user's sessions end. A new ban replaces the one before, its end included.
#[utoipa::path(
    tag = "Users",
    request_body = BanForm,
    security(("session" = ["users.write"])),
    responses(
        (status = 200, description = "Banned, unless there is no such user", body = ChangedUser),
        (status = 400, description = "`VALIDATION_ERROR` or `YOU_CANNOT_BAN_YOURSELF`"),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_BAN_USERS` or `INVALID_ORIGIN`"),
        (status = 409, description = "`LAST_ADMIN`"),
    )
)]
#[post("/ban-user")]
pub async fn ban_user(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersWrite>,
    Valid(form): Valid<BanForm>,
) -> Result<HttpResponse, AuthError> {
    let ban = BanUser {
        user: form.user_id,
        reason: form.ban_reason.filter(|reason| !reason.is_empty()),
        length: form.ban_expires_in.and_then(ban_length),
    };
    let user = state
        .identity
        .user_admin
        .ban(&staff, &ban)
        .await
        .map_err(ban_error)?;
    Ok(HttpResponse::Ok().json(ChangedUser::new(user.as_ref(), Some(true))))
}

/// Lifts a ban
#[utoipa::path(
    tag = "Users",
    request_body = UserForm,
    security(("session" = ["users.write"])),
    responses(
        (status = 200, description = "Free, unless there is no such user", body = ChangedUser),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_BAN_USERS` or `INVALID_ORIGIN`"),
    )
)]
#[post("/unban-user")]
pub async fn unban_user(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersWrite>,
    Valid(form): Valid<UserForm>,
) -> Result<HttpResponse, AuthError> {
    let user = state
        .identity
        .user_admin
        .unban(&staff, &form.user_id)
        .await
        .map_err(ban_error)?;
    Ok(HttpResponse::Ok().json(ChangedUser::new(user.as_ref(), Some(false))))
}

fn ban_error(error: BanError) -> AuthError {
    match error {
        BanError::Yourself => AuthCode::BansYourself.into(),
        BanError::LastAdmin => AuthCode::LastAdmin.into(),
        BanError::NotTheirs => AuthCode::MayNotBanUsers.into(),
        BanError::Store(error) => error.into(),
    }
}
