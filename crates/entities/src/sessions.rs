//! Signed-in browsers.

use sea_orm::entity::prelude::*;

/// A row of `sessions`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Names the row: 32 characters.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// When it ends, in microseconds since the epoch.
    pub expires_at: i64,
    /// The digest of the token; the token is stored nowhere.
    pub token_digest: String,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
    /// Where it was opened from.
    pub ip_address: Option<String>,
    /// What opened it.
    pub user_agent: Option<String>,
    /// The user.
    pub user_id: String,
    /// The member of staff behind it.
    pub impersonated_by: Option<String>,
    /// What uses it.
    pub kind: String,
    /// When its user last proved who they are, in microseconds since the epoch.
    pub authenticated_at: i64,
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
