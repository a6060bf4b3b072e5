//! What orders say beside link and quantity.

use domain::OrderId;
use domain::catalog::ServiceType;
use domain::orders::NewOrder;
use domain::text::Comments;
use entities::order_inputs::{ActiveModel, Entity};
use ports::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};

use crate::connections::Connections;
use crate::error::{Failure, store_error};

/// Whether the order's own row says everything.
pub(super) fn is_plain(order: &NewOrder) -> bool {
    *order.service_type() == ServiceType::Default
}

/// Writes what the rows of these orders do not say.
pub(super) async fn insert<'a>(
    conn: &DatabaseTransaction,
    orders: impl Iterator<Item = (OrderId, &'a NewOrder)> + Send,
) -> Result<(), Failure> {
    let more = orders.filter(|(_, order)| !is_plain(order));
    let rows: Vec<_> = more
        .map(|(id, order)| ActiveModel {
            order_id: Set(id.0),
            service_type: Set(order.service_type().as_str().to_owned()),
            comments: Set(order.comments().map(|comments| comments.as_str().to_owned())),
        })
        .collect();
    if !rows.is_empty() {
        Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// See [`ports::orders::OrderQueries::comments`].
pub(super) async fn comments(conn: &Connections, id: OrderId) -> Result<Option<Comments>, StoreError> {
    let row = Entity::find_by_id(id.0).one(conn).await.map_err(store_error)?;
    Ok(row.and_then(|row| row.comments).map(Comments::from_stored))
}
