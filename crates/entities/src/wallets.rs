//! Wallets.

use sea_orm::entity::prelude::*;

/// A row of `wallets`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wallets")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// What can be spent, in micro-units.
    pub available: i64,
    /// What waits for a provider's answer, in micro-units.
    pub held: i64,
    /// The ledger currency.
    pub currency: String,
    /// `active` or `frozen`.
    pub status: String,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
