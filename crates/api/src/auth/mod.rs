//! `/api/auth`: signing up, in and out, in the dialect of the web application's client library.

mod bodies;
mod callback;
mod get_session;
mod sign_in;
mod sign_out;
mod sign_up;

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpResponse, get};
use application::identity::SignedIn;
use domain::identity::SessionPolicy;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Site;
use crate::cookie::granting;
use crate::state::ApiState;

/// The routes below `/api/auth`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(sign_up::sign_up)
        .service(sign_in::sign_in)
        .service(sign_out::sign_out)
        .service(get_session::get_session)
        .service(ok);
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
    let lifetime = SessionPolicy::default().lifetime;
    let cookies = granting(
        &*state.signer,
        &opened.token,
        opened.remember,
        lifetime,
        site.transport,
    );
    with_cookies(cookies, body)
}

fn with_cookies<T: Serialize>(cookies: Vec<String>, body: &T) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for cookie in cookies {
        response.append_header((SET_COOKIE, cookie));
    }
    response.json(body)
}
