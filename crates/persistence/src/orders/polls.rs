//! Taking tracked orders to ask their provider about, and putting them back.

use domain::orders::Order;
use domain::{OrderId, ProviderId, Timestamp};
use entities::orders::{Column, Entity};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{TRACKED, mapping};
use crate::error::Failure;
use crate::sql::{self, value_rows};

/// Rows of one statement; SQLite takes 32,766 parameters.
const ROWS_MAX: usize = 10_000;

/// See [`ports::orders::OrderRepository::take_due_polls`]. The orders are returned with their new due time.
pub(super) async fn take(
    conn: &DatabaseTransaction,
    provider: ProviderId,
    now: Timestamp,
    busy_until: Timestamp,
    limit: u16,
) -> Result<Vec<Order>, Failure> {
    let rows = Entity::find()
        .filter(Column::ProviderId.eq(provider.0))
        .filter(Expr::cust(TRACKED))
        .filter(Column::DueAt.lte(now.micros()))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .limit(u64::from(limit))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(conn)
        .await?;
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(busy_until.micros()))
        .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(conn)
        .await?;
    let taken = rows.into_iter().map(|mut row| {
        row.due_at = Some(busy_until.micros());
        Ok(mapping::order(row)?)
    });
    taken.collect()
}

/// See [`ports::orders::OrderRepository::reschedule_polls`]. Orders that have left the schedule meanwhile stay off it.
pub(super) async fn reschedule(
    conn: &DatabaseTransaction,
    polls: &[(OrderId, Timestamp)],
    asked_at: Timestamp,
) -> Result<(), Failure> {
    for polls in polls.chunks(ROWS_MAX) {
        let rows = value_rows(2, 2, polls.len());
        let statement = format!(
            "WITH next(id, due_at) AS (VALUES {rows})
            UPDATE orders SET due_at = next.due_at, asked_at = $1 FROM next WHERE orders.id = next.id AND {TRACKED}"
        );
        let next = polls
            .iter()
            .flat_map(|(id, due_at)| [id.0.into(), due_at.micros().into()]);
        sql::execute(
            conn,
            &statement,
            std::iter::once(asked_at.micros().into()).chain(next),
        )
        .await?;
    }
    Ok(())
}
