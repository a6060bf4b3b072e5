//! Services.

use sea_orm::entity::prelude::*;

/// A row of `services`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "services")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The provider.
    pub provider_id: i64,
    /// The provider's id of the service; unique per provider among those that are not archived.
    pub upstream_id: String,
    /// Display name.
    pub name: String,
    /// What kind of order it takes, as shown.
    pub service_type: String,
    /// The provider's price of 1000, in nano-units.
    pub rate: i64,
    /// What is added to it, in nano-units per 1000.
    pub profit: Option<i64>,
    /// The smallest quantity of one order.
    pub quantity_min: i64,
    /// The largest quantity of one order.
    pub quantity_max: i64,
    /// Whether the provider spreads deliveries.
    pub dripfeed: bool,
    /// Whether the provider refills what drops.
    pub refill: bool,
    /// Whether the provider cancels.
    pub cancel: bool,
    /// The category.
    pub category_id: i64,
    /// `active`, `disabled` or `archived`.
    pub availability: String,
    /// Text for customers.
    pub description: Option<String>,
    /// The selling price of 1000 that staff fixed, in nano-units.
    pub fixed_price: Option<i64>,
    /// Whether it is sold below its cost.
    pub sell_at_loss: bool,
    /// How long a delivery usually takes, for customers.
    pub average_time: Option<String>,
    /// The provider's name of it, when it was last read.
    pub upstream_name: Option<String>,
    /// Why the synchronisation stopped selling it: `vanished` or `loss`.
    pub stopped: Option<String>,
    /// The member of staff who added it.
    pub created_by: String,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

/// What the row points at.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The provider.
    #[sea_orm(
        belongs_to = "super::providers::Entity",
        from = "Column::ProviderId",
        to = "super::providers::Column::Id"
    )]
    Providers,
    /// The category.
    #[sea_orm(
        belongs_to = "super::categories::Entity",
        from = "Column::CategoryId",
        to = "super::categories::Column::Id"
    )]
    Categories,
}

impl Related<super::providers::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Providers.def()
    }
}

impl Related<super::categories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Categories.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
