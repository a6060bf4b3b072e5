//! Who asks.

use domain::UserId;
use domain::identity::{Role, User};
use domain::orders::Actor;

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    user: User,
}

/// A signed-in member of staff. Use cases for staff take this, so they cannot be called for anybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    user: User,
}

impl Caller {
    /// A caller whose session was checked and who is not banned.
    #[must_use]
    pub const fn new(user: User) -> Self {
        Self { user }
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    /// The user as staff, if they are.
    #[must_use]
    pub fn staff(&self) -> Option<Staff> {
        (self.user.role == Role::Admin).then(|| Staff {
            user: self.user.clone(),
        })
    }
}

impl Staff {
    /// The user's id.
    #[must_use]
    pub const fn id(&self) -> &UserId {
        &self.user.id
    }

    /// The user, for histories and logs.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.user.id.clone())
    }
}
