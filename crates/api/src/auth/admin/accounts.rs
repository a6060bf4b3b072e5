//! Creating users, their roles and passwords, and removing them.

use actix_web::{HttpResponse, post, web};
use application::caller::By;
use application::identity::{
    CreateUserError, NewUser, Password, RemoveUserError, SetPasswordError, SetRoleError,
};
use domain::UserId;
use domain::identity::Role;
use domain::identity::right::{RightsWrite, UsersReset, UsersWrite};
use domain::text::{Email, Name};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{ChangedUser, RoleWords, nobody, user_id};
use crate::auth::sign_up::{password_error, password_refusal};
use crate::auth::{Done, Succeeded, done, succeeded};
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{SignedStaff, TextOrNumber, Valid};
use crate::state::ApiState;

/// The user to be. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
pub struct NewUserForm {
    #[schema(example = "Alice Doe", min_length = 1, max_length = 255)]
    name: String,
    #[schema(example = "alice@example.com", max_length = 254, format = Email)]
    email: String,
    /// 8 to 128 characters of any kind.
    #[schema(example = "Correct-Horse-1", min_length = 8, max_length = 128, format = Password)]
    password: String,
    /// `user` without it.
    role: Option<RoleWords>,
}

/// Another role.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleForm {
    /// The user's id.
    #[serde(default = "nobody", deserialize_with = "user_id")]
    #[schema(value_type = TextOrNumber)]
    user_id: UserId,
    role: RoleWords,
}

/// Another password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPasswordForm {
    /// The user's id.
    #[serde(default = "nobody", deserialize_with = "user_id")]
    #[schema(value_type = TextOrNumber)]
    user_id: UserId,
    /// 8 to 128 characters of any kind.
    #[schema(example = "Correct-Horse-1", min_length = 8, max_length = 128, format = Password)]
    new_password: String,
}

/// The user to be removed. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovalForm {
    /// The user's id. A missing one is the id of nobody.
    #[serde(default = "nobody", deserialize_with = "user_id")]
    #[schema(value_type = TextOrNumber)]
    user_id: UserId,
    /// Whether to remove a user who still has money or orders that have not ended.
    force: Option<bool>,
}

/// Creates a user with a wallet
#[utoipa::path(
    tag = "Users",
    request_body = NewUserForm,
    security(("session" = ["users.write"])),
    responses(
        (status = 200, description = "Created", body = ChangedUser),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_EMAIL`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, \
            `PASSWORD_COMPROMISED` or `USER_ALREADY_EXISTS`"),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS` or `INVALID_ORIGIN`"),
    )
)]
#[post("/create-user")]
pub async fn create_user(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersWrite>,
    Valid(form): Valid<NewUserForm>,
) -> Result<HttpResponse, AuthError> {
    let created = state
        .identity
        .create_user
        .create(&By::from(staff), form.new_user()?)
        .await;
    let user = created.map_err(create_error)?;
    Ok(HttpResponse::Ok().json(ChangedUser::new(Some(&user), None)))
}

/// Gives a user another role
///
/// The user's sessions end.
#[utoipa::path(
    tag = "Users",
    request_body = RoleForm,
    security(("session" = ["rights.write"])),
    responses(
        (status = 200, description = "Changed, unless there is no such user", body = ChangedUser),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE` or `INVALID_ORIGIN`"),
        (status = 409, description = "`LAST_ADMIN`"),
    )
)]
#[post("/set-role")]
pub async fn set_role(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<RightsWrite>,
    Valid(form): Valid<RoleForm>,
) -> Result<HttpResponse, AuthError> {
    let role = form.role.role()?;
    let changed = state
        .identity
        .user_admin
        .set_role(&staff, &form.user_id, role)
        .await;
    let user = changed.map_err(role_error)?;
    let banned = user.as_ref().and_then(|user| user.ban.as_ref()).map(|_| true);
    Ok(HttpResponse::Ok().json(ChangedUser::new(user.as_ref(), banned)))
}

/// Gives a user another password
///
/// The user's sessions end.
#[utoipa::path(
    tag = "Users",
    request_body = UserPasswordForm,
    security(("session" = ["users.reset"])),
    responses(
        (status = 200, description = "Changed, unless there is no such user", body = Done),
        (status = 400, description = "`VALIDATION_ERROR`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG` or \
            `PASSWORD_COMPROMISED`"),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD` or `INVALID_ORIGIN`"),
    )
)]
#[post("/set-user-password")]
pub async fn set_user_password(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersReset>,
    Valid(form): Valid<UserPasswordForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Password::parse(&form.new_password).map_err(password_refusal)?;
    let set = state
        .identity
        .user_admin
        .set_password(&staff, &form.user_id, &password)
        .await;
    set.map_err(set_password_error)?;
    Ok(done())
}

