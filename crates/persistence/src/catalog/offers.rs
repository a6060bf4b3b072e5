//! Whether an offer still is what an order was decided on.

use domain::catalog::Availability;
use domain::orders::NewOrder;
use ports::StoreError;
use sea_orm::{DatabaseTransaction, Value};

use crate::decode::stored;
use crate::error::Failure;
use crate::sql;

/// What is earned on 1000 pieces. A fixed price is compared with the cost of today.
const PROFIT: &str = "COALESCE(services.fixed_price - services.rate, services.profit, 0)";

/// What is ordered is within the service's range.
pub(crate) const IN_RANGE: &str =
    "services.quantity_min <= {quantity} AND services.quantity_max >= {quantity}";
/// The same, where packages may be among what is ordered: of these one is ordered, whatever the provider lists. Their
/// quantity is compared as zero.
const IN_RANGE_OR_PACKAGE: &str =
    "({quantity} = 0 OR services.quantity_min <= {quantity} AND services.quantity_max >= {quantity})";

/// How many values an offer is compared with.
pub(crate) const PARAMETERS: usize = 11;

/// The condition under which `services` and `providers` are what an order was decided on, where `value(n)` is the `n`th
/// of [`values`], counted from one: whatever price, cost and words come from is compared, so a change is seen whoever
/// made it, and when. `in_range` says which quantities there may be.
pub(crate) fn unchanged(value: impl Fn(usize) -> String, in_range: &str) -> String {
    let v = |n| value(n);
    let in_range = in_range.replace("{quantity}", &v(9));
    format!(
        "providers.id = services.provider_id AND services.id = {} AND services.provider_id = {}
            AND services.upstream_id = {} AND services.name = {} AND services.rate = {}
            AND {PROFIT} = {}
            AND ({PROFIT} >= 0 OR services.sell_at_loss)
            AND services.refill = {} AND services.cancel = {}
            AND {in_range}
            AND services.service_type = {} AND services.availability = {active} AND providers.availability = {active}",
        v(1), v(2), v(3), v(4), v(5), v(6), v(7), v(8), v(10), active = v(11),
    )
}

/// What [`unchanged`] compares. Services can be ordered while they and their provider are active, and are of the type that
/// was ordered.
pub(crate) fn values(new: &NewOrder) -> Result<[Value; PARAMETERS], StoreError> {
    let (order, kind) = (new.draft(), new.service_type());
    let service = &order.service;
    let pieces = if kind.is_package() { 0 } else { order.quantity };
    let quantity: i64 = stored("orders.quantity", pieces)?;
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
        kind.as_str().into(),
        Availability::Active.as_str().into(),
    ])
}

/// See [`ports::catalog::CatalogRepository::still_offers`].
pub(super) async fn still(conn: &DatabaseTransaction, new: &[NewOrder]) -> Result<bool, Failure> {
    let mut wanted = Vec::with_capacity(new.len() * PARAMETERS);
    for order in new {
        wanted.extend(values(order)?);
    }
    let rows = sql::value_rows(1, PARAMETERS, new.len());
    // Both databases call the columns of a list so.
    let same = unchanged(|n| format!("wanted.column{n}"), IN_RANGE_OR_PACKAGE);
    let text = format!("SELECT COUNT(*) FROM (VALUES {rows}) AS wanted, services, providers WHERE {same}");
    let standing = sql::query_number(conn, &text, wanted).await?;
    Ok(usize::try_from(standing).is_ok_and(|standing| standing == new.len()))
}
