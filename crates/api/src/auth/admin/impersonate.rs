//! Staff act as a customer, and stop.

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, post, web};
use application::identity::{ImpersonateError, Remember, StopImpersonatingError};
use domain::Secret;
use domain::identity::right::UsersImpersonate;
use domain::identity::{Role, SessionPolicy};
use serde::Serialize;
use utoipa::ToSchema;

use super::UserForm;
use crate::auth::bodies::{SessionBody, SessionUser};
use crate::auth::get_session::CurrentSessionBody;
use crate::auth::with_cookies;
use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::{forgetting_aside, granting, is_forgetful, presented_token, put_aside, putting_aside};
use crate::error::AuthError;
use crate::extract::{Client, Signed, SignedStaff, Valid};
use crate::middleware::require_session;
use crate::state::ApiState;

/// The session that staff act in, and its user.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActingBody {
    session: SessionBody,
    user: SessionUser,
}

/// Acts as a customer for an hour at most
///
/// The caller's own session is put aside in a cookie until they stop.
#[utoipa::path(
    tag = "Users",
    request_body = UserForm,
    security(("session" = ["users.impersonate"])),
    responses(
        (status = 200, description = "The session; the cookie carries it", body = ActingBody, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token` and `admin_session`"))),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS`, `YOU_CANNOT_IMPERSONATE_ADMINS`, \
            `BANNED_USER` or `INVALID_ORIGIN`"),
        (status = 404, description = "`USER_NOT_FOUND`"),
    )
)]
#[post("/impersonate-user")]
pub async fn impersonate_user(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    SignedStaff(staff): SignedStaff<UsersImpersonate>,
    Client(browser): Client,
    Valid(form): Valid<UserForm>,
) -> Result<HttpResponse, AuthError> {
    let (signer, headers) = (&*state.signer, request.headers());
    let own = presented_token(signer, headers).ok_or_else(AuthError::signed_out)?;
    let acting = state
        .identity
        .user_admin
        .impersonate(&staff, &form.user_id, &browser)
        .await;
    let acting = acting.map_err(impersonate_error)?;
    let mut cookies = vec![putting_aside(
        signer,
        &own,
        remembered(is_forgetful(signer, headers)),
        SessionPolicy::of(Role::User).lifetime,
        site.transport,
    )];
    let lifetime = acting.session.expires_at.since(acting.session.created_at);
    cookies.extend(granting(
        signer,
        &acting.token,
        Remember::No,
        lifetime,
        site.transport,
    ));
    let body = ActingBody {
        session: (&acting.session).into(),
        user: SessionUser::with_ban(&acting.user, acting.user.ban.as_ref().map(|_| false)),
    };
    Ok(with_cookies(cookies, &body))
}

/// Stops acting as a customer
///
/// The session that was put aside is the caller's again.
#[utoipa::path(
    tag = "Users",
    security(("session" = [])),
    responses(
        (status = 200, description = "The caller's own session", body = CurrentSessionBody, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token`"))),
        (status = 400, description = "`YOU_ARE_NOT_IMPERSONATING_ANYONE` or `FAILED_TO_FIND_ADMIN_SESSION`"),
    )
)]
#[post("/admin/stop-impersonating", wrap = "from_fn(require_session)")]
pub async fn stop_impersonating(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Signed(acting): Signed,
) -> Result<HttpResponse, AuthError> {
    let signer = &*state.signer;
    let aside = put_aside(signer, request.headers());
    let kept = match &aside {
        Some((token, _)) => state.identity.current_session.find(token).await?,
        None => None,
    };
    let stopped = state.identity.user_admin.stop_impersonating(&acting, kept).await;
    let own = stopped.map_err(stop_error)?;
    let (token, remember) = aside.unwrap_or_else(|| (Secret::new(""), Remember::No));
    let policy = SessionPolicy::of(own.user.role);
    let lifetime = own.session.cookie_lifetime(&policy, own.now);
    let mut cookies = granting(signer, &token, remember, lifetime, site.transport);
    cookies.push(forgetting_aside(site.transport));
    Ok(with_cookies(cookies, &CurrentSessionBody::from(&own)))
}

const fn remembered(is_forgetful: bool) -> Remember {
    if is_forgetful { Remember::No } else { Remember::Yes }
}

fn impersonate_error(error: ImpersonateError) -> AuthError {
    match error {
        ImpersonateError::UnknownUser => AuthCode::UserNotFound.into(),
        ImpersonateError::IsStaff => AuthCode::ImpersonatesStaff.into(),
        ImpersonateError::Banned => AuthCode::Banned.into(),
        ImpersonateError::Store(error) => error.into(),
    }
}

fn stop_error(error: StopImpersonatingError) -> AuthError {
    match error {
        StopImpersonatingError::NotImpersonating => AuthCode::NotImpersonating.into(),
        StopImpersonatingError::NoSessionToRestore => AuthCode::NothingPutAside.into(),
        StopImpersonatingError::Store(error) => error.into(),
    }
}
