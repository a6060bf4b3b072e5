//! Categories.

use sea_orm::entity::prelude::*;

/// A row of `categories`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "categories")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Display name; unique among those that are not archived.
    pub name: String,
    /// `active`, `disabled` or `archived`.
    pub availability: String,
    /// Its place among those that staff put in an order.
    pub position: Option<i64>,
    /// The member of staff who added it.
    pub created_by: String,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
