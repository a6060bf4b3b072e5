//! Passwords as users type them.

use domain::Secret;
use domain::identity::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS};

/// Why a password cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Fewer than [`PASSWORD_MIN_CHARS`] characters.
    #[error("Password too short")]
    TooShort,
    /// More than [`PASSWORD_MAX_CHARS`] characters.
    #[error("Password too long")]
    TooLong,
}

/// A password that somebody may choose: 8 to 128 characters of any kind, nothing trimmed or cut off.
#[derive(Debug, Clone)]
pub struct Password(Secret);

impl Password {
    /// Checks the length of `text`.
    ///
    /// # Errors
    /// [`PasswordRefusal`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, PasswordRefusal> {
        match text.chars().count() {
            length if length < PASSWORD_MIN_CHARS => Err(PasswordRefusal::TooShort),
            length if length > PASSWORD_MAX_CHARS => Err(PasswordRefusal::TooLong),
            _ => Ok(Self(Secret::new(text))),
        }
    }

    /// The password itself.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_and_both_ends_belong_to_it() {
        assert!(Password::parse("üüüüüüüü").is_ok());
        assert!(Password::parse(&"x".repeat(128)).is_ok());
        assert_eq!(Password::parse("1234567").err(), Some(PasswordRefusal::TooShort));
        assert_eq!(
            Password::parse(&"x".repeat(129)).err(),
            Some(PasswordRefusal::TooLong)
        );
    }
}
