//! `/api/auth`: signing up, in and out, in the dialect of the web application's client library.

mod admin;
mod bodies;
mod callback;
mod change_email;
mod delete_user;
mod error_page;
mod followed;
mod forget_password;
mod get_session;
mod own;
mod reauthenticate;
mod reset_password;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod social;
mod token;
mod two_factor;
mod verify_email;

use actix_web::http::header::SET_COOKIE;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, get};
use application::identity::SignedIn;
use domain::identity::{Role, SessionPolicy};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Site;
use crate::cookie::granting;
use crate::middleware::require_right;
use crate::mount::Routes;
use crate::state::ApiState;

pub use admin::{has_refusal, refusal_of};

/// The routes below `/api/auth`.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(sign_up::sign_up)
        .service(sign_in::sign_in)
        .service(sign_out::sign_out)
        .service(social::sign_in_social)
        .service(social::come_back)
        .service(get_session::get_session)
        .service(forget_password::forget_password)
        .service(forget_password::request_password_reset)
        .service(forget_password::send_verification_email)
        .service(reset_password::follow_reset_link)
        .service(reset_password::reset_password)
        .service(verify_email::verify_email)
        .service(change_email::change_email)
        .service(delete_user::delete_user)
        .service(delete_user::delete_user_callback)
        .service(reauthenticate::reauthenticate)
        .configure(two_factor::routes)
        .service(own::change_password)
        .service(own::update_user)
        .service(sessions::list_sessions)
        .service(sessions::revoke_session)
        .service(sessions::revoke_sessions)
        .service(sessions::revoke_other_sessions)
        .service(token::issue_token)
        .service(token::refresh_token)
        .service(token::revoke_token)
        .service(token::revoke_all_tokens)
        .service(token::show_token)
        .service(admin::impersonate::stop_impersonating)
        .service(admin::permission::has_permission)
        .scope("/admin", admin::routes, |scope| {
            scope.wrap(from_fn(require_right))
        })
        .service(ok)
        .service(error_page::error_page);
}

/// That it was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    #[schema(example = true)]
    status: bool,
}

fn done() -> HttpResponse {
    HttpResponse::Ok().json(Done { status: true })
}

/// That it succeeded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Succeeded {
    #[schema(example = true)]
    success: bool,
}

fn succeeded() -> HttpResponse {
    HttpResponse::Ok().json(Succeeded { success: true })
}

/// That the authentication surface is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    #[schema(example = true)]
    ok: bool,
}

/// Says that authentication is there
#[utoipa::path(
    tag = "Authentication",
    responses((status = 200, description = "It is", body = Alive))
)]
#[get("/ok")]
async fn ok() -> HttpResponse {
    HttpResponse::Ok().json(Alive { ok: true })
}

/// `body`, with the cookies that hand the session to the browser.
fn signed_in<T: Serialize>(state: &ApiState, site: &Site, opened: &SignedIn, body: &T) -> HttpResponse {
    with_cookies(session_cookies(state, site, opened), body)
}

/// The cookies that hand the session to the browser.
fn session_cookies(state: &ApiState, site: &Site, opened: &SignedIn) -> Vec<String> {
    // The web application knows one lifetime. A session of staff ends earlier, whatever the browser keeps.
    let lifetime = SessionPolicy::of(Role::User).lifetime;
    granting(
        &*state.signer,
        &opened.token,
        opened.remember,
        lifetime,
        site.transport,
    )
}

fn with_cookies<T: Serialize>(cookies: Vec<String>, body: &T) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for cookie in cookies {
        response.append_header((SET_COOKIE, cookie));
    }
    response.json(body)
}
