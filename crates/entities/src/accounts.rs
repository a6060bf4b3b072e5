//! Ways to sign in.

use sea_orm::entity::prelude::*;

/// A row of `accounts`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// Names the row: 32 characters.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The user's id at the identity provider; for passwords the user's id here.
    pub account_id: String,
    /// The identity provider; `credential` for passwords.
    pub provider_id: String,
    /// The user.
    pub user_id: String,
    /// The identity provider's token.
    pub access_token: Option<String>,
    /// The identity provider's token.
    pub refresh_token: Option<String>,
    /// The identity provider's token.
    pub id_token: Option<String>,
    /// In microseconds since the epoch.
    pub access_token_expires_at: Option<i64>,
    /// In microseconds since the epoch.
    pub refresh_token_expires_at: Option<i64>,
    /// What the tokens allow.
    pub scope: Option<String>,
    /// The password's hash.
    pub password: Option<String>,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

/// What the row points at.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The user.
    #[sea_orm(
        belongs_to = "super::users::Entity",
        from = "Column::UserId",
        to = "super::users::Column::Id"
    )]
    Users,
}

impl Related<super::users::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Users.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
