//! A user's own password and profile.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, post, web};
use application::identity::{ChangePassword, ChangePasswordError, Password, ProfileEdit};
use domain::Secret;
use domain::text::{Link, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::UserBody;
use super::sign_up::{password_error, password_refusal};
use super::{Done, done, signed_in};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::error::AuthError;
use crate::extract::{Client, Signed, Valid, given};
use crate::middleware::require_session;
use crate::state::ApiState;

/// Both passwords.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordForm {
    #[schema(example = "Correct-Horse-2", min_length = 8, max_length = 128, format = Password)]
    new_password: String,
    #[schema(example = "Correct-Horse-1", format = Password)]
    current_password: String,
    /// Whether every other session ends. This one then goes on under another token.
    revoke_other_sessions: Option<bool>,
}

/// The password is another one.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// The session's new token, if the others have ended.
    token: Option<String>,
    user: UserBody,
}

/// What changes. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
pub struct ProfileForm {
    #[schema(example = "Alice Doe", min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Address of a picture, by http or https; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "https://example.com/alice.png", max_length = 2048)]
    image: Option<Option<String>>,
    /// An address is changed elsewhere: it has to be proven.
    #[schema(read_only)]
    email: Option<serde_json::Value>,
}

/// Changes the caller's password
#[utoipa::path(
    tag = "Authentication",
    request_body = PasswordForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "Changed", body = PasswordChanged, headers(
            ("Set-Cookie" = String, description = "The session's new token, if the others have ended"))),
        (status = 400, description = "`VALIDATION_ERROR`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, \
            `PASSWORD_COMPROMISED`, `INVALID_PASSWORD` or `CREDENTIAL_ACCOUNT_NOT_FOUND`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/change-password", wrap = "from_fn(require_session)")]
pub async fn change_password(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<PasswordForm>,
) -> Result<HttpResponse, AuthError> {
    let change = ChangePassword {
        new: Password::parse(&form.new_password).map_err(password_refusal)?,
        current: Secret::new(form.current_password),
        end_sessions: form.revoke_other_sessions.unwrap_or_default(),
        browser,
    };
    let changed = state
        .identity
        .own_account
        .change_password(&session, &change)
        .await;
    let opened = changed.map_err(change_error)?;
    let body = PasswordChanged {
        token: opened.as_ref().map(|opened| opened.token.reveal().to_owned()),
        user: (&session.user).into(),
    };
    Ok(match opened {
        Some(opened) => signed_in(&state, &site, &opened, &body),
        None => HttpResponse::Ok().json(body),
    })
}

/// Changes the caller's name and picture
#[utoipa::path(
    tag = "Authentication",
    request_body = ProfileForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "Changed", body = Done),
        (status = 400, description = "`VALIDATION_ERROR` or `EMAIL_CAN_NOT_BE_UPDATED`"),
    )
)]
#[post("/update-user", wrap = "from_fn(require_session)")]
pub async fn update_user(
    state: web::Data<ApiState>,
    Signed(session): Signed,
    Valid(form): Valid<ProfileForm>,
) -> Result<HttpResponse, AuthError> {
    let edit = form.into_edit()?;
    if edit != ProfileEdit::default() {
        let edited = state.identity.own_account.edit_profile(&session, &edit).await?;
        edited.ok_or_else(AuthError::signed_out)?;
    }
    Ok(done())
}

impl ProfileForm {
    fn into_edit(self) -> Result<ProfileEdit, AuthError> {
        if self.email.is_some_and(|email| !email.is_null()) {
            return Err(AuthCode::EmailIsFixed.into());
        }
        let invalid = |_| AuthError::from(AuthCode::InvalidBody);
        let name = self.name.map(|name| Name::parse(&name)).transpose();
        let image = self.image.map(|image| {
            let image = image.filter(|address| !address.is_empty());
            image.map(|address| Link::parse(&address)).transpose()
        });
        Ok(ProfileEdit {
            name: name.map_err(invalid)?,
            image: image.transpose().map_err(invalid)?,
        })
    }
}

fn change_error(error: ChangePasswordError) -> AuthError {
    match error {
        ChangePasswordError::TooManyAttempts { retry_after } => {
            AuthError::from(AuthCode::TooManyAttempts).retry_after(retry_after)
        }
        ChangePasswordError::NotTheOwner => AuthError::not_the_owner(),
        ChangePasswordError::NoPassword => AuthCode::NoPassword.into(),
        ChangePasswordError::WrongPassword => AuthCode::InvalidPassword.into(),
        ChangePasswordError::Refused(refusal) => password_refusal(refusal),
        ChangePasswordError::Password(error) => password_error(error),
        ChangePasswordError::Store(error) => error.into(),
    }
}
