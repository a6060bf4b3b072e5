//! Programs sign in with tokens instead of cookies.

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use application::identity::{
    Browser, Code, HalfSignedIn, Issued, RefreshError, Remember, SecondStep, SignInCommand, TokenPair,
    VerifiedFactor, Waiting, WhoseTokenError,
};
use domain::Secret;
use domain::identity::SessionKind;
use domain::text::Email;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::UserBody;
use super::get_session::CurrentSessionBody;
use super::sign_in::sign_in_error;
use super::two_factor::code_error;
use super::{Done, done};
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{Client, Signed, Valid, bearer, browser, field_error, idempotency_key};
use crate::middleware::require_any_session;
use crate::state::ApiState;
use crate::wire::WireTime;

/// What a program signs in with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenForm {
    #[schema(example = "alice@example.com", max_length = 254, format = Email)]
    email: String,
    #[schema(example = "Correct-Horse-1", format = Password)]
    password: String,
    /// The code of the authenticator app, or a recovery code, of whoever has turned two-factor authentication on.
    #[validate(length(max = 64, message = "must be at most 64 characters"))]
    #[schema(example = "123456")]
    code: Option<String>,
}

/// What a program stays signed in with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshForm {
    #[schema(example = "smmr_4f1c…", format = Password)]
    refresh_token: String,
}

/// What a program signs out with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeForm {
    /// Without it, the session of the access token in `Authorization` ends.
    #[schema(example = "smmr_4f1c…", format = Password)]
    refresh_token: Option<String>,
}

/// Tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenBody {
    /// How to send the access token: `Authorization: Bearer …`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Signs requests in.
    access_token: String,
    /// In how many seconds the access token ends.
    #[schema(example = 900)]
    expires_in: u64,
    #[schema(value_type = String, format = DateTime)]
    expires_at: WireTime,
    /// Gives the next tokens, once.
    #[schema(example = "smmr_4f1c…")]
    refresh_token: String,
    /// In how many seconds the refresh token ends.
    #[schema(example = 604_800)]
    refresh_expires_in: u64,
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: WireTime,
    /// Names the session in lists of sessions.
    session_id: String,
    user: UserBody,
}

/// How many sessions ended.
#[derive(Serialize, ToSchema)]
pub struct RevokedBody {
    #[schema(example = 2)]
    revoked: u64,
}

