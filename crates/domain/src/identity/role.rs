//! Roles.

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A customer.
    User,
    /// A member of staff who has the rights that an administrator gave.
    Moderator,
    /// A member of staff who has every right.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_role_grants_nothing() {
        assert_eq!(Role::from_stored("superadmin"), Role::User);
        for wrong in ["superadmin", "", "user,root", "Admin"] {
            assert_eq!(Role::parse(wrong), Err(UnknownRole), "{wrong}");
        }
    }

    #[test]
    fn of_several_roles_the_strongest_counts() {
        assert_eq!(Role::parse("user, admin"), Ok(Role::Admin));
        assert_eq!(Role::parse("moderator,user"), Ok(Role::Moderator));
        assert_eq!(Role::parse("user"), Ok(Role::User));
    }
}
