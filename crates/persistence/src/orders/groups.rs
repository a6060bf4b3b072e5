//! Putting orders that were asked about back on the schedule.

use domain::orders::{GroupPlan, GroupTime};
use domain::{OrderId, PollGroupId, ProviderId, Timestamp};
use entities::poll_groups::{ActiveModel, Column, Entity};
use ports::orders::PutBackPolls;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, Value};

use super::TRACKED;
use crate::decode::stored;
use crate::error::Failure;
use crate::sql::{self, value_rows};

/// See [`ports::orders::OrderRepository::put_back_polls`]. One statement for the groups that go on; the others only if orders
/// change groups.
pub(super) async fn put_back(conn: &DatabaseTransaction, polls: &PutBackPolls) -> Result<bool, Failure> {
    if !put_off(conn, polls).await? {
        return Ok(false);
    }
    let mut joins = Vec::new();
    for (plan, time) in &polls.groups {
        let group = match plan.group {
            Some(group) => group,
            None => found(conn, polls, plan, *time).await?,
        };
        joins.extend(plan.joins.iter().map(|order| (*order, group)));
    }
    join(conn, polls, &joins).await?;
    remove(conn, polls).await?;
    if let Some(turn) = polls.turn {
        let statement = "UPDATE poll_turns SET open_at = $1 WHERE provider_id = $2 AND open_at = $3";
        let values = [
            turn.micros().into(),
            polls.provider.0.into(),
            polls.busy_until.micros().into(),
        ];
        sql::execute(conn, statement, values).await?;
    }
    Ok(true)
}

/// Moves the groups to their next time. Whether all of them were still ours: a group that somebody else has taken is due at
/// another time.
async fn put_off(conn: &DatabaseTransaction, polls: &PutBackPolls) -> Result<bool, Failure> {
    let going_on: Vec<_> = polls
        .groups
        .iter()
        .filter_map(|(plan, time)| Some((plan.group?, plan, time)))
        .collect();
    if going_on.is_empty() {
        return Ok(true);
    }
    let statement = format!(
        "WITH next(id, due_at, soon_at, asked_every, members) AS (VALUES {})
        UPDATE poll_groups SET due_at = next.due_at, soon_at = next.soon_at, asked_every = next.asked_every, members = next.members,
            asked_at = $1
        FROM next WHERE poll_groups.id = next.id AND poll_groups.due_at = $2",
        value_rows(3, 5, going_on.len())
    );
    let mut values = vec![polls.asked_at.micros().into(), polls.busy_until.micros().into()];
    for (group, plan, time) in &going_on {
        values.extend([
            group.0.into(),
            time.due_at.micros().into(),
            time.soon_at.micros().into(),
            every(plan)?.into(),
            stored::<_, i64>("poll_groups.members", plan.members)?.into(),
        ]);
    }
    let written = sql::execute(conn, &statement, values).await?;
    Ok(usize::try_from(written).is_ok_and(|written| written == going_on.len()))
}

async fn found(
    conn: &DatabaseTransaction,
    polls: &PutBackPolls,
    plan: &GroupPlan,
    time: GroupTime,
) -> Result<PollGroupId, Failure> {
    let row = ActiveModel {
        id: NotSet,
        provider_id: Set(polls.provider.0),
        asked_every: Set(every(plan)?),
        members: Set(stored("poll_groups.members", plan.members)?),
        due_at: Set(time.due_at.micros()),
        soon_at: Set(time.soon_at.micros()),
        asked_at: Set(polls.asked_at.micros()),
    };
    let inserted = Entity::insert(row).exec(conn).await?;
    Ok(PollGroupId(inserted.last_insert_id))
}

fn every(plan: &GroupPlan) -> Result<i64, Failure> {
    Ok(stored("poll_groups.asked_every", plan.every.as_micros())?)
}

/// Orders that ended, or got a time of their own meanwhile, do not join.
async fn join(
    conn: &DatabaseTransaction,
    polls: &PutBackPolls,
    joins: &[(OrderId, PollGroupId)],
) -> Result<(), Failure> {
    if joins.is_empty() {
        return Ok(());
    }
    let statement = format!(
        "WITH next(id, poll_group) AS (VALUES {})
        UPDATE orders SET poll_group = next.poll_group, due_at = NULL, asked_at = $1
        FROM next WHERE orders.id = next.id AND {TRACKED} AND (orders.due_at = $2 OR orders.due_at IS NULL)",
        value_rows(3, 2, joins.len())
    );
    let times: [Value; 2] = [polls.asked_at.micros().into(), polls.busy_until.micros().into()];
    let next = joins
        .iter()
        .flat_map(|(order, group)| [order.0.into(), group.0.into()]);
    sql::execute(conn, &statement, times.into_iter().chain(next)).await?;
    Ok(())
}

/// A group that an order is still in, because it could not be written, stays taken and comes again.
async fn remove(conn: &DatabaseTransaction, polls: &PutBackPolls) -> Result<(), Failure> {
    if polls.emptied.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(Column::Id.is_in(polls.emptied.iter().map(|group| group.0)))
        .filter(Column::DueAt.eq(polls.busy_until.micros()))
        .filter(Expr::cust(
            "NOT EXISTS (SELECT 1 FROM orders WHERE orders.poll_group = poll_groups.id)",
        ))
        .exec(conn)
        .await?;
    Ok(())
}

/// See [`ports::orders::OrderRepository::leave_poll_group`].
pub(super) async fn leave(conn: &DatabaseTransaction, id: OrderId, due_at: Timestamp) -> Result<(), Failure> {
    let statement =
        "UPDATE orders SET poll_group = NULL, due_at = $1 WHERE id = $2 AND poll_group IS NOT NULL";
    sql::execute(conn, statement, [due_at.micros().into(), id.0.into()]).await?;
    Ok(())
}

/// See [`ports::orders::OrderRepository::open_poll_turn`].
pub(super) async fn open_turn(
    conn: &DatabaseTransaction,
    provider: ProviderId,
    at: Timestamp,
) -> Result<(), Failure> {
    let statement = "UPDATE poll_turns SET open_at = $1 WHERE provider_id = $2 AND open_at > $1";
    sql::execute(conn, statement, [at.micros().into(), provider.0.into()]).await?;
    Ok(())
}
