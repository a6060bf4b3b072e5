//! What a user shows besides the password.

use std::time::Duration;

use super::User;
use crate::Timestamp;

/// What a user shows besides the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecondFactor {
    /// A code of an app.
    App,
    /// A code that is mailed to them. Whoever reads their mail can also choose another password.
    Mail,
}

impl SecondFactor {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Mail => "mail",
        }
    }

    /// Reads the stored word. One of another version of the program is the stronger one: it must not be none.
    #[must_use]
    pub fn from_stored(word: &str) -> Self {
        match word {
            "mail" => Self::Mail,
            _ => Self::App,
        }
    }
}

/// Whether staff act without a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StaffTwoFactor {
    /// They may.
    #[default]
    Optional,
    /// They sign in, and do nothing as staff until their app has shown a code.
    Required,
}

impl StaffTwoFactor {
    /// Whether `user` lacks what is asked of them.
    #[must_use]
    pub fn is_missing(self, user: &User) -> bool {
        self == Self::Required && user.role.is_staff() && user.second_factor != Some(SecondFactor::App)
    }
}

/// Whether codes may be mailed to `user`. A mailbox opens the password too, so it is no second factor for staff, nor for
/// anybody whose app has shown a code. Whoever became staff later still gets in by mail.
#[must_use]
pub fn takes_mailed_codes(user: &User) -> bool {
    match user.second_factor {
        Some(factor) => factor == SecondFactor::Mail,
        None => !user.role.is_staff(),
    }
}

/// Seconds for which a code of an app is shown.
const STEP_SECONDS: i64 = 30;
/// How long a sign-in waits for its code.
pub const CODE_WITHIN: Duration = Duration::from_mins(10);
/// How long a device is trusted after its last sign-in.
pub const TRUSTED_FOR: Duration = Duration::from_hours(30 * 24);
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// How many codes may be tried against one that was mailed.
pub const MAILED_CODE_TRIES: i32 = 5;
/// Digits of a code that is mailed.
const MAILED_CODE_DIGITS: usize = 6;
/// Characters of each half of a recovery code.
const HALF: usize = 5;

/// The steps whose codes are good at `now`, the newest first. Clocks of telephones are off, and people type slowly.
#[must_use]
pub const fn steps(now: Timestamp) -> [i64; 3] {
    let step = now.micros().div_euclid(STEP_SECONDS * 1_000_000);
    [step.saturating_add(1), step, step.saturating_sub(1)]
}

/// A recovery code of random letters and digits, of which there are enough.
#[must_use]
pub fn recovery_code(random: &str) -> String {
    let skip = random.chars().count().saturating_sub(2 * HALF);
    let code: String = random.chars().skip(skip).collect();
    let (first, second): (String, String) = (
        code.chars().take(HALF).collect(),
        code.chars().skip(HALF).collect(),
    );
    format!("{first}-{second}")
}

/// A mailed code out of random letters and digits; `None` if there are too few digits among them.
#[must_use]
pub fn mailed_code(random: &str) -> Option<String> {
    let digits: Vec<char> = random.chars().filter(char::is_ascii_digit).collect();
    let skip = digits.len().checked_sub(MAILED_CODE_DIGITS)?;
    Some(digits.into_iter().skip(skip).collect())
}

/// A code without what people put between its characters.
#[must_use]
pub fn bare_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;
    use crate::identity::Role;
    use crate::text::{Email, Name};

    fn user(role: Role, second_factor: Option<SecondFactor>) -> User {
        User {
            id: UserId::new("u"),
            name: Name::parse("Ann").unwrap(),
            email: Email::parse("ann@example.com").unwrap(),
            email_verified: true,
            image: None,
            role,
            ban: None,
            second_factor,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_code_is_good_from_thirty_seconds_before_it_is_shown_until_thirty_seconds_after() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let begins = at(1_200);
        let is_good = |now: Timestamp| steps(now).contains(&40);
        assert!(!is_good(begins.minus(Duration::from_micros(30_000_001))));
        assert!(is_good(begins.minus(Duration::from_secs(30))));
        assert!(is_good(begins));
        assert!(is_good(Timestamp::from_micros(at(1_260).micros() - 1)));
        assert!(!is_good(at(1_260)));
        assert_eq!(steps(Timestamp::from_micros(-1)), [0, -1, -2]);
    }

    #[test]
    fn staff_need_an_app_where_that_is_required_and_customers_nothing() {
        let missing = |setting: StaffTwoFactor, role, factor| setting.is_missing(&user(role, factor));
        for role in [Role::Moderator, Role::Admin] {
            assert!(missing(StaffTwoFactor::Required, role, None));
            assert!(missing(StaffTwoFactor::Required, role, Some(SecondFactor::Mail)));
            assert!(!missing(StaffTwoFactor::Required, role, Some(SecondFactor::App)));
            assert!(!missing(StaffTwoFactor::Optional, role, None));
        }
        assert!(!missing(StaffTwoFactor::Required, Role::User, None));
    }

    #[test]
    fn nobody_whose_app_has_shown_a_code_and_no_staff_gets_codes_by_mail() {
        assert!(takes_mailed_codes(&user(Role::User, None)));
        assert!(takes_mailed_codes(&user(Role::User, Some(SecondFactor::Mail))));
        assert!(takes_mailed_codes(&user(Role::Admin, Some(SecondFactor::Mail))));
        assert!(!takes_mailed_codes(&user(Role::User, Some(SecondFactor::App))));
        assert!(!takes_mailed_codes(&user(Role::Moderator, None)));
    }

    #[test]
    fn codes_have_the_form_that_people_know() {
        assert_eq!(recovery_code("xxxxABCDEfgh12"), "ABCDE-fgh12");
        assert_eq!(bare_code(" ABCDE-fgh12\n"), "ABCDEfgh12");
        assert_eq!(mailed_code("a1b2c3d4e5f6g7").as_deref(), Some("234567"));
        assert_eq!(mailed_code("a1b2"), None);
        for factor in [SecondFactor::App, SecondFactor::Mail] {
            assert_eq!(SecondFactor::from_stored(factor.as_str()), factor);
        }
    }
}
