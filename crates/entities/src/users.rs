//! Users.

use sea_orm::entity::prelude::*;

/// A row of `users`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Names the row: 32 characters.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Display name.
    pub name: String,
    /// Unique, lower case.
    pub email: String,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// Address of a picture.
    pub image: Option<String>,
    /// `user`, `moderator` or `admin`.
    pub role: String,
    /// Whether there is a ban, also one that has run out.
    pub banned: bool,
    /// What staff wrote.
    pub ban_reason: Option<String>,
    /// When the ban ends by itself, in microseconds since the epoch.
    pub ban_expires: Option<i64>,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
    /// `app` or `mail`: what signing in takes besides the password.
    pub second_factor: Option<String>,
    /// When the user was removed: what is left is a name for what they did.
    pub removed_at: Option<i64>,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
