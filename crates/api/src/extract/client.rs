//! What is known about the other end of the connection.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, USER_AGENT};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use application::identity::Browser;
use domain::identity::Demands;
use tracing_actix_web::RequestId;

use crate::config::Site;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The browser, with an address that it cannot choose.
pub struct Client(pub Browser);

impl FromRequest for Client {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(browser(request))))
    }
}

/// What is demanded of whoever asks.
pub fn demands(request: &HttpRequest) -> Demands {
    let site = request.app_data::<web::Data<Site>>();
    site.map_or(Demands::STRICTEST, |site| site.demands)
}

/// Where a request comes from: an address that whoever asks cannot choose.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let hops = request
        .app_data::<web::Data<Site>>()
        .map_or(0, |site| site.trusted_hops);
    let peer = request.peer_addr().map(|peer| peer.ip());
    forwarded(request.headers(), hops).or(peer)
}

/// What is known about who asks.
pub fn browser(request: &HttpRequest) -> Browser {
    let user_agent = request
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    Browser {
        ip_address: address(request).map(|address| address.to_string()),
        user_agent,
        request: request.extensions().get::<RequestId>().map(ToString::to_string),
    }
}

/// Each trusted proxy appended the address it saw; what stands further left was sent by the client and proves nothing.
fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    if hops == 0 {
        return None;
    }
    let entries: Vec<&str> = headers
        .get_all(X_FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let place = entries.len().checked_sub(hops)?;
    entries.get(place)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn seen(value: &'static str, hops: usize) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static(value));
        forwarded(&headers, hops).map(|address| address.to_string())
    }

    #[test]
    fn only_what_trusted_proxies_appended_counts() {
        assert_eq!(seen("6.6.6.6, 192.0.2.1", 0), None);
        assert_eq!(seen("6.6.6.6, 192.0.2.1", 1).as_deref(), Some("192.0.2.1"));
        assert_eq!(
            seen("6.6.6.6, 192.0.2.1, 10.0.0.1", 2).as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(seen("192.0.2.1", 2), None);
        assert_eq!(seen("garbage", 1), None);
    }
}
