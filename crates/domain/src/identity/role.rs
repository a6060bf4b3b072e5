//! Roles, and what the web application's client library calls permissions.

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A customer.
    User,
    /// A member of staff who may do what an administrator lets them do. Nothing yet.
    Moderator,
    /// A member of staff who may do everything.
    Admin,
}

/// No role has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not user, moderator or admin")]
pub struct UnknownRole;

impl Role {
    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Reads a role that somebody gives. A list, separated by commas, is its strongest role.
    ///
    /// # Errors
    /// [`UnknownRole`].
    pub fn parse(words: &str) -> Result<Self, UnknownRole> {
        let roles = words.split(',').map(|word| Self::named(word.trim()));
        roles
            .collect::<Option<Vec<_>>>()
            .and_then(|roles| roles.into_iter().max())
            .ok_or(UnknownRole)
    }

    /// Reads the stored word. Any other word is a customer: an unknown role never grants anything.
    #[must_use]
    pub fn from_stored(word: &str) -> Self {
        Self::named(word).unwrap_or(Self::User)
    }

    fn named(word: &str) -> Option<Self> {
        [Self::User, Self::Moderator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == word)
    }

    /// Whether the user administers something. Their sessions are short.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::User)
    }

    /// Whether the role has `right`.
    #[must_use]
    pub const fn has(self, _right: Right) -> bool {
        matches!(self, Self::Admin)
    }
}

/// What may be done to users and their sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Creating users.
    CreateUsers,
    /// Listing users.
    ListUsers,
    /// Changing roles.
    SetRoles,
    /// Banning users, and lifting bans.
    BanUsers,
    /// Acting as a user.
    ImpersonateUsers,
    /// Removing users.
    RemoveUsers,
    /// Setting users' passwords.
    SetPasswords,
    /// Listing users' sessions.
    ListSessions,
    /// Ending users' sessions.
    RevokeSessions,
    /// Ending users' sessions, by another name.
    DeleteSessions,
}

impl Right {
    const NAMES: [(&'static str, &'static str, Self); 10] = [
        ("user", "create", Self::CreateUsers),
        ("user", "list", Self::ListUsers),
        ("user", "set-role", Self::SetRoles),
        ("user", "ban", Self::BanUsers),
        ("user", "impersonate", Self::ImpersonateUsers),
        ("user", "delete", Self::RemoveUsers),
        ("user", "set-password", Self::SetPasswords),
        ("session", "list", Self::ListSessions),
        ("session", "revoke", Self::RevokeSessions),
        ("session", "delete", Self::DeleteSessions),
    ];

    /// The right that the client library calls so.
    #[must_use]
    pub fn named(resource: &str, action: &str) -> Option<Self> {
        let found = Self::NAMES
            .iter()
            .find(|(its, does, _)| *its == resource && *does == action);
        found.map(|(_, _, right)| *right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_role_grants_nothing() {
        assert_eq!(Role::from_stored("superadmin"), Role::User);
        assert_eq!(Role::parse("superadmin"), Err(UnknownRole));
        assert_eq!(Role::parse(""), Err(UnknownRole));
        assert_eq!(Role::parse("user,root"), Err(UnknownRole));
    }

    #[test]
    fn of_several_roles_the_strongest_counts() {
        assert_eq!(Role::parse("user, admin"), Ok(Role::Admin));
        assert_eq!(Role::parse("moderator,user"), Ok(Role::Moderator));
        assert_eq!(Role::parse("user"), Ok(Role::User));
    }

    #[test]
    fn a_moderator_may_do_nothing_by_the_role_alone() {
        for (resource, action, right) in Right::NAMES {
            assert_eq!(Right::named(resource, action), Some(right));
            assert!(Role::Admin.has(right));
            assert!(!Role::Moderator.has(right) && !Role::User.has(right));
        }
        assert_eq!(Right::named("user", "rename"), None);
        assert_eq!(Right::named("session", "ban"), None);
    }
}
