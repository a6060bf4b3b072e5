//! Pages of other sites must not act with a visitor's cookie.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{COOKIE, HOST, HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use url::Url;

use super::cors::answer_first;
use crate::codes::Code;
use crate::config::Site;
use crate::dialect::Dialect;
use crate::extract::routed;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses an unsafe method with a cookie when the browser says that another site's page sends it, and answers browsers that
/// ask before a page calls, which have nobody signed in with them.
pub async fn refuse_foreign(
    site: web::Data<Site>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(answer) = answer_first(&request) {
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let headers = request.headers();
    let acts = !request.method().is_safe() && headers.contains_key(COOKIE);
    if acts && is_foreign(&Asked::by(headers), &site.origins) {
        return Err(Dialect::of(routed(request.request())).refuse_code(Code::ForeignOrigin));
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Whether another site's page sends a request, whatever it asks for.
pub fn is_from_foreign_page(headers: &HeaderMap, site: &Site) -> bool {
    is_foreign(&Asked::by(headers), &site.origins)
}

/// What a request says about the page that sends it.
#[derive(Debug, Clone, Copy, Default)]
struct Asked<'a> {
    fetch_site: Option<&'a str>,
    origin: Option<&'a str>,
    host: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn by(headers: &'a HeaderMap) -> Self {
        // A header that is not text is not one that a browser sends: it counts, and fits nothing.
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        Self {
            fetch_site: text(SEC_FETCH_SITE),
            origin: text(ORIGIN),
            host: text(HOST),
        }
    }
}

/// `own` are the addresses under which browsers see us. A request with neither header comes from no browser.
fn is_foreign(asked: &Asked<'_>, own: &[String]) -> bool {
    let origin = asked.origin.map(|origin| Url::parse(origin).ok());
    let is_own = |url: &Url| own.contains(&url.origin().ascii_serialization());
    if origin.iter().flatten().any(is_own) {
        return false;
    }
    if let Some(site) = asked.fetch_site {
        return !matches!(site, "same-origin" | "none");
    }
    match origin {
        None => false,
        Some(Some(url)) if own.is_empty() => host_of(&url).as_deref() != asked.host,
        Some(_) => true,
    }
}

/// As a Host header would say it: without the scheme's own port.
fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://smm.example";

    fn foreign(fetch_site: Option<&str>, origin: Option<&str>, own: &[&str]) -> bool {
        let own: Vec<String> = own.iter().map(|&origin| origin.to_owned()).collect();
        let asked = Asked {
            fetch_site,
            origin,
            host: Some("localhost:8080"),
        };
        is_foreign(&asked, &own)
    }

    #[test]
    fn what_the_browser_says_about_the_page_decides() {
        let table = [
            // Sec-Fetch-Site, Origin, refused with our address known, refused without
            (None, None, false, false),
            (Some("same-origin"), Some(OWN), false, false),
            (Some("same-origin"), None, false, false),
            (Some("none"), None, false, false),
            (Some("same-site"), Some("https://evil.smm.example"), true, true),
            (Some("cross-site"), Some("https://evil.example"), true, true),
            (Some("cross-site"), None, true, true),
            (Some("nonsense"), None, true, true),
            (None, Some("https://evil.example"), true, true),
            (None, Some("null"), true, true),
            (None, Some(""), true, true),
            (None, Some("https://smm.example:443"), false, true),
            (None, Some("https://smm.example:8443"), true, true),
            (None, Some("http://localhost:8080"), true, false),
            (None, Some("http://localhost:8081"), true, true),
        ];
        for (fetch_site, origin, known, unknown) in table {
            assert_eq!(
                foreign(fetch_site, origin, &[OWN]),
                known,
                "{fetch_site:?} {origin:?}"
            );
            assert_eq!(
                foreign(fetch_site, origin, &[]),
                unknown,
                "{fetch_site:?} {origin:?}"
            );
        }
    }

    #[test]
    fn a_second_address_of_ours_may_act_on_the_first() {
        assert!(!foreign(
            Some("cross-site"),
            Some("https://app.example"),
            &[OWN, "https://app.example"]
        ));
    }
}
