//! Links of mails that need a session.
//!
//! Our cookies do not travel when a page of another site, such as that of a mail program, leads to us. Such a visit is
//! answered with a page of ours that leads to the same address once more, this time with the cookies.

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpRequest, HttpResponse};
use application::identity::ActiveSession;
use ports::StoreError;

use crate::cookie::presented_token;
use crate::state::ApiState;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0\">\
    <title>One moment</title></head><body><p>One moment. If nothing happens, load this page again.</p></body></html>";

/// The session of whoever asks, if there is one.
pub async fn current_session(
    state: &ApiState,
    request: &HttpRequest,
) -> Result<Option<ActiveSession>, StoreError> {
    match presented_token(&*state.signer, request.headers()) {
        Some(token) => state.identity.current_session.find(&token).await,
        None => Ok(None),
    }
}

/// Whether a page of another site led here, so that cookies stayed behind.
pub fn comes_from_elsewhere(request: &HttpRequest) -> bool {
    let site = request.headers().get(SEC_FETCH_SITE);
    site.is_some_and(|site| site == "cross-site") && !request.headers().contains_key("cookie")
}

/// A page that leads to the same address once more.
pub fn once_more() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(PAGE)
}
