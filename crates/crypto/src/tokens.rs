//! Digests of session tokens and API keys.

use ports::crypto::TokenDigester;
use ports::identity::TokenDigest;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// SHA-256 in lower-case hex.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digester;

impl TokenDigester for Sha256Digester {
    fn digest(&self, token: &str) -> TokenDigest {
        TokenDigest(hex::encode(Sha256::digest(token.as_bytes())))
    }

    fn fits(&self, token: &str, digest: &TokenDigest) -> bool {
        let own = self.digest(token);
        own.0.as_bytes().ct_eq(digest.0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_digest_that_another_program_computes() {
        assert_eq!(
            Sha256Digester.digest("8dgNqVx0pYw3RkLm5TzJbC7uEoHsAiFn").0,
            "8f7577a7f8d46e34f50a26b3ba41d789e5d68173bc9f7fa96a0244776e36cf50"
        );
    }

    #[test]
    fn a_digest_fits_its_token_and_no_other() {
        let digest = Sha256Digester.digest("one");
        assert!(Sha256Digester.fits("one", &digest));
        assert!(!Sha256Digester.fits("two", &digest));
        assert!(!Sha256Digester.fits("one", &TokenDigest(String::new())));
    }
}
