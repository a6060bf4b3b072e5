//! Where a page wants to go after signing in. Only pages of ours are allowed.

use url::Url;

use crate::codes::AuthCode;
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
