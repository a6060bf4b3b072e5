//! The history of orders.

use sea_orm::entity::prelude::*;

/// A row of `order_events`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_events")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The order.
    pub order_id: i64,
    /// What happened.
    pub kind: String,
    /// Who caused it: `system`, `provider`, `customer` or `staff`.
    pub actor: String,
    /// The person, if it was one.
    pub actor_user: Option<String>,
    /// When, in microseconds since the epoch.
    pub at: i64,
    /// Named details as a JSON array of pairs.
    pub details: String,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
