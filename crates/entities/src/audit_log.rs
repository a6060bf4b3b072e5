//! Who did what.

use sea_orm::entity::prelude::*;

/// A row of `audit_log`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Who: `system`, `provider`, `customer` or `staff`.
    pub actor: String,
    /// The person, if it was one.
    pub actor_user: Option<String>,
    /// What, as `noun.verb`.
    pub action: String,
    /// To what, as `noun:id`.
    pub target: String,
    /// Named details as a JSON array of pairs.
    pub details: String,
    /// When, in microseconds since the epoch.
    pub at: i64,
    /// The network address of the client.
    pub address: Option<String>,
    /// The id of the request.
    pub request: Option<String>,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
