//! Rows of orders as screens show them.

use domain::UserId;
use domain::orders::EventKind;
use entities::{order_events, orders, providers, users};
use ports::StoreError;
use ports::orders::{EventView, OrderView};
use sea_orm::{EntityTrait, FromQueryResult, JoinType, QuerySelect, RelationTrait, Select};

use super::mapping;
use crate::decode::{details_from_json, word};

/// An order with the names around it.
#[derive(FromQueryResult)]
pub(super) struct OrderRow {
    #[sea_orm(nested)]
    order: orders::Model,
    provider_name: String,
    user_email: String,
}

impl OrderRow {
    /// Orders joined with what [`OrderRow`] shows of others.
    pub(super) fn select() -> Select<orders::Entity> {
        orders::Entity::find()
            .join(JoinType::InnerJoin, orders::Relation::Providers.def())
            .join(JoinType::InnerJoin, orders::Relation::Users.def())
            .column_as(providers::Column::Name, "provider_name")
            .column_as(users::Column::Email, "user_email")
    }

    /// The row as a view.
    pub(super) fn view(self) -> Result<OrderView, StoreError> {
        Ok(OrderView {
            order: mapping::order(self.order)?,
            provider_name: self.provider_name,
            user_email: self.user_email,
        })
    }
}

/// A line of history as a view.
pub(super) fn event(row: order_events::Model) -> Result<EventView, StoreError> {
    Ok(EventView {
        kind: word("order_events.kind", &row.kind, EventKind::from_stored)?,
        actor: row.actor,
        actor_user: row.actor_user.map(UserId::new),
        at: domain::Timestamp::from_micros(row.at),
        details: details_from_json("order_events.details", &row.details)?,
    })
}
