//! Fingerprints tell whether two requests with the same key mean the same thing.

use sha2::{Digest, Sha256};

/// SHA-256 over the meaning of a request, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of named fields. Lengths are hashed too, so no two different lists collide by concatenation.
    #[must_use]
    pub fn of(fields: &[(&str, &str)]) -> Self {
        let mut hash = Sha256::new();
        for part in fields.iter().flat_map(|(name, value)| [name, value]) {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex::encode(hash.finalize()))
    }

    /// Wraps a stored fingerprint.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_character_between_fields_changes_the_fingerprint() {
        assert_ne!(Fingerprint::of(&[("a", "bc")]), Fingerprint::of(&[("ab", "c")]));
        assert_eq!(Fingerprint::of(&[("a", "bc")]), Fingerprint::of(&[("a", "bc")]));
    }
}
