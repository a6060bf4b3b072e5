//! Passwords as users type them, and the mail that says that there is another one.

use domain::Secret;
use domain::identity::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, User, is_common_password, is_one_of};
use domain::mail::MailKind;
use domain::text::{Email, Name};
use ports::StoreError;
use ports::mail::NewMail;

use super::identity_ports::IdentityPorts;
use crate::mail::Note;

/// Why a password cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Fewer than [`PASSWORD_MIN_CHARS`] characters.
    #[error("Password too short")]
    TooShort,
    /// More than [`PASSWORD_MAX_CHARS`] characters.
    #[error("Password too long")]
    TooLong,
    /// Among the first that are guessed: common, or the name of its owner or of the panel.
    #[error("Password too easy to guess: choose one that is neither common nor a name or address")]
    Guessable,
}

/// A password that somebody may choose: 8 to 128 characters of any kind, nothing trimmed or cut off, and not a common one.
#[derive(Debug, Clone)]
pub struct Password(Secret);

impl Password {
    /// Checks the length of `text`, and that it is not on the list of common passwords.
    ///
    /// # Errors
    /// [`PasswordRefusal`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, PasswordRefusal> {
        match text.chars().count() {
            length if length < PASSWORD_MIN_CHARS => Err(PasswordRefusal::TooShort),
            length if length > PASSWORD_MAX_CHARS => Err(PasswordRefusal::TooLong),
            _ if is_common_password(text) => Err(PasswordRefusal::Guessable),
            _ => Ok(Self(Secret::new(text))),
        }
    }

    /// The password itself, for an account of this name and address in the panel that `project` names.
    ///
    /// # Errors
    /// [`PasswordRefusal::Guessable`] if it is one of these words, however it is written.
    pub(super) fn of(&self, name: &Name, email: &Email, project: &str) -> Result<&Secret, PasswordRefusal> {
        let email = email.as_str();
        let mailbox = email.split('@').next().unwrap_or_default();
        if is_one_of(self.0.reveal(), &[name.as_str(), email, mailbox, project]) {
            return Err(PasswordRefusal::Guessable);
        }
        Ok(&self.0)
    }
}

/// The mail that tells the user that the password was changed, by whomever.
pub(super) fn changed_notice(ports: &IdentityPorts, user: &User) -> Result<Option<NewMail>, StoreError> {
    let cause = format!("password-changed:{}", ports.ids.text_id());
    let note = Note::notice(
        MailKind::PasswordChanged,
        cause,
        &user.id,
        user.email.clone(),
        ports.clock.now(),
    );
    ports.office.prepare_unasked(note)
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

    #[test]
    fn nobody_takes_a_common_password_or_a_name_of_theirs_or_ours() {
        assert_eq!(
            Password::parse("Password1").err(),
            Some(PasswordRefusal::Guessable)
        );
        let (name, email) = (
            Name::from_stored("Ann Doe"),
            Email::from_stored("doe.1990@example.com"),
        );
        let refused = |text: &str| {
            let password = Password::parse(text).unwrap();
            password.of(&name, &email, "Smm Guru Ltd").is_err()
        };
        for own in ["Ann  Doe", "doe-1990", "Doe.1990@Example.com", "SMM-guru-ltd"] {
            assert!(refused(own), "{own}");
        }
        assert!(!refused("Correct-Horse-1"));
    }
}
