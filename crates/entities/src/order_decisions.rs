//! First words of two about unknown orders.

use sea_orm::entity::prelude::*;

/// A row of `order_decisions`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_decisions")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    /// Who said it.
    pub staff_id: String,
    /// The provider's id of the order; nothing means not placed.
    pub placed_as: Option<String>,
    /// When, in microseconds since the epoch.
    pub at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
