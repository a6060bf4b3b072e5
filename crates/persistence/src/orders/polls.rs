//! Taking tracked orders to ask their provider about.

use std::collections::HashMap;

use domain::{PollGroupId, Timestamp};
use entities::orders::{Column, Model};
use ports::orders::{TakePolls, TakenPoll, TakenPolls};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, Value,
};

use super::{POLLED, mapping};
use crate::error::Failure;
use crate::sql::{self, value_rows};

/// What may be asked about: a group, or an order by itself. One more is looked at than a request holds, to know whether
/// anything that is due is left.
struct Candidate {
    id: i64,
    due_at: i64,
    members: i64,
    grouped: bool,
    /// It was taken and not put back in time.
    left_behind: bool,
}

impl Candidate {
    fn is_due(&self, take: &TakePolls) -> bool {
        self.due_at <= take.window.now.micros()
    }
}

/// See [`ports::orders::OrderRepository::take_due_polls`]. Looks without locks, then takes what it has chosen and nobody else
/// has locked, so that it waits for no order and no group.
pub(super) async fn take(
    conn: &DatabaseTransaction,
    take: &TakePolls,
) -> Result<Option<TakenPolls>, Failure> {
    let mut candidates = groups(conn, take).await?;
    candidates.extend(singles(conn, take).await?);
    candidates.sort_by_key(|candidate| (candidate.due_at, candidate.id));
    let was_due = candidates.iter().filter(|it| it.is_due(take)).count();
    let chosen = choose(candidates, take);
    let due = || chosen.iter().filter(|it| it.is_due(take));
    let orders_due: i64 = due().map(|it| it.members).sum();
    let waits = orders_due < i64::from(take.enough) && !due().any(|it| it.left_behind);
    if chosen.is_empty() || (waits && !is_turn(conn, take).await?) {
        return Ok(None);
    }
    let turn = due().count() == was_due;
    if turn {
        move_turn(conn, take).await?;
    }
    let due_at = |grouped| {
        let of_kind = chosen.iter().filter(move |it| it.grouped == grouped);
        of_kind.map(|it| (it.id, it.due_at)).collect::<HashMap<_, _>>()
    };
    let (due_groups, due_singles) = (due_at(true), due_at(false));
    let groups = take_groups(conn, take, &due_groups).await?;
    let mut orders = take_singles(conn, take, &due_singles).await?;
    orders.extend(members_of(conn, take, &groups, &due_groups, orders.len()).await?);
    let groups: Vec<PollGroupId> = groups.into_iter().map(PollGroupId).collect();
    if orders.is_empty() && groups.is_empty() {
        return Ok(None);
    }
    Ok(Some(TakenPolls { groups, orders, turn }))
}

async fn groups(conn: &DatabaseTransaction, take: &TakePolls) -> Result<Vec<Candidate>, Failure> {
    let statement = "SELECT id, due_at, members, soon_at FROM poll_groups
        WHERE provider_id = $1 AND due_at <= $2 AND soon_at <= $3
        ORDER BY due_at, id LIMIT $4";
    let values = [
        take.provider.0.into(),
        take.window.groups_until.micros().into(),
        take.window.now.micros().into(),
        (i64::from(take.limit) + 1).into(),
    ];
    let rows = sql::query_all(conn, statement, values).await?;
    let candidate = |row: &sea_orm::QueryResult| {
        let due_at: i64 = row.try_get_by_index(1)?;
        Ok(Candidate {
            id: row.try_get_by_index(0)?,
            due_at,
            left_behind: due_at == row.try_get_by_index::<i64>(3)?,
            members: i64::from(row.try_get_by_index::<i32>(2)?),
            grouped: true,
        })
    };
    rows.iter().map(candidate).collect()
}

async fn singles(conn: &DatabaseTransaction, take: &TakePolls) -> Result<Vec<Candidate>, Failure> {
    let statement = format!(
        "SELECT id, due_at FROM orders WHERE {POLLED} AND provider_id = $1 AND due_at <= $2
        ORDER BY due_at, id LIMIT $3"
    );
    let values = [
        take.provider.0.into(),
        take.window.orders_until.micros().into(),
        (i64::from(take.limit) + 1).into(),
    ];
    let rows = sql::query_all(conn, &statement, values).await?;
    let candidate = |row: &sea_orm::QueryResult| {
        Ok(Candidate {
            id: row.try_get_by_index(0)?,
            due_at: row.try_get_by_index(1)?,
            members: 1,
            grouped: false,
            left_behind: false,
        })
    };
    rows.iter().map(candidate).collect()
}