/// Signs a program in
///
/// The access token counts for 15 minutes, the refresh token for 7 days (30 minutes for staff). What ends a session ends its
/// tokens at once.
#[utoipa::path(
    tag = "Tokens",
    request_body = TokenForm,
    responses(
        (status = 200, description = "The tokens", body = TokenBody),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_EMAIL`"),
        (status = 401, description = "`INVALID_EMAIL_OR_PASSWORD`, `TWO_FACTOR_CODE_NEEDED`, `INVALID_CODE` or \
            `INVALID_BACKUP_CODE`"),
        (status = 403, description = "`BANNED_USER`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/token")]
pub async fn issue_token(
    state: web::Data<ApiState>,
    Client(browser): Client,
    Valid(form): Valid<TokenForm>,
) -> Result<HttpResponse, AuthError> {
    let command = SignInCommand {
        email: Email::parse(&form.email).map_err(|_| AuthCode::InvalidEmail)?,
        password: Secret::new(form.password),
        kind: SessionKind::Program,
        remember: Remember::Yes,
        browser: browser.clone(),
        device: None,
    };
    let issued = state.identity.token_access.issue(command).await;
    let pair = match issued.map_err(sign_in_error)? {
        Issued::Pair(pair) => *pair,
        Issued::Half(half) => {
            let code = form.code.ok_or(AuthCode::CodeNeeded)?;
            show_code(&state, half, Secret::new(code), browser).await?
        }
    };
    Ok(HttpResponse::Ok().json(TokenBody::from(pair)))
}

/// Ends a sign-in that waits for its code. A recovery code is longer than one of an app.
async fn show_code(
    state: &ApiState,
    half: HalfSignedIn,
    code: Secret,
    browser: Browser,
) -> Result<TokenPair, AuthError> {
    let (code, wrong) = if code.reveal().chars().any(|it| it.is_alphabetic() || it == '-') {
        (Code::Recovery(code), AuthCode::InvalidBackupCode)
    } else {
        (Code::App(code), AuthCode::InvalidCode)
    };
    let step = SecondStep {
        code,
        trust: false,
        open: true,
        browser,
    };
    let verified = state
        .identity
        .two_factor
        .verify(&Waiting::SignIn(half.token), &step)
        .await;
    match verified.map_err(|error| code_error(error, AuthCode::TwoFactorOff, wrong))? {
        VerifiedFactor::In(admitted) => Ok(state.identity.token_access.first_pair(admitted.opened)),
        VerifiedFactor::TurnedOn(_) | VerifiedFactor::Right(_) => Err(AuthCode::CodeNeeded.into()),
    }
}

/// Exchanges a refresh token for the next tokens
///
/// A refresh token is good once. Whoever presents one again ends its session, because somebody else may have it. A program
/// that did not get the answer may repeat the request with the `Idempotency-Key` that it sent, within 10 minutes: it gets
/// the same refresh token.
#[utoipa::path(
    tag = "Tokens",
    params(("Idempotency-Key" = Option<String>, Header, description = "A random text, new for every refresh")),
    request_body = RefreshForm,
    responses(
        (status = 200, description = "The next tokens", body = TokenBody),
        (status = 400, description = "`VALIDATION_ERROR` or `IDEMPOTENCY_KEY_INVALID`"),
        (status = 401, description = "`REFRESH_TOKEN_INVALID` or `REFRESH_TOKEN_REUSED`"),
    )
)]
#[post("/token/refresh")]
pub async fn refresh_token(
    state: web::Data<ApiState>,
    request: HttpRequest,
    Valid(form): Valid<RefreshForm>,
) -> Result<HttpResponse, AuthError> {
    let key = idempotency_key(&request)?;
    let token = Secret::new(form.refresh_token);
    let origin = browser(&request).origin();
    let next = state
        .identity
        .token_access
        .refresh(&token, key.as_ref(), &origin)
        .await;
    Ok(HttpResponse::Ok().json(TokenBody::from(next.map_err(refresh_error)?)))
}

/// Signs a program out
///
/// Ends the session of a refresh token, used or not, or of the access token in `Authorization`. Answers the same when it had
/// ended before.
#[utoipa::path(
    tag = "Tokens",
    request_body = RevokeForm,
    responses(
        (status = 200, description = "Signed out", body = Done),
        (status = 400, description = "`VALIDATION_ERROR`: neither token was sent"),
    )
)]
#[post("/token/revoke")]
pub async fn revoke_token(
    state: web::Data<ApiState>,
    request: HttpRequest,
    Valid(form): Valid<RevokeForm>,
) -> Result<HttpResponse, AuthError> {
    let (access, origin) = (&state.identity.token_access, browser(&request).origin());
    match (form.refresh_token, bearer(request.headers())) {
        (Some(token), _) => access.revoke(&Secret::new(token), &origin).await?,
        (None, Some(token)) => match access.find(&token).await {
            Ok(mut active) => {
                active.origin = origin;
                access.revoke_own(&active).await?;
            }
            Err(WhoseTokenError::Refused(_)) => {}
            Err(WhoseTokenError::Store(error)) => return Err(error.into()),
        },
        (None, None) => return Err(field_error("refreshToken", "is required").into()),
    }
    Ok(done())
}

/// Signs all of the caller's programs out
#[utoipa::path(
    tag = "Tokens",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Signed out", body = RevokedBody))
)]
#[post("/token/revoke-all", wrap = "from_fn(require_any_session)")]
pub async fn revoke_all_tokens(
    state: web::Data<ApiState>,
    Signed(session): Signed,
) -> Result<HttpResponse, AuthError> {
    let revoked = state.identity.token_access.revoke_all(&session).await?;
    Ok(HttpResponse::Ok().json(RevokedBody { revoked }))
}

/// Says whose session a request is made in
#[utoipa::path(
    tag = "Tokens",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The session and its user", body = CurrentSessionBody))
)]
#[get("/token/session", wrap = "from_fn(require_any_session)")]
pub async fn show_token(Signed(session): Signed) -> HttpResponse {
    HttpResponse::Ok().json(CurrentSessionBody::from(&session))
}

impl From<TokenPair> for TokenBody {
    fn from(pair: TokenPair) -> Self {
        Self {
            token_type: "Bearer",
            access_token: pair.access.reveal().to_owned(),
            expires_in: pair.access_expires_at.since(pair.issued_at).as_secs(),
            expires_at: WireTime(pair.access_expires_at),
            refresh_token: pair.refresh.reveal().to_owned(),
            refresh_expires_in: pair.session.expires_at.since(pair.issued_at).as_secs(),
            refresh_expires_at: WireTime(pair.session.expires_at),
            session_id: pair.session.id.to_string(),
            user: (&pair.user).into(),
        }
    }
}

fn refresh_error(error: RefreshError) -> AuthError {
    match error {
        RefreshError::Unknown => AuthCode::RefreshTokenUnknown.into(),
        RefreshError::Reused => AuthCode::RefreshTokenReused.into(),
        RefreshError::Store(error) => error.into(),
    }
}
