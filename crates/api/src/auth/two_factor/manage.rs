//! Users turn their second factor on and off, and look at it. All of it takes the password.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, post, web};
use application::identity::ManageTwoFactorError;
use domain::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::proof_error;
use crate::auth::{Done, signed_in};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::error::AuthError;
use crate::extract::{Client, Signed, Valid};
use crate::middleware::require_session;
use crate::state::ApiState;

/// What stands for a code that was shown when it was made, and is known to nobody but its user since.
const HIDDEN_CODE: &str = "*****-*****";

/// The password of whoever is signed in. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
pub struct EnableForm {
    #[schema(example = "Correct-Horse-1", format = Password)]
    password: String,
    /// The name that the app shows; the panel's unless it is given.
    #[schema(example = "SMM Guru")]
    issuer: Option<String>,
}

/// The password of whoever is signed in. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
pub struct PasswordForm {
    #[schema(example = "Correct-Horse-1", format = Password)]
    password: String,
}

/// What is needed to set up an app. The codes are shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentBody {
    /// What the app reads.
    #[serde(rename = "totpURI")]
    #[schema(
        example = "otpauth://totp/SMM%20Guru:ann%40example.com?secret=GEZDGNBV&issuer=SMM%20Guru&digits=6&period=30"
    )]
    totp_uri: String,
    /// For the day on which the app is lost. Each works once.
    #[schema(example = json!(["V1StG-XR8Z5"]))]
    backup_codes: Vec<String>,
}

/// What the app reads.
#[derive(Serialize, ToSchema)]
pub struct AddressBody {
    #[serde(rename = "totpURI")]
    totp_uri: String,
}

/// Recovery codes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupCodesBody {
    #[schema(example = true)]
    status: bool,
    #[schema(example = json!(["V1StG-XR8Z5"]))]
    backup_codes: Vec<String>,
}

/// Begins to turn two-factor authentication on
///
/// It is on with the first code that `verify-totp`, or `verify-otp` after `send-otp`, takes. Until then this can be repeated.
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = EnableForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "A secret for the app, and recovery codes", body = EnrolmentBody),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_PASSWORD`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 409, description = "`TWO_FACTOR_ALREADY_ENABLED`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/enable", wrap = "from_fn(require_session)")]
pub async fn enable(
    state: web::Data<ApiState>,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<EnableForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Secret::new(form.password);
    let begun = state
        .identity
        .two_factor
        .enable(&session, &password, form.issuer.as_deref(), &browser);
    let enrolment = begun
        .await
        .map_err(|error| refused(error, AuthCode::TwoFactorOff))?;
    Ok(HttpResponse::Ok().json(EnrolmentBody {
        totp_uri: enrolment.address.reveal().to_owned(),
        backup_codes: revealed(&enrolment.recovery_codes),
    }))
}

/// Turns two-factor authentication off
///
/// Every session ends, and this one goes on under a new token.
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = PasswordForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "Off; the cookie carries the new token", body = Done, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token`"))),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_PASSWORD` or `TWO_FACTOR_ISNT_ENABLED`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/disable", wrap = "from_fn(require_session)")]
pub async fn disable(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<PasswordForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Secret::new(form.password);
    let two_factor = &state.identity.two_factor;
    let ended = two_factor.disable(&session, &password, &browser).await;
    let opened = ended.map_err(|error| refused(error, AuthCode::TwoFactorOff))?;
    Ok(signed_in(&state, &site, &opened, &Done { status: true }))
}

/// Shows once more what the app reads
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = PasswordForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "What the app reads", body = AddressBody),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_PASSWORD` or `TOTP_NOT_ENABLED`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/get-totp-uri", wrap = "from_fn(require_session)")]
pub async fn get_totp_uri(
    state: web::Data<ApiState>,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<PasswordForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Secret::new(form.password);
    let two_factor = &state.identity.two_factor;
    let shown = two_factor.show_address(&session, &password, &browser).await;
    let address = shown.map_err(|error| refused(error, AuthCode::TotpOff))?;
    Ok(HttpResponse::Ok().json(AddressBody {
        totp_uri: address.reveal().to_owned(),
    }))
}

/// Replaces the recovery codes
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = PasswordForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "The new codes; the old ones work no more", body = BackupCodesBody),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_PASSWORD` or `TWO_FACTOR_ISNT_ENABLED`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/generate-backup-codes", wrap = "from_fn(require_session)")]
pub async fn generate_backup_codes(
    state: web::Data<ApiState>,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<PasswordForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Secret::new(form.password);
    let two_factor = &state.identity.two_factor;
    let renewed = two_factor
        .renew_recovery_codes(&session, &password, &browser)
        .await;
    let codes = renewed.map_err(|error| refused(error, AuthCode::TwoFactorOff))?;
    Ok(HttpResponse::Ok().json(BackupCodesBody {
        status: true,
        backup_codes: revealed(&codes),
    }))
}

/// Says how many recovery codes are left
///
/// Only their digests are stored, so what stands in their place are asterisks.
#[utoipa::path(
    tag = "Two-factor authentication",
    request_body = PasswordForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "As many as are left", body = BackupCodesBody),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_PASSWORD` or `BACKUP_CODES_ARENT_ENABLED`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/two-factor/view-backup-codes", wrap = "from_fn(require_session)")]
pub async fn view_backup_codes(
    state: web::Data<ApiState>,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<PasswordForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Secret::new(form.password);
    let two_factor = &state.identity.two_factor;
    let counted = two_factor
        .recovery_codes_left(&session, &password, &browser)
        .await;
    let left = counted.map_err(|error| refused(error, AuthCode::BackupCodesOff))?;
    Ok(HttpResponse::Ok().json(BackupCodesBody {
        status: true,
        backup_codes: (0..left).map(|_| HIDDEN_CODE.to_owned()).collect(),
    }))
}

fn revealed(codes: &[Secret]) -> Vec<String> {
    codes.iter().map(|code| code.reveal().to_owned()).collect()
}

/// `off` says it in the words of the path.
fn refused(error: ManageTwoFactorError, off: AuthCode) -> AuthError {
    match error {
        ManageTwoFactorError::Proof(error) => proof_error(error),
        ManageTwoFactorError::AlreadyOn => AuthCode::TwoFactorAlreadyOn.into(),
        ManageTwoFactorError::Off => off.into(),
        ManageTwoFactorError::Store(error) => error.into(),
    }
}
