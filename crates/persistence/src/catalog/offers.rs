//! Whether an offer still is what an order was decided on.

use domain::catalog::{Availability, ServiceType};
use domain::orders::Order;
use ports::StoreError;
use sea_orm::{DatabaseTransaction, Value};

use crate::decode::stored;
use crate::error::Failure;
use crate::sql;

/// The row of the offer that an order was decided on, by the parameters `$1` to `$11` of [`values`]: whatever price,
/// cost and words come from is compared, so a change is seen whoever made it, and when.
pub(crate) const UNCHANGED: &str = "
SELECT 1 FROM services JOIN providers ON providers.id = services.provider_id
WHERE services.id = $1 AND services.provider_id = $2 AND services.upstream_id = $3 AND services.name = $4
    AND services.rate = $5 AND COALESCE(services.profit, 0) = $6 AND services.refill = $7 AND services.cancel = $8
    AND services.quantity_min <= $9 AND services.quantity_max >= $9
    AND services.service_type = $10 AND services.availability = $11 AND providers.availability = $11";
/// How many parameters [`UNCHANGED`] has.
pub(crate) const PARAMETERS: usize = 11;

/// What [`UNCHANGED`] compares. Only services of the default type can be ordered, and only while they and their
/// provider are active.
pub(crate) fn values(order: &Order) -> Result<[Value; PARAMETERS], StoreError> {
    let service = &order.service;
    let quantity: i64 = stored("orders.quantity", order.quantity)?;
    // The profit, because the sum of a changed rate and profit may not fit into the database's numbers.
    let profit = service.selling_rate.nanos() - service.rate.nanos();
    Ok([
        service.id.0.into(),
        service.provider.0.into(),
        service.upstream_id.as_str().into(),
        service.name.as_str().into(),
        service.rate.nanos().into(),
        profit.into(),
        service.refill.into(),
        service.cancel.into(),
        quantity.into(),
        ServiceType::Default.as_str().into(),
        Availability::Active.as_str().into(),
    ])
}

/// See [`ports::catalog::CatalogRepository::still_offers`].
pub(super) async fn still(conn: &DatabaseTransaction, order: &Order) -> Result<bool, Failure> {
    let row = sql::query_one(conn, UNCHANGED, values(order)?).await?;
    Ok(row.is_some())
}
