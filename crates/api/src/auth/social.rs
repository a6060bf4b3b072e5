//! Signing in with an account elsewhere.
#![expect(
    unused_qualifications,
    reason = "the macro for query parameters writes them into the handler's signature"
)]

use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use application::identity::{
    BeginSocialError, Entrance, Pages, SocialCallback, SocialFailure, SocialRefusal,
};
use domain::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::callback;
use super::two_factor::hand_over;
use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::{brought_back, sending_away, trusted_device, welcoming_back};
use crate::error::AuthError;
use crate::extract::{Client, Valid};
use crate::state::ApiState;

/// Where a failure leads if no page was asked for.
const ERROR_PAGE: &str = "/api/auth/error";
/// Where a success leads if no page was asked for.
const START_PAGE: &str = "/";
/// What tells a page that the visitor is half signed in.
const CODE_NEEDED: (&str, &str) = ("twoFactorRedirect", "true");
/// The longest code of a provider that is passed on, in characters.
const CODE_MAX_CHARS: usize = 64;
/// What stands for a code that is none.
const UNKNOWN: &str = "unknown";

/// With whom, and where to go in the end. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SocialForm {
    #[schema(example = "github")]
    provider: String,
    /// The page of ours to go to afterwards.
    #[serde(rename = "callbackURL")]
    #[schema(example = "/dashboard")]
    #[validate(length(max = 2048))]
    callback_url: Option<String>,
    /// The page of ours to go to if it fails; it is told `error`.
    #[serde(rename = "errorCallbackURL")]
    #[validate(length(max = 2048))]
    error_callback_url: Option<String>,
    /// The page of ours to go to as a new user.
    #[serde(rename = "newUserCallbackURL")]
    #[validate(length(max = 2048))]
    new_user_callback_url: Option<String>,
    /// Whether the page goes to `url` by itself.
    disable_redirect: Option<bool>,
}

/// Where the visitor is asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct SocialBegun {
    url: String,
    /// Whether the page should go there.
    redirect: bool,
}

/// Begins to sign in with an account elsewhere
#[utoipa::path(
    tag = "Authentication",
    request_body = SocialForm,
    responses(
        (status = 200, description = "Where to go; the cookie makes the browser known when it comes back", body = SocialBegun,
            headers(("Set-Cookie" = String, description = "`better-auth.state`"))),
        (status = 400, description = "`VALIDATION_ERROR`"),
        (status = 403, description = "`INVALID_CALLBACKURL` or `INVALID_ORIGIN`"),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/sign-in/social")]
pub async fn sign_in_social(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Valid(form): Valid<SocialForm>,
) -> Result<HttpResponse, AuthError> {
    let pages = Pages {
        done: form.callback_url,
        failed: form.error_callback_url,
        new_user: form.new_user_callback_url,
    };
    for page in [&pages.done, &pages.failed, &pages.new_user] {
        callback::check(page.as_deref(), &site.origins)?;
    }
    let begun = state
        .identity
        .social_sign_in
        .begin(&form.provider, &pages, &browser)
        .await
        .map_err(|error| match error {
            BeginSocialError::TooMany { retry_after } => {
                AuthError::from(AuthCode::TooManyAttempts).retry_after(retry_after)
            }
            BeginSocialError::Store(error) => error.into(),
        })?;
    let begun = begun.ok_or(AuthCode::ProviderNotFound)?;
    let cookie = sending_away(&*state.signer, &begun.browser_key, begun.lifetime, site.transport);
    Ok(HttpResponse::Ok()
        .append_header((SET_COOKIE, cookie))
        .json(SocialBegun {
            url: begun.url,
            redirect: !form.disable_redirect.unwrap_or(false),
        }))
}

/// What the provider sends along.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BackQuery {
    /// Good for one exchange.
    code: Option<String>,
    /// Which sign-in it is.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Where a provider sends the browser back to
///
/// Whoever has turned two-factor authentication on is half signed in: the page is told `twoFactorRedirect=true`.
#[utoipa::path(
    tag = "Authentication",
    params(BackQuery, ("provider" = String, Path, example = "github")),
    responses((status = 302, description = "Signed in, and to the page that was asked for; or to the page for errors with \
        `error`: what the provider says, or `state_not_found`, `please_restart_the_process`, `oauth_provider_not_found`, \
        `no_code`, `invalid_code`, `unable_to_get_user_info`, `email_not_found`, `account_not_linked`, \
        `unable_to_create_user` or `banned`",
        headers(("Location" = String), ("Set-Cookie" = String, description = "`better-auth.session_token`"))))
)]
#[get("/callback/{provider}")]
pub async fn come_back(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    provider: web::Path<String>,
    query: web::Query<BackQuery>,
    Client(browser): Client,
    request: HttpRequest,
) -> Result<HttpResponse, AuthError> {
    let query = query.into_inner();
    let given = |text: Option<String>| text.filter(|it| !it.is_empty());
    let back = SocialCallback {
        state: given(query.state),
        code: given(query.code).map(Secret::new),
        declined: given(query.error).map(|error| sound(&error)),
        browser_key: brought_back(&*state.signer, request.headers()),
        device: trusted_device(&*state.signer, request.headers()),
        browser,
    };
    let mut response = HttpResponse::Found();
    response.append_header((SET_COOKIE, welcoming_back(site.transport)));
    match state.identity.social_sign_in.finish(&provider, &back).await {
        Ok(done) => {
            hand_over(&mut response, &state, &site, &done.entrance);
            let page = done.page.as_deref().unwrap_or(START_PAGE);
            let page = match &done.entrance {
                Entrance::Open(_) => page.to_owned(),
                Entrance::Half(_) => callback::landing(page, Some(CODE_NEEDED), &site),
            };
            response.append_header((LOCATION, page));
        }
        Err(SocialRefusal {
            failure: SocialFailure::Store(error),
            ..
        }) => return Err(error.into()),
        Err(refusal) => {
            response.append_header((LOCATION, error_page(&refusal, &site)));
        }
    }
    Ok(response.finish())
}

fn error_page(refusal: &SocialRefusal, site: &Site) -> String {
    let page = refusal.page.as_deref().unwrap_or(ERROR_PAGE);
    callback::landing(page, Some(("error", refusal.failure.word())), site)
}

/// A code as providers have them. Anybody can write it into the address of a page of ours.
fn sound(code: &str) -> String {
    let is_code = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    if code.len() <= CODE_MAX_CHARS && code.chars().all(is_code) {
        code.to_owned()
    } else {
        UNKNOWN.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_are_passed_on() {
        assert_eq!(sound("access_denied"), "access_denied");
        for odd in ["<script>", "a b", "a&b=c", "ä", &"x".repeat(CODE_MAX_CHARS + 1)] {
            assert_eq!(sound(odd), UNKNOWN, "{odd}");
        }
    }
}