/// Removes a user
///
/// Nothing is left that says who the user was, and the address is free again. Orders, wallet and ledger stay. A user who still
/// has money or orders that have not ended is removed only with `force`, and the audit log says so.
#[utoipa::path(
    tag = "Users",
    request_body = RemovalForm,
    security(("session" = ["users.write"])),
    responses(
        (status = 200, description = "There is no such user any more", body = Succeeded),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS` or `INVALID_ORIGIN`"),
        (status = 409, description = "`LAST_ADMIN`, `WALLET_NOT_EMPTY` or `ORDERS_NOT_ENDED`"),
    )
)]
#[post("/remove-user")]
pub async fn remove_user(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersWrite>,
    Valid(form): Valid<RemovalForm>,
) -> Result<HttpResponse, AuthError> {
    let whatever_is_left = form.force.unwrap_or_default();
    let removed = state
        .identity
        .user_admin
        .remove(&staff, &form.user_id, whatever_is_left)
        .await;
    removed.map_err(removal_error)?;
    Ok(succeeded())
}

impl NewUserForm {
    fn new_user(&self) -> Result<NewUser, AuthError> {
        Ok(NewUser {
            name: Name::parse(&self.name).map_err(|_| AuthCode::InvalidBody)?,
            email: Email::parse(&self.email).map_err(|_| AuthCode::InvalidEmail)?,
            password: Password::parse(&self.password).map_err(password_refusal)?,
            role: self.role.as_ref().map_or(Ok(Role::User), RoleWords::role)?,
        })
    }
}

fn create_error(error: CreateUserError) -> AuthError {
    match error {
        CreateUserError::AddressTaken => AuthCode::AddressTaken.into(),
        CreateUserError::RoleNotTheirs => AuthCode::MayNotSetRoles.into(),
        CreateUserError::Refused(refusal) => password_refusal(refusal),
        CreateUserError::Password(error) => password_error(error),
        CreateUserError::Store(error) => error.into(),
    }
}

fn role_error(error: SetRoleError) -> AuthError {
    match error {
        SetRoleError::LastAdmin => AuthCode::LastAdmin.into(),
        SetRoleError::Store(error) => error.into(),
    }
}

fn set_password_error(error: SetPasswordError) -> AuthError {
    match error {
        SetPasswordError::NotTheirs => AuthCode::MayNotSetPasswords.into(),
        SetPasswordError::Refused(refusal) => password_refusal(refusal),
        SetPasswordError::Password(error) => password_error(error),
        SetPasswordError::Store(error) => error.into(),
    }
}

fn removal_error(error: RemoveUserError) -> AuthError {
    match error {
        RemoveUserError::LastAdmin => AuthCode::LastAdmin.into(),
        RemoveUserError::HasMoney => AuthCode::UserHasMoney.into(),
        RemoveUserError::HasOpenOrders => AuthCode::UserHasOrders.into(),
        RemoveUserError::NotTheirs => AuthCode::MayNotRemoveUsers.into(),
        RemoveUserError::Store(error) => error.into(),
    }
}
