//! One span and one line in the log for each request. Queries, cookies, bodies and tokens of links are in neither.

use std::borrow::Cow;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};

use crate::extract::routed;

/// What stands in a path before the token of a mailed link, which is as good as a password until it is used.
const BEFORE_TOKENS: &str = "/reset-password";
/// What stands for something that nobody may read.
const HIDDEN: &str = "/***";

/// Builds the span.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let request_id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "request",
            method = %request.method(),
            path = &*told(request.path(), routed(request.request())),
            request_id = request_id.map(tracing::field::display),
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, error) = match outcome {
            Ok(response) => (response.status(), response.response().error()),
            Err(error) => (error.as_response_error().status_code(), Some(error)),
        };
        span.record("status", status.as_u16());
        // An error's text is its code; its cause was logged where it was found.
        span.in_scope(|| tracing::info!(error = error.map(tracing::field::display), "answered"));
    }
}

/// What the log says of a path: all of it, but for what may be a token. That is looked for in the path that routes are found by,
/// so that another spelling of the route does not bring one into the log, and neither does a path that is almost the route's.
fn told<'a>(path: &'a str, routed: &str) -> Cow<'a, str> {
    match routed.split_once(BEFORE_TOKENS) {
        Some((_, after)) if !after.is_empty() => match path.split_once(BEFORE_TOKENS) {
            Some((before, _)) => format!("{before}{BEFORE_TOKENS}{HIDDEN}").into(),
            None => HIDDEN.into(),
        },
        Some(_) | None => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const TOKEN: &str = "8dgNqVx0pYw3RkLm5TzJbC7uEoHsAiFn";

    fn logged(path: &str) -> String {
        let request = TestRequest::with_uri(path).to_srv_request();
        told(request.path(), routed(request.request())).into_owned()
    }

    #[test]
    fn the_token_of_a_link_is_not_told_however_its_path_is_spelled() {
        for path in [
            "/api/auth/reset-password/TOKEN",
            "/api/auth/reset-password/TOKEN?callbackURL=%2Freset",
            "/api/v1/auth/reset-password/TOKEN",
            "/api/auth/reset-password/TOKEN/",
            "/api/auth/reset-password//TOKEN",
            "/api/auth/reset-password%2FTOKEN",
            "/api/auth/%72eset-password/TOKEN",
            "/%61pi/auth/reset-password/TOKEN",
        ] {
            let told = logged(&path.replace("TOKEN", TOKEN));
            assert!(told.ends_with(HIDDEN) && !told.contains(TOKEN), "{path}: {told}");
        }
        assert_eq!(
            logged(&format!("/api/auth/reset-password/{TOKEN}")),
            "/api/auth/reset-password/***"
        );
    }

    #[test]
    fn other_paths_are_told_as_they_were_asked_for() {
        for path in [
            "/api/auth/reset-password",
            "/api/auth/request-password-reset",
            "/api/v1/dashboard/orders/7",
            "/%61pi/x%0Ay",
        ] {
            assert_eq!(logged(path), path);
        }
    }

    /// Of what a path holds only this is no name or id of something. Whoever adds another thing that opens doors, hides it.
    #[test]
    fn the_tokens_of_every_documented_path_are_hidden() {
        const HARMLESS: [&str; 3] = ["{id}", "{currency}", "{provider}"];
        let document = crate::docs::openapi();
        let mut hidden = 0;
        for path in document.paths.paths.keys() {
            let open = |part: &str| part.starts_with('{') && !HARMLESS.contains(&part);
            if path.split('/').any(open) {
                assert!(told(path, path).ends_with(HIDDEN), "{path}");
                hidden += 1;
            }
        }
        assert_eq!(hidden, 1);
    }
}
