//! Signing up.

use actix_web::{HttpResponse, post, web};
use application::identity::{
    Browser, Password, PasswordRefusal, Remember, SignUpCommand, SignUpError, SignedIn,
};
use domain::text::{Email, Name};
use ports::crypto::PasswordError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::UserBody;
use super::{callback, signed_in};
use crate::codes::{AuthCode, Code};
use crate::config::Site;
use crate::error::{ApiError, AuthError};
use crate::extract::{Client, Valid};
use crate::state::ApiState;

/// What a visitor gives. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpForm {
    #[schema(example = "Alice Doe", min_length = 1, max_length = 255)]
    name: String,
    #[schema(example = "alice@example.com", max_length = 254, format = Email)]
    email: String,
    /// 8 to 128 characters of any kind.
    #[schema(example = "Correct-Horse-1", min_length = 8, max_length = 128, format = Password)]
    password: String,
    /// The page of ours that the link in the verification mail leads to.
    #[serde(rename = "callbackURL")]
    #[schema(example = "/dashboard")]
    callback_url: Option<String>,
    /// Whether to stay signed in after the browser is closed; yes unless it is `false`.
    remember_me: Option<bool>,
}

/// A new user, signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedUp {
    /// The session's token, which the cookie carries too.
    token: String,
    user: UserBody,
}

/// Signs a visitor up and in
#[utoipa::path(
    tag = "Authentication",
    request_body = SignUpForm,
    responses(
        (status = 200, description = "Signed up; the cookie carries the session", body = SignedUp, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token`"))),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_EMAIL`, `PASSWORD_TOO_SHORT`, \
            `PASSWORD_TOO_LONG` or `PASSWORD_COMPROMISED`"),
        (status = 403, description = "`INVALID_CALLBACKURL` or `INVALID_ORIGIN`"),
        (status = 422, description = "`USER_ALREADY_EXISTS`"),
    )
)]
#[post("/sign-up/email")]
pub async fn sign_up(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Valid(form): Valid<SignUpForm>,
) -> Result<HttpResponse, AuthError> {
    callback::check(form.callback_url.as_deref(), &site.origins)?;
    let opened = state.identity.sign_up.sign_up(form.into_command(browser)?).await;
    let opened = opened.map_err(sign_up_error)?;
    Ok(signed_in(&state, &site, &opened, &body(&opened)))
}

impl SignUpForm {
    fn into_command(self, browser: Browser) -> Result<SignUpCommand, AuthError> {
        Ok(SignUpCommand {
            name: Name::parse(&self.name).map_err(|_| AuthCode::InvalidBody)?,
            email: Email::parse(&self.email).map_err(|_| AuthCode::InvalidEmail)?,
            password: Password::parse(&self.password).map_err(password_refusal)?,
            callback: self.callback_url,
            remember: remember(self.remember_me),
            browser,
        })
    }
}

/// Browsers are remembered unless they ask not to be.
pub fn remember(wish: Option<bool>) -> Remember {
    match wish {
        Some(false) => Remember::No,
        Some(true) | None => Remember::Yes,
    }
}

fn body(opened: &SignedIn) -> SignedUp {
    SignedUp {
        token: opened.token.reveal().to_owned(),
        user: (&opened.user).into(),
    }
}

/// A password that cannot be chosen.
pub fn password_refusal(refusal: PasswordRefusal) -> AuthError {
    match refusal {
        PasswordRefusal::TooShort => AuthCode::PasswordTooShort.into(),
        PasswordRefusal::TooLong => AuthCode::PasswordTooLong.into(),
        PasswordRefusal::Guessable => AuthCode::PasswordGuessable.into(),
    }
}

fn sign_up_error(error: SignUpError) -> AuthError {
    match error {
        SignUpError::AddressTaken => AuthCode::UserExists.into(),
        SignUpError::Refused(refusal) => password_refusal(refusal),
        SignUpError::Password(error) => password_error(error),
        SignUpError::Store(error) => error.into(),
    }
}

/// A password that could not be hashed or checked now.
pub fn password_error(error: PasswordError) -> AuthError {
    match error {
        PasswordError::Busy => ApiError::from(Code::Unavailable)
            .retry_after(std::time::Duration::from_secs(1))
            .into(),
        PasswordError::Unreadable => ApiError::internal(error).into(),
    }
}
