//! `/api/auth/two-factor`: a second factor besides the password, as the client library's plugin for it asks.

mod codes;
mod manage;

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpResponse, HttpResponseBuilder};
use application::identity::{Admitted, Entrance, HalfSignedIn, ProofError};
use serde::Serialize;
use utoipa::ToSchema;

pub use codes::code_error;

use super::session_cookies;
use super::sign_up::password_error;
use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::{asking_for_code, forgetting_half, forgetting_session, trusting};
use crate::error::AuthError;
use crate::mount::Routes;
use crate::state::ApiState;

/// The routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(manage::enable)
        .service(manage::disable)
        .service(manage::get_totp_uri)
        .service(manage::generate_backup_codes)
        .service(manage::view_backup_codes)
        .service(codes::verify_totp)
        .service(codes::verify_otp)
        .service(codes::verify_backup_code)
        .service(codes::send_otp);
}

/// The password was right, and a code is to be sent to one of `/two-factor/verify-…`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeNeeded {
    #[schema(example = true)]
    two_factor_redirect: bool,
}

impl CodeNeeded {
    pub const fn new() -> Self {
        Self {
            two_factor_redirect: true,
        }
    }
}

/// Adds the cookies that go with what a first factor opened.
pub fn hand_over(response: &mut HttpResponseBuilder, state: &ApiState, site: &Site, entrance: &Entrance) {
    let cookies = match entrance {
        Entrance::Open(admitted) => admitted_cookies(state, site, admitted),
        Entrance::Half(half) => half_cookies(state, site, half),
    };
    for cookie in cookies {
        response.append_header((SET_COOKIE, cookie));
    }
}

/// The cookies of somebody who is in.
fn admitted_cookies(state: &ApiState, site: &Site, admitted: &Admitted) -> Vec<String> {
    let mut cookies = session_cookies(state, site, &admitted.opened);
    if let Some(device) = &admitted.device {
        cookies.push(trusting(&*state.signer, device, site.transport));
    }
    cookies
}

/// Whoever was signed in here is not any more.
fn half_cookies(state: &ApiState, site: &Site, half: &HalfSignedIn) -> Vec<String> {
    let mut cookies = forgetting_session(site.transport);
    cookies.push(asking_for_code(
        &*state.signer,
        &half.token,
        half.lifetime,
        site.transport,
    ));
    cookies
}

/// `body`, with the cookies of somebody who showed a code.
fn come_in<T: Serialize>(state: &ApiState, site: &Site, admitted: &Admitted, body: &T) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let forgotten = forgetting_half(site.transport);
    for cookie in admitted_cookies(state, site, admitted)
        .into_iter()
        .chain([forgotten])
    {
        response.append_header((SET_COOKIE, cookie));
    }
    response.json(body)
}

/// Why the password proves nothing.
pub fn proof_error(error: ProofError) -> AuthError {
    match error {
        ProofError::TooManyAttempts { retry_after } => {
            AuthError::from(AuthCode::TooManyAttempts).retry_after(retry_after)
        }
        ProofError::NotTheOwner => AuthError::not_the_owner(),
        ProofError::WrongPassword => AuthCode::InvalidPassword.into(),
        ProofError::Password(error) => password_error(error),
        ProofError::Store(error) => error.into(),
    }
}
