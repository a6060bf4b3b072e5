//! Signed cookies, byte for byte as better-auth writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use hmac::{Hmac, KeyInit, Mac};
use ports::crypto::CookieSigner;
use sha2::Sha256;

/// A SHA-256 code in padded base64.
const SIGNATURE_CHARS: usize = 44;

/// Signs with HMAC-SHA256. The key is the UTF-8 text of the secret, not what it may encode.
#[derive(Clone)]
pub struct HmacCookieSigner {
    keyed: Hmac<Sha256>,
}

impl HmacCookieSigner {
    /// A signer with the given secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self {
            keyed: keyed(secret.reveal().as_bytes()),
        }
    }

    fn code_of(&self, value: &str) -> Hmac<Sha256> {
        self.keyed.clone().chain_update(value.as_bytes())
    }
}

#[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

impl CookieSigner for HmacCookieSigner {
    fn sign(&self, value: &str) -> String {
        let code = self.code_of(value).finalize().into_bytes();
        format!("{value}.{}", STANDARD.encode(code))
    }

    fn verify(&self, signed: &str) -> Option<String> {
        let (value, signature) = signed.rsplit_once('.')?;
        if signature.len() != SIGNATURE_CHARS || !signature.ends_with('=') {
            return None;
        }
        let code = STANDARD.decode(signature).ok()?;
        self.code_of(value).verify_slice(&code).ok()?;
        Some(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "8dgNqVx0pYw3RkLm5TzJbC7uEoHsAiFn";
    /// Computed with the `hmac` module of Python.
    const SIGNED: &str = "8dgNqVx0pYw3RkLm5TzJbC7uEoHsAiFn.ZltKDuB5wJbrDm4W5Gs5Eh1/vDq08KEDDPpPUkblgQ0=";

    fn signer() -> HmacCookieSigner {
        HmacCookieSigner::new(&Secret::new("0123456789abcdef0123456789abcdef"))
    }

    #[test]
    fn a_cookie_is_signed_as_another_program_signs_it() {
        assert_eq!(signer().sign(TOKEN), SIGNED);
        assert_eq!(signer().verify(SIGNED).as_deref(), Some(TOKEN));
    }

    #[test]
    fn the_signature_begins_behind_the_last_dot() {
        let signed = signer().sign("a.b.c");
        assert_eq!(signer().verify(&signed).as_deref(), Some("a.b.c"));
        assert_eq!(signer().verify(&signer().sign("")).as_deref(), Some(""));
    }

    #[test]
    fn another_secret_value_or_form_is_refused() {
        let other = HmacCookieSigner::new(&Secret::new("another secret of thirty-two bytes"));
        assert_eq!(other.verify(SIGNED), None);
        for position in 0..SIGNED.len() {
            let mut bytes = SIGNED.as_bytes().to_vec();
            bytes[position] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(signer().verify(&changed), None, "{changed}");
        }
        for length in 0..SIGNED.len() {
            assert_eq!(signer().verify(&SIGNED[..length]), None);
        }
        for odd in [
            "",
            ".",
            "..",
            "token",
            "token.",
            &format!("{SIGNED}="),
            &format!("{TOKEN}.{}", "é".repeat(22)),
        ] {
            assert_eq!(signer().verify(odd), None, "{odd}");
        }
    }
}
