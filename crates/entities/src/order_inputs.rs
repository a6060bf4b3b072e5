//! What orders say beside link and quantity.

use sea_orm::entity::prelude::*;

/// A row of `order_inputs`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_inputs")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    /// What kind of order it is.
    pub service_type: String,
    /// What is to be written, one comment a line.
    pub comments: Option<String>,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
