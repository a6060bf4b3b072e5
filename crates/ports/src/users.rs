//! Lists of users, as staff ask for them.

use domain::identity::User;
use domain::{PageSize, Timestamp};

/// What users can be searched, filtered and sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserField {
    /// The row's id.
    Id,
    /// Display name.
    Name,
    /// Address.
    Email,
    /// Whether the address was proven.
    EmailVerified,
    /// The role's word.
    Role,
    /// Whether there is a ban.
    Banned,
    /// When the ban ends.
    BanExpires,
    /// When the user was created.
    CreatedAt,
    /// When the user was last changed.
    UpdatedAt,
}

/// A text, and where it stands in the field. Letters of either case are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSearch {
    /// Where to look.
    pub field: UserField,
    /// Where in the field.
    pub place: Place,
    /// What to look for, as it is.
    pub text: String,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere.
    Anywhere,
    /// At the beginning.
    Beginning,
    /// At the end.
    End,
}

/// A condition on a field. Users whose field is empty fulfil none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFilter {
    /// Which field.
    pub field: UserField,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what; of the kind that the field is of.
    pub value: UserValue,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Below.
    Below,
    /// Below or equal.
    AtMost,
    /// Above.
    Above,
    /// Above or equal.
    AtLeast,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserValue {
    /// A text.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A point in time.
    Time(Timestamp),
}

/// Which users, in which order, and which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserList {
    /// Only those with this text.
    pub search: Option<UserSearch>,
    /// Only those that fulfil this.
    pub filter: Option<UserFilter>,
    /// By which field, and whether the largest comes first.
    pub sort: (UserField, Direction),
    /// How many.
    pub limit: PageSize,
    /// How many to skip.
    pub offset: u32,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

/// Some of the users that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// The users.
    pub users: Vec<User>,
    /// How many there are in all.
    pub total: u64,
}
