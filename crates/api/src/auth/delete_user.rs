//! Deleting the own account.

use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::middleware::from_fn;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use application::identity::{DeleteAccount, DeleteAccountError, Deletion};
use domain::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::callback;
use super::followed::{comes_from_elsewhere, current_session, once_more};
use super::sign_up::password_error;
use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::clearing;
use crate::error::AuthError;
use crate::extract::{Client, Signed, Valid};
use crate::middleware::require_session;
use crate::state::ApiState;

/// Proofs that the user means it. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteUserForm {
    /// The password; needed unless the user signed in within the last 5 minutes.
    #[schema(format = Password)]
    password: Option<String>,
    /// The token of the mail.
    token: Option<String>,
    /// The page of ours that the link in the mail leads to.
    #[serde(rename = "callbackURL")]
    #[schema(example = "/")]
    callback_url: Option<String>,
}

/// The link's token, and where to go afterwards.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// The token.
    #[param(required = true)]
    token: Option<String>,
    /// The page of ours to go to afterwards.
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
}

/// What became of the wish.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletionBody {
    #[schema(example = true)]
    success: bool,
    /// `Verification email sent` or `User deleted`.
    #[schema(example = "Verification email sent")]
    message: &'static str,
}

/// Deletes the account of whoever asks
///
/// A mail asks whether it is meant, if mails can be sent. Nothing is deleted while there is money in the wallet or an
/// order has not ended. Orders and bookings stay, in the name of nobody.
#[utoipa::path(
    tag = "Authentication",
    request_body = DeleteUserForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "Deleted, or a mail is on its way", body = DeletionBody),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_PASSWORD`, `CREDENTIAL_ACCOUNT_NOT_FOUND` or `SESSION_EXPIRED`"),
        (status = 403, description = "`INVALID_CALLBACKURL`, `INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 404, description = "`INVALID_TOKEN`"),
        (status = 409, description = "`WALLET_NOT_EMPTY`, `ORDERS_NOT_ENDED` or `LAST_ADMIN`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/delete-user", wrap = "from_fn(require_session)")]
pub async fn delete_user(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Signed(session): Signed,
    Valid(form): Valid<DeleteUserForm>,
) -> Result<HttpResponse, AuthError> {
    callback::check(form.callback_url.as_deref(), &site.origins)?;
    let wish = DeleteAccount {
        password: form.password.map(Secret::new),
        token: form.token.map(Secret::new),
        callback: form.callback_url,
    };
    let done = state
        .identity
        .delete_accounts
        .delete(&session, wish, &browser)
        .await;
    match done.map_err(refusal)? {
        Deletion::Asked => Ok(HttpResponse::Ok().json(DeletionBody {
            success: true,
            message: "Verification email sent",
        })),
        Deletion::Deleted => Ok(deleted(&site, None)),
    }
}

/// Follows the link of the mail that deletes the account
///
/// In a browser in which the user is signed in.
#[utoipa::path(
    tag = "Authentication",
    responses(
        (status = 200, description = "Deleted, and the link names no page", body = DeletionBody),
        (status = 302, description = "Deleted; to the page", headers(("Location" = String, description = "The page"))),
        (status = 403, description = "`INVALID_CALLBACKURL`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 404, description = "`FAILED_TO_GET_USER_INFO`: nobody is signed in; or `INVALID_TOKEN`"),
        (status = 409, description = "`WALLET_NOT_EMPTY`, `ORDERS_NOT_ENDED` or `LAST_ADMIN`"),
    )
)]
#[get("/delete-user/callback")]
pub async fn delete_user_callback(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Query(query): Query<DeleteQuery>,
) -> Result<HttpResponse, AuthError> {
    callback::check(query.callback_url.as_deref(), &site.origins)?;
    let Some(session) = current_session(&state, &request).await? else {
        if comes_from_elsewhere(&request) {
            return Ok(once_more());
        }
        return Err(AuthCode::NobodyToDelete.into());
    };
    let token = query.token.map(Secret::new).ok_or(AuthCode::NoSuchToken)?;
    let done = state.identity.delete_accounts.confirm(&session, &token).await;
    done.map_err(refusal)?;
    Ok(deleted(&site, query.callback_url.as_deref()))
}

fn deleted(site: &Site, page: Option<&str>) -> HttpResponse {
    let mut response = match page {
        Some(_) => HttpResponse::Found(),
        None => HttpResponse::Ok(),
    };
    for cookie in clearing(site.transport) {
        response.append_header((SET_COOKIE, cookie));
    }
    match page {
        Some(page) => response
            .insert_header((LOCATION, callback::landing(page, None, site)))
            .finish(),
        None => response.json(DeletionBody {
            success: true,
            message: "User deleted",
        }),
    }
}

fn refusal(error: DeleteAccountError) -> AuthError {
    match error {
        DeleteAccountError::TooMany(error) => {
            AuthError::from(AuthCode::TooManyAttempts).retry_after(error.retry_after)
        }
        DeleteAccountError::NotTheOwner => AuthError::not_the_owner(),
        DeleteAccountError::NoPassword => AuthCode::NoPassword.into(),
        DeleteAccountError::WrongPassword => AuthCode::InvalidPassword.into(),
        DeleteAccountError::NotFresh => AuthCode::SessionNotFresh.into(),
        DeleteAccountError::InvalidToken => AuthCode::NoSuchToken.into(),
        DeleteAccountError::HasMoney => AuthCode::WalletNotEmpty.into(),
        DeleteAccountError::HasOpenOrders => AuthCode::OrdersNotEnded.into(),
        DeleteAccountError::LastAdmin => AuthCode::LastAdmin.into(),
        DeleteAccountError::Password(error) => password_error(error),
        DeleteAccountError::Store(error) => error.into(),
    }
}
