//! Proofs of addresses under way.

use sea_orm::entity::prelude::*;

/// A row of `verifications`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verifications")]
pub struct Model {
    /// Names the row: 32 characters.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What is to be proven.
    pub identifier: String,
    /// What proves it.
    pub value: String,
    /// When it ends, in microseconds since the epoch.
    pub expires_at: i64,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
