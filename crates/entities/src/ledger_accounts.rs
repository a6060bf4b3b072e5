//! The chart of accounts.

use sea_orm::entity::prelude::*;

/// A row of `ledger_accounts`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_accounts")]
pub struct Model {
    /// Names the account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Its name.
    pub code: String,
    /// On which side it grows: `debit` or `credit`.
    pub normal: String,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
