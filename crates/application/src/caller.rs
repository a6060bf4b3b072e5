//! Who asks, and what they may do.
//!
//! A use case for staff takes a [`Staff`] with the right that it needs in its type, and there is no other way to one than
//! [`Caller::with`]. So no right can be forgotten, wherever the use case is called from.

use std::marker::PhantomData;
use std::ops::Deref;

use domain::api_keys::ApiKey;
use domain::identity::{Caution, Demands, Names, Right, Rights, Role, StaffTwoFactor, User};
use domain::orders::Actor;
use domain::{ApiKeyId, Timestamp, UserId};
use ports::audit::{AuditEntry, Origin};

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    user: User,
    rights: Rights,
    origin: Origin,
    /// The least caution for which they have to prove again who they are.
    asked_from: Option<Caution>,
    staff_two_factor: StaffTwoFactor,
    /// The key that a program of theirs shows instead of a session.
    key: Option<Box<ApiKey>>,
    /// Whether somebody else acts as them.
    stands_in: bool,
}

/// Why a caller may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// They do not have the right.
    #[error("the right {} is missing", .0.as_str())]
    NoRight(Right),
    /// They have it, but staff here need an app that shows codes, and theirs has shown none.
    #[error("the caller has to turn on two-factor authentication")]
    NoSecondFactor,
    /// They have it, but proved too long ago who they are.
    #[error("the caller has to authenticate again")]
    Stale,
}

impl Caller {
    /// A user for whom whoever calls this vouches: not banned, and proven to be there. An administrator has every right.
    /// Whoever lets people in from outside says what is demanded of them: [`Caller::under`].
    #[must_use]
    pub fn new(user: User) -> Self {
        Self {
            rights: Rights::default().of(user.role),
            user,
            origin: Origin::default(),
            asked_from: None,
            staff_two_factor: StaffTwoFactor::Optional,
            key: None,
            stands_in: false,
        }
    }

    /// With the rights that were given to them; which of these count is up to their role.
    #[must_use]
    pub fn given(self, rights: Rights) -> Self {
        Self {
            rights: rights.of(self.user.role),
            ..self
        }
    }

    /// Who asks from there.
    #[must_use]
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// With what is demanded of whoever comes in from outside. `is_fresh` says whether they proved a moment ago who they are.
    #[must_use]
    pub fn under(self, demands: Demands, is_fresh: bool) -> Self {
        Self {
            asked_from: demands.reauthentication.least().filter(|_| !is_fresh),
            staff_two_factor: demands.staff_two_factor,
            ..self
        }
    }

    /// As a program of theirs that shows this key. It does nothing that staff do, whoever owns it.
    #[must_use]
    pub fn showing(self, key: ApiKey) -> Self {
        Self {
            rights: Rights::default(),
            key: Some(Box::new(key)),
            ..self
        }
    }

    /// Whether it is a member of staff who acts as them.
    #[must_use]
    pub fn acted(self, stands_in: bool) -> Self {
        Self { stands_in, ..self }
    }

    /// The key that is shown.
    #[must_use]
    pub fn key(&self) -> Option<&ApiKey> {
        self.key.as_deref()
    }

    /// The key that is shown, if what is spent with it is counted.
    #[must_use]
    pub fn budget(&self) -> Option<&ApiKeyId> {
        self.key().filter(|key| key.cap.is_some()).map(|key| &key.id)
    }

    /// Whether somebody else acts as the user.
    #[must_use]
    pub const fn stands_in(&self) -> bool {
        self.stands_in
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    /// What they may do as staff.
    #[must_use]
    pub const fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Where they ask from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The caller as staff with the right `R`.
    ///
    /// # Errors
    /// [`Denied`] if they do not have it, or would have to prove first who they are.
    pub fn with<R: Names>(&self) -> Result<Staff<R>, Denied> {
        if !self.rights.has(R::RIGHT) {
            let (user, right) = (&self.user.id, R::RIGHT.as_str());
            tracing::warn!(%user, right, address = self.origin.address, "somebody lacked a right");
            return Err(Denied::NoRight(R::RIGHT));
        }
        if self.staff_two_factor.is_missing(&self.user) {
            return Err(Denied::NoSecondFactor);
        }
        self.proven(R::RIGHT.caution())?;
        Ok(Staff {
            member: Member {
                user: self.user.clone(),
                origin: self.origin.clone(),
            },
            right: PhantomData,
        })
    }

    /// Whether the caller proved recently enough who they are, for an act of this caution on their own account.
    ///
    /// # Errors
    /// [`Denied::Stale`].
    pub fn proven(&self, caution: Caution) -> Result<(), Denied> {
        match self.asked_from {
            Some(least) if caution >= least => Err(Denied::Stale),
            Some(_) | None => Ok(()),
        }
    }

    /// A line for the audit log about what the caller does for themselves.
    #[must_use]
    pub fn entry(&self, action: &'static str, target: impl Into<String>, at: Timestamp) -> AuditEntry {
        AuditEntry::new(actor(&self.user), action, target, at).from(&self.origin)
    }
}

/// The user, for histories and logs.
pub(crate) fn actor(user: &User) -> Actor {
    if user.role.is_staff() {
        Actor::Staff(user.id.clone())
    } else {
        Actor::Customer(user.id.clone())
    }
}

/// A member of staff, without saying what they may do. Use cases take [`Staff`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    user: User,
    origin: Origin,
}

impl Member {
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

    /// Whether they may act on `user`. Otherwise whoever may set passwords could become an administrator.
    #[must_use]
    pub fn may_touch(&self, user: &User) -> bool {
        self.user.role == Role::Admin || !user.role.is_staff()
    }

    /// A line for the audit log.
    #[must_use]
    pub fn entry(&self, action: &'static str, target: impl Into<String>, at: Timestamp) -> AuditEntry {
        AuditEntry::new(self.actor(), action, target, at).from(&self.origin)
    }
}

/// A member of staff who has the right `R`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff<R> {
    member: Member,
    right: PhantomData<R>,
}

impl<R> Deref for Staff<R> {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

/// Who wields the right `R`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By<R> {
    /// A member of staff who has it.
    Staff(Box<Staff<R>>),
    /// Whoever runs commands on the server's machine, or the program that embeds the library.
    Operator,
}

impl<R> By<R> {
    /// For histories and logs.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Staff(staff) => staff.actor(),
            Self::Operator => Actor::System,
        }
    }

    /// Whether they may give `role` to a user: that of staff is up to administrators.
    #[must_use]
    pub fn may_give(&self, role: Role) -> bool {
        match self {
            Self::Staff(staff) => staff.user.role == Role::Admin || !role.is_staff(),
            Self::Operator => true,
        }
    }

    /// Whether they may act on `user`.
    #[must_use]
    pub fn may_touch(&self, user: &User) -> bool {
        match self {
            Self::Staff(staff) => staff.may_touch(user),
            Self::Operator => true,
        }
    }

    /// A line for the audit log.
    #[must_use]
    pub fn entry(&self, action: &'static str, target: impl Into<String>, at: Timestamp) -> AuditEntry {
        match self {
            Self::Staff(staff) => staff.entry(action, target, at),
            Self::Operator => AuditEntry::new(Actor::System, action, target, at),
        }
    }
}

impl<R> From<Staff<R>> for By<R> {
    fn from(staff: Staff<R>) -> Self {
        Self::Staff(Box::new(staff))
    }
}
