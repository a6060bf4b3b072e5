//! What users set for themselves.

use sea_orm::entity::prelude::*;

/// A row of `user_settings`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_settings")]
pub struct Model {
    /// Whose settings.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// A name of the IANA database.
    pub time_zone: String,
    /// A BCP 47 tag.
    pub language: String,
    /// A code of ISO 4217.
    pub currency: String,
    /// Whether mail about orders is wanted.
    pub mail_orders: bool,
    /// Whether mail about the balance is wanted.
    pub mail_balance: bool,
    /// Whether mail with news is wanted.
    pub mail_news: bool,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
