//! Idempotency keys and their orders.

use sea_orm::entity::prelude::*;

/// A row of `idempotency_keys`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Whose key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// What the request meant.
    pub fingerprint: String,
    /// The order that it made.
    pub order_id: Option<i64>,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
