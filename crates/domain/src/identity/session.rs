//! Sessions: how long they live and when they are renewed.

use std::time::Duration;

use super::{FRESH_FOR, Role};
use crate::{SessionId, Timestamp, UserId};

const DAY: Duration = Duration::from_hours(24);

/// How long staff may act as a customer. Such a session is not renewed.
pub const IMPERSONATION: Duration = Duration::from_hours(1);

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// How long a session lives after its last renewal.
    pub lifetime: Duration,
    /// A session older than this since its last renewal is renewed when it is used.
    pub renew_after: Duration,
    /// How long a session lives that the user did not ask to be remembered.
    pub forgetful_lifetime: Duration,
    /// How long after it was opened a session ends, however much it is used.
    pub longest: Duration,
}

impl SessionPolicy {
    /// The policy for users of `role`. Staff who go away for half an hour, or work for half a day, sign in again.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        if role.is_staff() {
            Self {
                lifetime: Duration::from_mins(30),
                renew_after: Duration::from_mins(1),
                forgetful_lifetime: Duration::from_mins(30),
                longest: Duration::from_hours(12),
            }
        } else {
            Self {
                lifetime: Duration::from_hours(7 * 24),
                renew_after: DAY,
                forgetful_lifetime: DAY,
                longest: Duration::from_hours(90 * 24),
            }
        }
    }
}

/// What a session is used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// A browser, which carries a cookie.
    Browser,
    /// A program, which carries access tokens and renews them.
    Program,
}

impl SessionKind {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Program => "program",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Self {
        if word == Self::Program.as_str() {
            Self::Program
        } else {
            Self::Browser
        }
    }
}

/// A signed-in browser or program. The token itself is never stored; only its digest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The row's id. It names the session to its user, and signs nobody in.
    pub id: SessionId,
    /// Whose session.
    pub user: UserId,
    /// What uses it.
    pub kind: SessionKind,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Where it was opened from.
    pub ip_address: Option<String>,
    /// What opened it.
    pub user_agent: Option<String>,
    /// The member of staff who acts as the user.
    pub impersonated_by: Option<UserId>,
    /// When its user last proved who they are.
    pub authenticated_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub updated_at: Timestamp,
}

impl Session {
    /// Whether it is a member of staff who acts as the user. Whatever a user comes in with is not for them to change.
    #[must_use]
    pub const fn stands_in(&self) -> bool {
        self.impersonated_by.is_some()
    }

