//! What is known about the other end of the connection.

use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};

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

/// The path as it is compared with those of the routes: percent-encoding is decoded, but for that of `%`, `/` and `+`. Whatever
/// depends on which route is asked for has to look at this one, or `/%61pi` is another path than the one that answers.
pub fn routed(request: &HttpRequest) -> &str {
    request.match_info().as_str()
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

/// Each trusted proxy appended the address it saw; what stands further left was sent by the client and proves nothing. So places
/// are counted from the right in bytes: whatever the client sends, text or not, keeps its place and moves nobody else's.
fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let back = hops.checked_sub(1)?;
    let entries: Vec<&[u8]> = headers
        .get_all(X_FORWARDED_FOR)
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let entry = std::str::from_utf8(entries.iter().rev().nth(back)?).ok()?.trim();
    // Some proxies write the port, too.
    let with_port = || entry.parse::<SocketAddr>().map(|it| it.ip());
    entry.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn seen(value: &str, hops: usize) -> Option<String> {
        seen_in(&[value.as_bytes()], hops)
    }

    fn seen_in(values: &[&[u8]], hops: usize) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
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
        assert_eq!(seen("192.0.2.1:4711", 1).as_deref(), Some("192.0.2.1"));
        assert_eq!(
            seen("6.6.6.6, [2001:db8::1]:443", 1).as_deref(),
            Some("2001:db8::1")
        );
    }

    #[test]
    fn no_bytes_that_a_client_sends_choose_another_place() {
        let cases: [(&[&[u8]], usize); 6] = [
            // The proxy appends to the line that the client sent, or to the last one of several, or sends one of its own.
            (&[b"\xff\xfe, 192.0.2.1"], 1),
            (&[b"6.6.6.6", b"caf\xe9, 192.0.2.1"], 1),
            (&[b"6.6.6.6, \xff", b"192.0.2.1"], 1),
            (&[b"\xff", b"6.6.6.6,\xc3,192.0.2.1, 10.0.0.1"], 2),
            (&[b"6.6.6.6", b"\xe9, 192.0.2.1", b"10.0.0.1"], 2),
            (&[b"6.6.6.6,,", b"", b" \t192.0.2.1\t "], 1),
        ];
        for (values, hops) in cases {
            assert_eq!(seen_in(values, hops).as_deref(), Some("192.0.2.1"), "{values:?}");
        }
        // What stands in the proxy's place and is no address does not give way to what stands before it.
        assert_eq!(seen_in(&[b"6.6.6.6, \xff"], 1), None);
        assert_eq!(seen_in(&[b"6.6.6.6", b"\xff"], 1), None);
        assert_eq!(seen_in(&[b"6.6.6.6", b""], 1), None);
        assert_eq!(seen_in(&[b"6.6.6.6, \xff, 10.0.0.1"], 2), None);
    }
}
