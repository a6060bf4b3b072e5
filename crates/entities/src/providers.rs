//! Providers.

use sea_orm::entity::prelude::*;

/// A row of `providers`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Display name; unique among those that are not archived.
    pub name: String,
    /// Where the panel API listens.
    pub api_url: String,
    /// Which key of the ring sealed the API key.
    pub key_version: Option<i32>,
    /// The nonce of the seal.
    pub key_nonce: Option<Vec<u8>>,
    /// The sealed API key.
    pub key_ciphertext: Option<Vec<u8>>,
    /// `active`, `disabled` or `archived`.
    pub availability: String,
    /// How a lost order is found: `none`, `reference` or `link_and_time`.
    pub lookup: String,
    /// How many requests a second the provider allows.
    pub requests_per_second: i32,
    /// The largest sum of prices with unknown fate, in micro-units.
    pub exposure_cap: i64,
    /// What its prices are in, by ISO 4217.
    pub currency: String,
    /// What its rates of packages are the price of: `one` or `thousand`.
    pub package_rate: String,
    /// Our balance there, as the provider wrote it.
    pub balance_amount: Option<String>,
    /// Its currency, as the provider wrote it.
    pub balance_currency: Option<String>,
    /// When it was asked, in microseconds since the epoch.
    pub balance_at: Option<i64>,
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
