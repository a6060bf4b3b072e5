//! Orders as their owners see them, in a hurry: this is what customers ask for most. The columns are few and are read by
//! their place, because looking each up by its name cost more than everything else that a list needs.

use domain::orders::{Hold, OrderState};
use domain::text::{Link, Name};
use domain::{OrderId, PageSize, RateSetId, ServiceId, Timestamp};
use entities::orders::Column;
use ports::StoreError;
use ports::orders::{OrderFilter, OwnOrder};
use sea_orm::{Iden, QueryResult, TryGetable, Value};

use crate::decode::{money, number, time, word};
use crate::error::store_error;

/// What is read, in this order.
pub(super) const COLUMNS: [Column; 16] = [
    Column::Id,
    Column::ServiceId,
    Column::ServiceName,
    Column::Link,
    Column::Quantity,
    Column::Price,
    Column::Refunded,
    Column::Hold,
    Column::State,
    Column::Refill,
    Column::StartCount,
    Column::Remains,
    Column::CancelRequestedAt,
    Column::CreatedAt,
    Column::UpdatedAt,
    Column::RateSet,
];

/// The statement and its values, if the list is one user's whole list. The size is part of the text, and who the user is comes
/// from a subquery: what it can estimate for a parameter makes PostgreSQL plan anew each time.
pub(super) fn plain(
    filter: &OrderFilter,
    before: Option<OrderId>,
    size: PageSize,
) -> Option<(String, Vec<Value>)> {
    let user = filter.user.clone()?;
    let rest = OrderFilter {
        user: None,
        ..filter.clone()
    };
    if rest != OrderFilter::default() {
        return None;
    }
    let columns = COLUMNS.map(|column| column.to_string()).join(", ");
    let below = if before.is_some() { " AND id < $2" } else { "" };
    let rows = size.rows();
    let text = format!(
        "SELECT {columns} FROM orders WHERE user_id = (SELECT $1){below} ORDER BY id DESC LIMIT {rows}"
    );
    let mut values = vec![user.as_str().into()];
    values.extend(before.map(|before| Value::from(before.0)));
    Some((text, values))
}

/// A row of [`COLUMNS`].
pub(super) fn order(row: &QueryResult) -> Result<OwnOrder, StoreError> {
    fn at<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, StoreError> {
        row.try_get_by_index(place).map_err(store_error)
    }
    let count = |column, place| {
        let stored: Option<i64> = at(row, place)?;
        stored.map(|count| number(column, count)).transpose()
    };
    Ok(OwnOrder {
        id: OrderId(at(row, 0)?),
        service: ServiceId(at(row, 1)?),
        service_name: Name::from_stored(at::<String>(row, 2)?),
        link: Link::from_stored(at::<String>(row, 3)?),
        quantity: number("orders.quantity", at::<i64>(row, 4)?)?,
        price: money(at(row, 5)?),
        refunded: money(at(row, 6)?),
        hold: word("orders.hold", &at::<String>(row, 7)?, Hold::from_stored)?,
        state: word("orders.state", &at::<String>(row, 8)?, OrderState::from_stored)?,
        refill: at(row, 9)?,
        start_count: count("orders.start_count", 10)?,
        remains: count("orders.remains", 11)?,
        cancel_requested_at: time(at(row, 12)?),
        created_at: Timestamp::from_micros(at(row, 13)?),
        updated_at: Timestamp::from_micros(at(row, 14)?),
        rates: at::<Option<i64>>(row, 15)?.map(RateSetId),
    })
}
