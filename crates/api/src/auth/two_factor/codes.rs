//! Codes: to come in, or to turn the second factor on.

use actix_web::{HttpRequest, HttpResponse, post, web};
use application::identity::{
    ActiveSession, Browser, Code, SecondStep, SendCodeError, VerifiedFactor, VerifyCodeError, Waiting,
};
use domain::Secret;
use domain::identity::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::come_in;
use crate::auth::bodies::UserBody;
use crate::auth::followed::current_session;
use crate::auth::{Done, done, signed_in};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::half_signed_in;
use crate::error::AuthError;
use crate::extract::{Client, Valid, browser};
use crate::state::ApiState;

/// A code. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeForm {
    #[validate(length(max = 64, message = "must be at most 64 characters"))]
    #[schema(example = "123456")]
    code: String,
    /// Whether this device is asked for no code for thirty days after each time it signs in.
    trust_device: Option<bool>,
}

/// A recovery code. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupCodeForm {
    #[validate(length(max = 64, message = "must be at most 64 characters"))]
    #[schema(example = "V1StG-XR8Z5")]
    code: String,
    /// Whether to use the code and open no session.
    disable_session: Option<bool>,
    /// Whether this device is asked for no code for thirty days after each time it signs in.
    trust_device: Option<bool>,
}

/// A user who showed a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifiedBody {
    /// The session's token, which the cookie carries too; a name of the session if it was open before. Null if there is none.
    token: Option<String>,
    user: UserBody,
}

