//! Users, their roles and rights, and their sessions.

mod access;
mod guessable;
mod rights;
mod role;
mod session;
mod settings;
mod two_factor;
mod vouching;

pub use access::{ACCESS_LIFETIME, REFRESH_PREFIX, REFRESH_RETRY};
pub use guessable::{is_common_password, is_one_of};
pub use rights::{Caution, Demands, FRESH_FOR, Names, Reauthentication, Right, Rights, right};
pub use role::{Role, UnknownRole};
pub use session::{IMPERSONATION, Session, SessionKind, SessionPolicy};
pub use settings::{Currency, Language, Notifications, TimeZone, UserSettings};
pub use two_factor::{
    CODE_WITHIN, MAILED_CODE_TRIES, RECOVERY_CODES, SecondFactor, StaffTwoFactor, TRUSTED_FOR, bare_code,
    mailed_code, recovery_code, steps, takes_mailed_codes,
};
pub use vouching::{Vouched, vouched};

use std::time::Duration;

use crate::text::{Email, Name};
use crate::{Timestamp, UserId};

/// A ban and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// What staff wrote.
    pub reason: Option<String>,
    /// When it ends by itself; `None` is never.
    pub until: Option<Timestamp>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// 32 characters.
    pub id: UserId,
    /// Display name.
    pub name: Name,
    /// Unique, lower case.
    pub email: Email,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// Address of a picture.
    pub image: Option<String>,
    /// What the user may do.
    pub role: Role,
    /// The ban, also one that has run out.
    pub ban: Option<Ban>,
    /// What signing in takes besides the password. Only what is about second factors writes it.
    pub second_factor: Option<SecondFactor>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Whether the user is banned at `now`. A ban that has run out does not count.
    #[must_use]
    pub fn is_banned(&self, now: Timestamp) -> bool {
        self.ban
            .as_ref()
            .is_some_and(|ban| ban.until.is_none_or(|until| until > now))
    }

    /// The user without anything that says who they were. The row stays, because orders and the ledger point at it; the
    /// address is free for somebody else.
    #[must_use]
    pub fn anonymised(&self, now: Timestamp) -> Self {
        Self {
            id: self.id.clone(),
            name: Name::from_stored("Removed user"),
            email: Email::from_stored(format!("{}@removed.invalid", self.id.as_str().to_lowercase())),
            email_verified: false,
            image: None,
            role: Role::User,
            ban: None,
            second_factor: None,
            created_at: self.created_at,
            updated_at: now,
        }
    }
}

/// A hundred years: a longer ban is one for good.
const LONGEST_BAN: Duration = Duration::from_hours(100 * 365 * 24);
/// Milliseconds of a day.
const DAY_MILLIS: f64 = 86_400_000.0;

/// How long a ban lasts whose length is given as the web application gives it, `None` for good.
///
/// The interface counts in seconds, but the application sends milliseconds, always of whole days. A day's milliseconds
/// as seconds are 2.7 years, so whoever sends a multiple of them means milliseconds.
#[must_use]
pub fn ban_length(given: f64) -> Option<Duration> {
    let is_millis = given >= DAY_MILLIS && given % DAY_MILLIS == 0.0;
    let seconds = if is_millis { given / 1_000.0 } else { given };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|length| !length.is_zero() && *length < LONGEST_BAN)
}

/// Limits of a password in characters; any character counts, nothing is cut off.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// See [`PASSWORD_MIN_CHARS`].
pub const PASSWORD_MAX_CHARS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn user(ban: Option<Ban>) -> User {
        User {
            id: UserId::new("u"),
            name: Name::parse("Ann").unwrap(),
            email: Email::parse("ann@example.com").unwrap(),
            email_verified: false,
            image: None,
            role: Role::User,
            ban,
            second_factor: None,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_ban_ends_by_itself_when_it_has_an_end() {
        let now = Timestamp::from_micros(100);
        let until = |micros| {
            Some(Ban {
                reason: None,
                until: Some(Timestamp::from_micros(micros)),
            })
        };
        assert!(user(until(101)).is_banned(now));
        assert!(!user(until(100)).is_banned(now));
        assert!(
            user(Some(Ban {
                reason: None,
                until: None
            }))
            .is_banned(now)
        );
        assert!(!user(None).is_banned(now));
    }

    #[test]
    fn a_ban_is_as_long_as_the_application_means() {
        const DAY: Duration = Duration::from_hours(24);
        for (given, meant) in [
            (86_400_000.0, Some(DAY)),
            (2_592_000_000.0, Some(DAY * 30)),
            (86_400.0, Some(DAY)),
            (60.0, Some(Duration::from_secs(60))),
            (86_400_001.0, Some(Duration::from_secs(86_400_001))),
            (0.0, None),
            (-1.0, None),
            (1e300, None),
            (f64::INFINITY, None),
            (f64::NAN, None),
        ] {
            assert_eq!(ban_length(given), meant, "{given}");
        }
    }

    #[test]
    fn nothing_of_a_removed_user_says_who_they_were() {
        let removed = user(None).anonymised(Timestamp::from_micros(1));
        assert_eq!(removed.email.as_str(), "u@removed.invalid");
        assert_eq!(removed.name.as_str(), "Removed user");
        assert_eq!(
            (removed.image, removed.ban, removed.role),
            (None, None, Role::User)
        );
    }
}
