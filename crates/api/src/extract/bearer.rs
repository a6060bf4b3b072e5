//! The access token of a program, in `Authorization: Bearer`.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use domain::Secret;

/// What the scheme is called; the case of its letters does not matter.
const SCHEME: &str = "bearer";

/// The token that a request brings. Other schemes are somebody else's, such as a proxy's. Several headers, and what is no
/// text, give a token that nobody issued.
pub fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut given = headers.get_all(AUTHORIZATION).filter_map(|value| {
        let text = value.to_str().unwrap_or(SCHEME);
        let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
        scheme
            .eq_ignore_ascii_case(SCHEME)
            .then(|| token.trim().to_owned())
    });
    let first = given.next()?;
    Some(Secret::new(match given.next() {
        None => first,
        Some(_) => String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(values: &[&[u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                AUTHORIZATION,
                actix_web::http::header::HeaderValue::from_bytes(value).unwrap(),
            );
        }
        bearer(&headers).map(|token| token.reveal().to_owned())
    }

    #[test]
    fn only_one_token_of_the_scheme_is_a_token() {
        assert_eq!(given(&[]), None);
        assert_eq!(given(&[b"Basic YTpi"]), None);
        assert_eq!(given(&[b"Basic YTpi", b"Bearer a.b.c"]).as_deref(), Some("a.b.c"));
        assert_eq!(given(&[b"bEARER  a.b.c "]).as_deref(), Some("a.b.c"));
        for worthless in [
            &[b"Bearer".as_slice()][..],
            &[b"Bearer a", b"Bearer a"],
            &[b"Bearer \xff"],
        ] {
            assert_eq!(given(worthless).as_deref(), Some(""));
        }
    }
}