/// Takes a code of the app
///
/// Without a session it ends the sign-in that the cookie `better-auth.two_factor` names. With one it turns two-factor
/// authentication on, if `enable` was asked before: then every other session ends.
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = CodeForm,
    responses(
        (status = 200, description = "Signed in; the cookie carries the session", body = VerifiedBody, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token` and `better-auth.trust_device`"))),
        (status = 400, description = "`VALIDATION_ERROR` or `TOTP_NOT_ENABLED`"),
        (status = 401, description = "`INVALID_CODE` or `INVALID_TWO_FACTOR_COOKIE`"),
        (status = 403, description = "`BANNED_USER`, `INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/verify-totp")]
pub async fn verify_totp(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Client(browser): Client,
    Valid(form): Valid<CodeForm>,
) -> Result<HttpResponse, AuthError> {
    let step = form.step(Code::App, browser);
    let verified = verify(&state, &site, &request, &step).await;
    verified.map_err(|error| refused(error, AuthCode::TotpOff, AuthCode::InvalidCode))
}

/// Takes a code of a mail
///
/// As `verify-totp`. A mailed code takes five guesses.
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = CodeForm,
    responses(
        (status = 200, description = "Signed in; the cookie carries the session", body = VerifiedBody, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token` and `better-auth.trust_device`"))),
        (status = 400, description = "`VALIDATION_ERROR`, `OTP_NOT_ENABLED`, `OTP_HAS_EXPIRED` or \
            `TOO_MANY_ATTEMPTS_PLEASE_REQUEST_A_NEW_CODE`"),
        (status = 401, description = "`INVALID_CODE` or `INVALID_TWO_FACTOR_COOKIE`"),
        (status = 403, description = "`BANNED_USER`, `INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/verify-otp")]
pub async fn verify_otp(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Client(browser): Client,
    Valid(form): Valid<CodeForm>,
) -> Result<HttpResponse, AuthError> {
    let step = form.step(Code::Mailed, browser);
    let verified = verify(&state, &site, &request, &step).await;
    verified.map_err(|error| refused(error, AuthCode::OtpOff, AuthCode::InvalidCode))
}

/// Takes a recovery code
///
/// Every other session of the user ends, and no device is trusted any more.
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = BackupCodeForm,
    responses(
        (status = 200, description = "Signed in, unless `disableSession` is set", body = VerifiedBody, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token` and `better-auth.trust_device`"))),
        (status = 400, description = "`VALIDATION_ERROR` or `BACKUP_CODES_ARENT_ENABLED`"),
        (status = 401, description = "`INVALID_BACKUP_CODE` or `INVALID_TWO_FACTOR_COOKIE`"),
        (status = 403, description = "`BANNED_USER`, `INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/verify-backup-code")]
pub async fn verify_backup_code(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Client(browser): Client,
    Valid(form): Valid<BackupCodeForm>,
) -> Result<HttpResponse, AuthError> {
    let step = SecondStep {
        code: Code::Recovery(Secret::new(form.code)),
        trust: form.trust_device.unwrap_or(false),
        open: !form.disable_session.unwrap_or(false),
        browser,
    };
    let verified = verify(&state, &site, &request, &step).await;
    verified.map_err(|error| refused(error, AuthCode::BackupCodesOff, AuthCode::InvalidBackupCode))
}

/// Mails a code
///
/// To customers who have no app: whoever has shown a code of one gets none by mail, and neither do staff.
#[utoipa::path(
    tag = "Two-factor authentication",
    responses(
        (status = 200, description = "A mail is on its way", body = Done),
        (status = 400, description = "`OTP_NOT_ENABLED`"),
        (status = 401, description = "`INVALID_TWO_FACTOR_COOKIE`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/send-otp")]
pub async fn send_otp(
    state: web::Data<ApiState>,
    request: HttpRequest,
    Client(browser): Client,
) -> Result<HttpResponse, AuthError> {
    let waiting = waiting(&state, &request).await?;
    let waiting = waiting.ok_or(AuthCode::InvalidTwoFactorCookie)?;
    let sent = state.identity.two_factor.send_code(&waiting, &browser).await;
    match sent {
        Ok(()) => Ok(done()),
        Err(SendCodeError::NotTheOwner) => Err(AuthError::not_the_owner()),
        Err(SendCodeError::NobodyWaits) => Err(AuthCode::InvalidTwoFactorCookie.into()),
        Err(SendCodeError::Off) => Err(AuthCode::OtpOff.into()),
        Err(SendCodeError::TooMany { retry_after }) => {
            Err(AuthError::from(AuthCode::TooManyAttempts).retry_after(retry_after))
        }
        Err(SendCodeError::Store(error)) => Err(error.into()),
    }
}

impl CodeForm {
    fn step(self, kind: impl FnOnce(Secret) -> Code, browser: Browser) -> SecondStep {
        SecondStep {
            code: kind(Secret::new(self.code)),
            trust: self.trust_device.unwrap_or(false),
            open: true,
            browser,
        }
    }
}

/// Whoever is signed in; else whoever is half signed in.
async fn waiting(state: &ApiState, request: &HttpRequest) -> Result<Option<Waiting>, AuthError> {
    if let Some(session) = current_session(state, request).await? {
        let origin = browser(request).origin();
        let session = ActiveSession { origin, ..session };
        return Ok(Some(Waiting::Session(Box::new(session))));
    }
    Ok(half_signed_in(&*state.signer, request.headers()).map(Waiting::SignIn))
}

async fn verify(
    state: &ApiState,
    site: &Site,
    request: &HttpRequest,
    step: &SecondStep,
) -> Result<HttpResponse, Refused> {
    let waiting = waiting(state, request).await.map_err(Refused::Asking)?;
    let waiting = waiting.ok_or(VerifyCodeError::NobodyWaits)?;
    let verified = state.identity.two_factor.verify(&waiting, step).await?;
    let named = match &waiting {
        Waiting::Session(session) => Some(session.session.id.to_string()),
        Waiting::SignIn(_) => None,
    };
    Ok(match verified {
        VerifiedFactor::In(admitted) => {
            let token = admitted.opened.token.reveal().to_owned();
            come_in(
                state,
                site,
                &admitted,
                &VerifiedBody::new(Some(token), &admitted.opened.user),
            )
        }
        VerifiedFactor::TurnedOn(opened) => {
            let token = opened.token.reveal().to_owned();
            signed_in(
                state,
                site,
                &opened,
                &VerifiedBody::new(Some(token), &opened.user),
            )
        }
        VerifiedFactor::Right(user) => HttpResponse::Ok().json(VerifiedBody::new(named, &user)),
    })
}

impl VerifiedBody {
    fn new(token: Option<String>, user: &User) -> Self {
        Self {
            token,
            user: user.into(),
        }
    }
}

/// Why a code was not taken.
enum Refused {
    Asking(AuthError),
    Verifying(VerifyCodeError),
}

impl From<VerifyCodeError> for Refused {
    fn from(error: VerifyCodeError) -> Self {
        Self::Verifying(error)
    }
}

/// `off` and `wrong` say it in the words of the path.
fn refused(refused: Refused, off: AuthCode, wrong: AuthCode) -> AuthError {
    match refused {
        Refused::Asking(error) => error,
        Refused::Verifying(error) => code_error(error, off, wrong),
    }
}

/// Why a code was not taken. `off` and `wrong` say it in the words of the path.
pub fn code_error(error: VerifyCodeError, off: AuthCode, wrong: AuthCode) -> AuthError {
    match error {
        VerifyCodeError::NotTheOwner => AuthError::not_the_owner(),
        VerifyCodeError::NobodyWaits => AuthCode::InvalidTwoFactorCookie.into(),
        VerifyCodeError::Off => off.into(),
        VerifyCodeError::TooManyAttempts { retry_after } => {
            AuthError::from(AuthCode::TooManyAttempts).retry_after(retry_after)
        }
        VerifyCodeError::Wrong => wrong.into(),
        VerifyCodeError::Expired => AuthCode::OtpExpired.into(),
        VerifyCodeError::Exhausted => AuthCode::OtpExhausted.into(),
        VerifyCodeError::Banned => AuthCode::Banned.into(),
        VerifyCodeError::Store(error) => error.into(),
    }
}