/// What is due first goes first; a group that does not fit any more is left for the next request. Nothing if nothing is due.
fn choose(candidates: Vec<Candidate>, take: &TakePolls) -> Vec<Candidate> {
    if !candidates.first().is_some_and(|candidate| candidate.is_due(take)) {
        return Vec::new();
    }
    let mut room = i64::from(take.limit);
    let mut fits = |candidate: &Candidate| {
        let fits = candidate.members <= room;
        if fits {
            room -= candidate.members;
        }
        fits
    };
    candidates
        .into_iter()
        .filter(|candidate| fits(candidate))
        .collect()
}

/// Whether it is the provider's turn. Locks the turn, so that of two workers that wait for it one has it.
async fn is_turn(conn: &DatabaseTransaction, take: &TakePolls) -> Result<bool, Failure> {
    let statement = "INSERT INTO poll_turns (provider_id, open_at) VALUES ($1, $2)
        ON CONFLICT (provider_id) DO UPDATE SET open_at = excluded.open_at WHERE poll_turns.open_at <= $2";
    let values = [take.provider.0.into(), take.window.now.micros().into()];
    Ok(sql::execute(conn, statement, values).await? == 1)
}

async fn move_turn(conn: &DatabaseTransaction, take: &TakePolls) -> Result<(), Failure> {
    let statement = "INSERT INTO poll_turns (provider_id, open_at) VALUES ($1, $2)
        ON CONFLICT (provider_id) DO UPDATE SET open_at = excluded.open_at";
    let values = [take.provider.0.into(), take.busy_until.micros().into()];
    sql::execute(conn, statement, values).await?;
    Ok(())
}

async fn take_groups(
    conn: &DatabaseTransaction,
    take: &TakePolls,
    chosen: &HashMap<i64, i64>,
) -> Result<Vec<i64>, Failure> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "UPDATE poll_groups SET due_at = $1, soon_at = $1 WHERE id IN (
            SELECT id FROM poll_groups WHERE (id, due_at) IN (VALUES {}) {}
        ) RETURNING id",
        value_rows(2, 2, chosen.len()),
        free_rows(conn),
    );
    let rows = sql::query_all(conn, &statement, taking(take, chosen)).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

async fn take_singles(
    conn: &DatabaseTransaction,
    take: &TakePolls,
    chosen: &HashMap<i64, i64>,
) -> Result<Vec<TakenPoll>, Failure> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "UPDATE orders SET due_at = $1 WHERE id IN (
            SELECT id FROM orders WHERE {POLLED} AND (id, due_at) IN (VALUES {}) {}
        ) RETURNING *",
        value_rows(2, 2, chosen.len()),
        free_rows(conn),
    );
    let rows = sql::query_all(conn, &statement, taking(take, chosen)).await?;
    let order = |row| {
        let row = Model::from_query_result(row, "")?;
        let due_at = due_at(chosen, row.id, take);
        taken(row, due_at)
    };
    rows.iter().map(order).collect()
}

/// The orders of groups that were taken: whoever holds a group may read its orders without locking them, because what is
/// decided about one of them is decided again on its locked row.
async fn members_of(
    conn: &DatabaseTransaction,
    take: &TakePolls,
    groups: &[i64],
    chosen: &HashMap<i64, i64>,
    already: usize,
) -> Result<Vec<TakenPoll>, Failure> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let room = usize::from(take.limit).saturating_sub(already);
    let rows = entities::orders::Entity::find()
        .filter(Column::PollGroup.is_in(groups.iter().copied()))
        .limit(u64::try_from(room).unwrap_or_default())
        .all(conn)
        .await?;
    let order = |row: Model| {
        let due_at = due_at(chosen, row.poll_group.unwrap_or_default(), take);
        taken(row, due_at)
    };
    rows.into_iter().map(order).collect()
}

fn due_at(chosen: &HashMap<i64, i64>, id: i64, take: &TakePolls) -> Timestamp {
    chosen
        .get(&id)
        .map_or(take.window.now, |due_at| Timestamp::from_micros(*due_at))
}

fn taken(row: Model, due_at: Timestamp) -> Result<TakenPoll, Failure> {
    Ok(TakenPoll {
        group: row.poll_group.map(PollGroupId),
        order: mapping::order(row)?,
        due_at,
    })
}

/// Only what is still due when it was seen to be: whoever took it meanwhile has moved it.
fn taking(take: &TakePolls, chosen: &HashMap<i64, i64>) -> Vec<Value> {
    let seen = chosen.iter().flat_map(|(id, due_at)| [*id, *due_at]);
    std::iter::once(take.busy_until.micros())
        .chain(seen)
        .map(Value::from)
        .collect()
}

/// Passes over rows that somebody else has locked. SQLite has one writer and locks no rows.
fn free_rows(conn: &DatabaseTransaction) -> &'static str {
    match conn.get_database_backend() {
        DbBackend::Postgres => "FOR NO KEY UPDATE SKIP LOCKED",
        _ => "",
    }
}
