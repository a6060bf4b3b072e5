//! Orders.

use sea_orm::entity::prelude::*;

/// A row of `orders`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose order.
    pub user_id: String,
    /// The service.
    pub service_id: i64,
    /// Its name when it was ordered.
    pub service_name: String,
    /// Who delivers this order.
    pub provider_id: i64,
    /// The provider's id of the service when it was ordered.
    pub upstream_service: String,
    /// The provider's price of 1000 then, in nano-units.
    pub rate: i64,
    /// The selling price of 1000 then, in nano-units.
    pub selling_rate: i64,
    /// Whether drops are refilled.
    pub refill: bool,
    /// Whether the provider cancels.
    pub cancel: bool,
    /// Where it is delivered.
    pub link: String,
    /// How much.
    pub quantity: i64,
    /// Taken from the wallet, in micro-units.
    pub price: i64,
    /// Owed to the provider, in micro-units.
    pub cost: i64,
    /// Where the order is.
    pub state: String,
    /// What became of the held money.
    pub hold: String,
    /// Given back so far, in micro-units.
    pub refunded: i64,
    /// Booked as revenue so far, in micro-units.
    pub recognised: i64,
    /// The provider's id of it; set exactly when the hold is posted.
    pub provider_order_id: Option<String>,
    /// The provider's last status word.
    pub provider_status: Option<String>,
    /// The counter before the delivery began.
    pub start_count: Option<i64>,
    /// What is not delivered yet.
    pub remains: Option<i64>,
    /// How many attempts to send it were begun.
    pub attempts: i32,
    /// Until when its worker may act on it, in microseconds since the epoch.
    pub lease_until: Option<i64>,
    /// When it became unknown, in microseconds since the epoch.
    pub unknown_since: Option<i64>,
    /// When it is looked at next, in microseconds since the epoch; empty if its group says that.
    pub due_at: Option<i64>,
    /// How often it has been looked up.
    pub lookups: i32,
    /// Why a person has to look at it.
    pub review: Option<String>,
    /// When the customer asked to cancel it, in microseconds since the epoch.
    pub cancel_requested_at: Option<i64>,
    /// Start of the request whose answer was applied last, in microseconds since the epoch.
    pub observed_at: Option<i64>,
    /// When the provider was last asked about it by itself, in microseconds since the epoch.
    pub asked_at: Option<i64>,
    /// When the provider accepted it, in microseconds since the epoch.
    pub submitted_at: Option<i64>,
    /// When it ended, in microseconds since the epoch.
    pub ended_at: Option<i64>,
    /// When the row was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When the row was last changed, in microseconds since the epoch.
    pub updated_at: i64,
    /// Counts changes.
    pub revision: i64,
    /// The orders that it is asked about together with.
    pub poll_group: Option<i64>,
    /// The exchange rates in force when it was placed.
    pub rate_set: Option<i64>,
}

/// What the row points at.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The user.
    #[sea_orm(
        belongs_to = "super::users::Entity",
        from = "Column::UserId",
        to = "super::users::Column::Id"
    )]
    Users,
    /// The provider.
    #[sea_orm(
        belongs_to = "super::providers::Entity",
        from = "Column::ProviderId",
        to = "super::providers::Column::Id"
    )]
    Providers,
    /// What it says beside link and quantity.
    #[sea_orm(
        belongs_to = "super::order_inputs::Entity",
        from = "Column::Id",
        to = "super::order_inputs::Column::OrderId"
    )]
    Inputs,
    /// The group that it is asked about with.
    #[sea_orm(
        belongs_to = "super::poll_groups::Entity",
        from = "Column::PollGroup",
        to = "super::poll_groups::Column::Id"
    )]
    PollGroups,
}

impl Related<super::order_inputs::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Inputs.def()
    }
}

impl Related<super::users::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Users.def()
    }
}

impl Related<super::providers::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Providers.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
