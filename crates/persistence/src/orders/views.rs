//! Rows of orders as screens show them.

use domain::UserId;
use domain::catalog::ServiceType;
use domain::orders::EventKind;
use entities::{order_events, order_inputs, orders, poll_groups, providers, users};
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
    group_due_at: Option<i64>,
    input_type: Option<String>,
}

impl OrderRow {
    /// Orders joined with what [`OrderRow`] shows of others.
    pub(super) fn select() -> Select<orders::Entity> {
        orders::Entity::find()
            .join(JoinType::InnerJoin, orders::Relation::Providers.def())
            .join(JoinType::InnerJoin, orders::Relation::Users.def())
            .join(JoinType::LeftJoin, orders::Relation::PollGroups.def())
            .join(JoinType::LeftJoin, orders::Relation::Inputs.def())
            .column_as(providers::Column::Name, "provider_name")
            .column_as(users::Column::Email, "user_email")
            .column_as(poll_groups::Column::DueAt, "group_due_at")
            .column_as(order_inputs::Column::ServiceType, "input_type")
    }

    /// The row as a view.
    pub(super) fn view(self) -> Result<OrderView, StoreError> {
        let mut row = self.order;
        row.due_at = row.due_at.or(self.group_due_at);
        Ok(OrderView {
            order: mapping::order(row)?,
            provider_name: self.provider_name,
            user_email: self.user_email,
            service_type: self
                .input_type
                .map_or(ServiceType::Default, |word| ServiceType::parse(&word)),
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
