//! The ledger: one debit and one credit of the same amount a row.

use sea_orm::entity::prelude::*;

/// A row of `transfers`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfers")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The account debited.
    pub debit: i32,
    /// The account credited.
    pub credit: i32,
    /// How much, in micro-units.
    pub amount: i64,
    /// Why.
    pub kind: String,
    /// What for; unique within the kind.
    pub reference: String,
    /// Whose wallet it touches.
    pub user_id: Option<String>,
    /// The order behind it.
    pub order_id: Option<i64>,
    /// The provider whose float it touches.
    pub provider_id: Option<i64>,
    /// What staff wrote.
    pub note: Option<String>,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
