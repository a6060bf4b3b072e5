//! Pages at other addresses of ours may call this server from browsers; those at addresses that nobody configured may not.
//!
//! The list is the one by which [`refuse_foreign`](super::refuse_foreign) knows our own pages, and is compared exactly: no
//! address is ever answered because it was asked with. `actix-cors` neither marks refusals, which pass this server as
//! errors, nor leaves a page alone that calls the address that it came from. This is no middleware of its own, because each
//! costs every request an allocation: `refuse_foreign` answers who asks first, and `secure_headers` marks every answer.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpResponse, web};

use crate::config::Site;

/// What pages may ask by.
const METHODS: &str = "GET, POST, PATCH, PUT, DELETE, OPTIONS";
/// What pages may send besides what browsers let every page send.
const REQUEST_HEADERS: &str =
    "Content-Type, Authorization, Idempotency-Key, If-None-Match, Last-Event-ID, X-Api-Key";
/// What pages may read besides what browsers let every page read. With credentials a `*` would be a name.
const ANSWER_HEADERS: &str = "Content-Length, Content-Disposition, ETag, Idempotent-Replayed, RateLimit-Limit, \
    RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, \
    X-RateLimit-Reset, X-Request-Id, X-Retry-After";
/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// The answer to a browser that asks whether a page at another address may call us, before the page does. It is the same
/// for every page; which of them may stands in what [`OtherPage::mark`] adds.
pub fn answer_first(request: &ServiceRequest) -> Option<HttpResponse> {
    let asks_first = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && other_page(request.headers()).is_some();
    asks_first.then(|| {
        HttpResponse::NoContent()
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish()
    })
}

/// A page that calls an address which is not its own.
pub struct OtherPage {
    origin: HeaderValue,
    is_ours: bool,
}

impl OtherPage {
    /// The one that sends a request. What comes from no page has none, nor has a page of the address that it calls.
    pub fn behind(request: &ServiceRequest) -> Option<Self> {
        let origin = other_page(request.headers())?;
        let site = request.app_data::<web::Data<Site>>()?;
        Some(Self {
            is_ours: is_listed(origin, &site.origins),
            origin: origin.clone(),
        })
    }

    /// Says whether it may read an answer. A page that is not named may not.
    pub fn mark(&self, headers: &mut HeaderMap) {
        // Beside what a handler says that its answer depends on.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if self.is_ours {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(ANSWER_HEADERS),
            );
        }
    }
}

/// Where the page that asks came from, if that is not the address that it asks.
fn other_page(headers: &HeaderMap) -> Option<&HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().unwrap_or_default();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_asked = text.split_once("://").is_some_and(|(_, own)| Some(own) == host);
    (!is_asked).then_some(origin)
}

/// Pages without an address of their own all say `null`, so that is nobody's.
fn is_listed(origin: &HeaderValue, ours: &[String]) -> bool {
    origin != "null" && ours.iter().any(|own| origin == own.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_address_that_is_asked_is_no_other_page() {
        for (origin, host, is_other) in [
            (None, Some("smm.example"), false),
            (Some("https://smm.example"), Some("smm.example"), false),
            (Some("http://localhost:8080"), Some("localhost:8080"), false),
            (Some("http://localhost:3000"), Some("localhost:8080"), true),
            (Some("https://smm.example:8443"), Some("smm.example"), true),
            (Some("https://app.smm.example"), Some("smm.example"), true),
            (Some("https://smm.example"), None, true),
            (Some("null"), Some("null"), true),
            (Some(""), Some(""), true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(ORIGIN, origin), (HOST, host)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(other_page(&headers).is_some(), is_other, "{origin:?} {host:?}");
        }
    }

    #[test]
    fn only_an_exact_address_of_the_list_is_ours() {
        let ours = ["https://app.smm.example".to_owned(), "null".to_owned()];
        let is_ours = |origin: &'static str| is_listed(&HeaderValue::from_static(origin), &ours);
        assert!(is_ours("https://app.smm.example"));
        for other in [
            "http://app.smm.example",
            "https://app.smm.example:8443",
            "https://app.smm.example.evil.example",
            "https://evil-app.smm.example",
            "https://smm.example",
            "HTTPS://app.smm.example",
            "null",
            "*",
            "",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
