//! Signing in.

use actix_web::{HttpRequest, HttpResponse, post, web};
use application::identity::{Browser, Entrance, SignInCommand, SignInError, SignedIn};
use domain::Secret;
use domain::identity::SessionKind;
use domain::text::Email;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::UserBody;
use super::callback;
use super::sign_up::{password_error, remember};
use super::two_factor::{CodeNeeded, hand_over};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::trusted_device;
use crate::error::AuthError;
use crate::extract::{Client, Valid};
use crate::state::ApiState;

/// What a user gives. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInForm {
    #[schema(example = "alice@example.com", max_length = 254, format = Email)]
    email: String,
    #[schema(example = "Correct-Horse-1", format = Password)]
    password: String,
    /// Whether to stay signed in after the browser is closed; yes unless it is `false`.
    remember_me: Option<bool>,
    /// The page of ours to go to afterwards.
    #[serde(rename = "callbackURL")]
    #[schema(example = "/dashboard")]
    callback_url: Option<String>,
}

/// A user, signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInBody {
    /// Whether the page should go to `url`.
    redirect: bool,
    /// The session's token, which the cookie carries too.
    token: String,
    /// The `callbackURL` of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    user: UserBody,
}

/// What signing in answers: the user, or that a code is missing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SignInBody {
    /// Signed in.
    In(SignedInBody),
    /// Half signed in.
    Half(CodeNeeded),
}

/// Signs a user in by password
///
/// Whoever has turned two-factor authentication on is not signed in yet: the answer is `twoFactorRedirect`, and the cookie
/// `better-auth.two_factor` names the sign-in for ten minutes. A device that its user trusts is asked for no code.
#[utoipa::path(
    tag = "Authentication",
    request_body = SignInForm,
    responses(
        (status = 200, description = "Signed in; the cookie carries the session", body = SignInBody, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token`"))),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_EMAIL`"),
        (status = 401, description = "`INVALID_EMAIL_OR_PASSWORD`"),
        (status = 403, description = "`BANNED_USER`, `INVALID_CALLBACKURL` or `INVALID_ORIGIN`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/sign-in/email")]
pub async fn sign_in(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Client(browser): Client,
    Valid(form): Valid<SignInForm>,
) -> Result<HttpResponse, AuthError> {
    callback::check(form.callback_url.as_deref(), &site.origins)?;
    let device = trusted_device(&*state.signer, request.headers());
    let (url, command) = form.into_command(browser, device)?;
    let entrance = state.identity.sign_in.sign_in(command).await;
    let entrance = entrance.map_err(sign_in_error)?;
    let body = match &entrance {
        Entrance::Open(admitted) => SignInBody::In(body(&admitted.opened, url)),
        Entrance::Half(_) => SignInBody::Half(CodeNeeded::new()),
    };
    let mut response = HttpResponse::Ok();
    hand_over(&mut response, &state, &site, &entrance);
    Ok(response.json(body))
}

impl SignInForm {
    fn into_command(
        self,
        browser: Browser,
        device: Option<Secret>,
    ) -> Result<(Option<String>, SignInCommand), AuthError> {
        let command = SignInCommand {
            kind: SessionKind::Browser,
            email: Email::parse(&self.email).map_err(|_| AuthCode::InvalidEmail)?,
            password: Secret::new(self.password),
            remember: remember(self.remember_me),
            browser,
            device,
        };
        Ok((self.callback_url, command))
    }
}

fn body(opened: &SignedIn, url: Option<String>) -> SignedInBody {
    SignedInBody {
        redirect: url.is_some(),
        token: opened.token.reveal().to_owned(),
        url,
        user: (&opened.user).into(),
    }
}

pub fn sign_in_error(error: SignInError) -> AuthError {
    match error {
        SignInError::TooManyAttempts { retry_after } => {
            AuthError::from(AuthCode::TooManyAttempts).retry_after(retry_after)
        }
        SignInError::WrongCredentials => AuthCode::InvalidCredentials.into(),
        SignInError::Banned => AuthCode::Banned.into(),
        SignInError::Password(error) => password_error(error),
        SignInError::Store(error) => error.into(),
    }
}
