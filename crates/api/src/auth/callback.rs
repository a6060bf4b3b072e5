//! Where a page wants to go after signing in, or a link of a mail leads in the end. Only pages of ours are allowed.

use url::Url;

use crate::codes::AuthCode;
use crate::config::Site;
use crate::cookie::encode_component;
use crate::error::AuthError;

/// Refuses an address that leads away from us.
///
/// # Errors
/// [`AuthCode::ForeignCallback`].
pub fn check(callback: Option<&str>, own: &[String]) -> Result<(), AuthError> {
    match callback {
        Some(address) if !is_own(address, own) => Err(AuthCode::ForeignCallback.into()),
        _ => Ok(()),
    }
}

/// The address of a page that was checked, with a result in its query. A path becomes a page of the public address.
pub fn landing(page: &str, result: Option<(&str, &str)>, site: &Site) -> String {
    let base = match &site.public_address {
        Some(base) if page.starts_with('/') => base.as_str(),
        _ => "",
    };
    let Some((name, value)) = result else {
        return format!("{base}{page}");
    };
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{base}{page}{joint}{name}={}", encode_component(value))
}

fn is_own(address: &str, own: &[String]) -> bool {
    match address.strip_prefix('/') {
        Some(rest) => is_own_path(rest),
        None => Url::parse(address).is_ok_and(|url| own.contains(&url.origin().ascii_serialization())),
    }
}

/// `rest` follows the first slash. A second slash, a backslash or their encodings would name another host.
fn is_own_path(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    let names_a_host = ["/", "\\", "%2f", "%5c"]
        .iter()
        .any(|start| lower.starts_with(start));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let word = |c: char| c.is_ascii_alphanumeric() || "_-.+/".contains(c);
    !names_a_host && path.chars().all(word) && query.chars().all(|c| word(c) || "=&%".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_one_of_the_public_address_and_takes_the_result_along() {
        let config = crate::ApiConfig {
            public_origins: vec!["https://smm.example".to_owned()],
            ..crate::ApiConfig::direct(([127, 0, 0, 1], 0).into())
        };
        let site = Site::of(&config);
        let led = |page, result| landing(page, result, &site);
        assert_eq!(
            led("/reset", Some(("token", "a&b"))),
            "https://smm.example/reset?token=a%26b"
        );
        assert_eq!(
            led("/reset?x=1", Some(("error", "E"))),
            "https://smm.example/reset?x=1&error=E"
        );
        assert_eq!(led("https://smm.example/x", None), "https://smm.example/x");
        let nowhere = Site::of(&crate::ApiConfig::direct(([127, 0, 0, 1], 0).into()));
        assert_eq!(landing("/reset", None, &nowhere), "/reset");
    }

    #[test]
    fn only_our_own_pages_may_follow() {
        let own = ["https://smm.example".to_owned()];
        for fine in [
            "/dashboard",
            "/",
            "/a/b?x=1&y=%20",
            "https://smm.example/dashboard",
        ] {
            assert!(is_own(fine, &own), "{fine}");
        }
        for foreign in [
            "//evil.example",
            "/\\evil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "https://evil.example",
            "https://smm.example.evil.example",
            "javascript:alert(1)",
            "dashboard",
            "/a:b",
            "",
        ] {
            assert!(!is_own(foreign, &own), "{foreign}");
        }
    }
}
