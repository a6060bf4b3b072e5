//! Attempts to send orders.

use sea_orm::entity::prelude::*;

/// A row of `attempts`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    /// Counts from one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub no: i32,
    /// The process that made it.
    pub worker: String,
    /// `intent`, `unknown`, `placed` or `not_placed`.
    pub outcome: String,
    /// Why the outcome is known.
    pub proof: Option<String>,
    /// The provider.
    pub provider_id: i64,
    /// The provider's id of the order, if placed.
    pub provider_order_id: Option<String>,
    /// When the intent was recorded, in microseconds since the epoch.
    pub started_at: i64,
    /// When the outcome was recorded, in microseconds since the epoch.
    pub resolved_at: Option<i64>,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