    /// Whether its user proved a moment ago who they are. Staff who act as a user never did.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        !self.stands_in() && now.since(self.authenticated_at) <= FRESH_FOR
    }

    /// Whether the session still counts at `now`.
    #[must_use]
    pub fn is_open(&self, policy: &SessionPolicy, now: Timestamp) -> bool {
        now < self.expires_at && now < self.updated_at.plus(policy.lifetime) && now < self.last_end(policy)
    }

    /// Whether a use renews the session, because the browser was asked to keep it when it is closed. Of a session of staff nobody can tell: it is
    /// as short either way.
    #[must_use]
    pub fn may_be_kept(&self, policy: &SessionPolicy) -> bool {
        self.kind == SessionKind::Browser
            && !self.stands_in()
            && self.expires_at.since(self.updated_at) >= policy.lifetime
    }

    /// The end of life that a refresh at `now` gives the session of a program.
    #[must_use]
    pub fn refreshed(&self, policy: &SessionPolicy, now: Timestamp) -> Timestamp {
        now.plus(policy.lifetime).min(self.last_end(policy))
    }

    /// The end of life that a use at `now` gives the session, if it is time to renew it.
    #[must_use]
    pub fn renewal(&self, policy: &SessionPolicy, now: Timestamp) -> Option<Timestamp> {
        let is_due = self.may_be_kept(policy) && now.since(self.updated_at) >= policy.renew_after;
        is_due.then(|| now.plus(policy.lifetime).min(self.last_end(policy)))
    }

    /// How long the browser may keep the cookie. Between two looks at the session only the server renews it, so the
    /// cookie of a session that ends after minutes has to live on.
    #[must_use]
    pub fn cookie_lifetime(&self, policy: &SessionPolicy, now: Timestamp) -> Duration {
        let end = if policy.lifetime < DAY {
            self.last_end(policy)
        } else {
            self.expires_at
        };
        end.since(now)
    }

    fn last_end(&self, policy: &SessionPolicy) -> Timestamp {
        self.created_at.plus(policy.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: SessionPolicy = SessionPolicy::of(Role::User);
    const STAFF: SessionPolicy = SessionPolicy::of(Role::Admin);

    fn session(lifetime: Duration) -> Session {
        Session {
            id: SessionId::new("s"),
            user: UserId::new("u"),
            kind: SessionKind::Browser,
            expires_at: Timestamp::EPOCH.plus(lifetime),
            ip_address: None,
            user_agent: None,
            impersonated_by: None,
            authenticated_at: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    fn after(time: Duration) -> Timestamp {
        Timestamp::EPOCH.plus(time)
    }

    #[test]
    fn a_remembered_session_is_renewed_once_a_day_and_a_forgetful_one_never() {
        let later = after(CUSTOMER.renew_after);
        let remembered = session(CUSTOMER.lifetime);
        assert_eq!(
            remembered.renewal(&CUSTOMER, later),
            Some(later.plus(CUSTOMER.lifetime))
        );
        assert_eq!(
            remembered.renewal(&CUSTOMER, after(CUSTOMER.renew_after / 2)),
            None
        );
        assert_eq!(
            session(CUSTOMER.forgetful_lifetime).renewal(&CUSTOMER, later),
            None
        );
    }

    #[test]
    fn no_session_lives_on_for_ever() {
        let mut used = session(CUSTOMER.lifetime);
        let mut now = Timestamp::EPOCH;
        while used.is_open(&CUSTOMER, now) {
            if let Some(expires_at) = used.renewal(&CUSTOMER, now) {
                (used.expires_at, used.updated_at) = (expires_at, now);
            }
            now = now.plus(Duration::from_hours(1));
        }
        assert_eq!(now, after(CUSTOMER.longest));
    }

    #[test]
    fn staff_who_go_away_are_signed_out_and_those_who_work_are_not() {
        let mut used = session(STAFF.lifetime);
        assert!(used.is_open(&STAFF, after(Duration::from_mins(29))));
        assert!(!used.is_open(&STAFF, after(Duration::from_mins(30))));
        let now = after(Duration::from_mins(29));
        used.expires_at = used.renewal(&STAFF, now).unwrap();
        used.updated_at = now;
        assert!(used.is_open(&STAFF, after(Duration::from_mins(58))));
        assert_eq!(
            used.cookie_lifetime(&STAFF, now),
            Duration::from_mins(12 * 60 - 29)
        );
    }

    #[test]
    fn a_session_of_before_somebody_became_staff_is_as_short_as_theirs() {
        let long = session(CUSTOMER.lifetime);
        assert!(!long.is_open(&STAFF, after(STAFF.lifetime)));
    }

    #[test]
    fn a_password_proves_for_five_minutes_and_an_impersonators_nothing() {
        let own = session(CUSTOMER.lifetime);
        assert!(own.is_fresh(after(FRESH_FOR)));
        assert!(!own.is_fresh(after(FRESH_FOR + Duration::from_secs(1))));
        let acting = Session {
            impersonated_by: Some(UserId::new("staff")),
            ..own
        };
        assert!(!acting.is_fresh(after(Duration::ZERO)));
    }

    #[test]
    fn a_programs_session_lives_on_by_refreshing_and_not_by_use_and_no_longer_than_any() {
        let opened = Session {
            kind: SessionKind::Program,
            ..session(CUSTOMER.lifetime)
        };
        assert_eq!(opened.renewal(&CUSTOMER, after(CUSTOMER.renew_after)), None);
        let (week, late) = (CUSTOMER.lifetime, CUSTOMER.longest - DAY);
        assert_eq!(opened.refreshed(&CUSTOMER, after(DAY)), after(DAY + week));
        assert_eq!(opened.refreshed(&CUSTOMER, after(late)), after(CUSTOMER.longest));
    }

    #[test]
    fn acting_as_a_customer_is_not_renewed() {
        let acting = Session {
            impersonated_by: Some(UserId::new("staff")),
            ..session(IMPERSONATION)
        };
        assert_eq!(acting.renewal(&CUSTOMER, after(IMPERSONATION / 2)), None);
        assert!(!acting.is_open(&CUSTOMER, after(IMPERSONATION)));
    }
}
