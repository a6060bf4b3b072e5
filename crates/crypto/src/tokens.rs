//! Digests of session tokens.

use ports::crypto::TokenDigester;
use ports::identity::TokenDigest;
use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digester;

impl TokenDigester for Sha256Digester {
    fn digest(&self, token: &str) -> TokenDigest {
        TokenDigest(hex::encode(Sha256::digest(token.as_bytes())))
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
}
