//! Users, their roles, and their sessions.

use crate::text::{Email, Name};
use crate::{SessionId, Timestamp, UserId};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A customer.
    User,
    /// Staff.
    Admin,
}

impl Role {
    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// Reads the stored word. Any other word is a customer: an unknown role never grants anything.
    #[must_use]
    pub fn from_stored(word: &str) -> Self {
        if word == Self::Admin.as_str() {
            Self::Admin
        } else {
            Self::User
        }
    }
}

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
}

/// Limits of a password in characters; any character counts, nothing is cut off.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// See [`PASSWORD_MIN_CHARS`].
pub const PASSWORD_MAX_CHARS: usize = 128;

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// How long a session lives after its last renewal.
    pub lifetime: std::time::Duration,
    /// A session older than this since its last renewal is renewed when it is used.
    pub renew_after: std::time::Duration,
    /// How long a session lives that the user did not ask to be remembered.
    pub forgetful_lifetime: std::time::Duration,
}

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            lifetime: DAY * 7,
            renew_after: DAY,
            forgetful_lifetime: DAY,
        }
    }
}

/// A signed-in browser. The token itself is never stored; only its digest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The row's id.
    pub id: SessionId,
    /// Whose session.
    pub user: UserId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Where it was opened from.
    pub ip_address: Option<String>,
    /// What opened it.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub updated_at: Timestamp,
}

impl Session {
    /// The end of life that a use at `now` gives the session, if it is time to renew it.
    #[must_use]
    pub fn renewal(&self, policy: &SessionPolicy, now: Timestamp) -> Option<Timestamp> {
        let remembered = self.expires_at.since(self.updated_at) > policy.forgetful_lifetime;
        (remembered && now.since(self.updated_at) >= policy.renew_after).then(|| now.plus(policy.lifetime))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
    fn an_unknown_role_grants_nothing() {
        assert_eq!(Role::from_stored("superadmin"), Role::User);
    }

    #[test]
    fn a_remembered_session_is_renewed_once_a_day_and_a_forgetful_one_never() {
        let policy = SessionPolicy::default();
        let session = |lifetime: Duration| Session {
            id: SessionId::new("s"),
            user: UserId::new("u"),
            expires_at: Timestamp::EPOCH.plus(lifetime),
            ip_address: None,
            user_agent: None,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        };
        let later = Timestamp::EPOCH.plus(policy.renew_after);
        assert_eq!(
            session(policy.lifetime).renewal(&policy, later),
            Some(later.plus(policy.lifetime))
        );
        assert_eq!(
            session(policy.lifetime).renewal(&policy, Timestamp::EPOCH.plus(policy.renew_after / 2)),
            None
        );
        assert_eq!(session(policy.forgetful_lifetime).renewal(&policy, later), None);
    }
}
