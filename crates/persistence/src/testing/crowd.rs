//! Many orders at once, behind the back of the use cases, for tests of scale.

use domain::{OrderId, ProviderId, ProviderOrderId, Timestamp};
use entities::orders::Column;
use ports::StoreError;
use sea_orm::{ConnectionTrait, Iterable};

use super::TestDatabase;
use crate::error::store_error;

/// Rows of one statement.
const ROWS: usize = 2_000;

/// How a copy of an order differs from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCopy {
    /// Whose order it is there.
    pub provider: ProviderId,
    /// Its id there.
    pub upstream: ProviderOrderId,
    /// When the provider accepted it.
    pub submitted_at: Timestamp,
    /// When it is asked about, or with which group.
    pub schedule: CopySchedule,
}

/// When a copy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopySchedule {
    /// At a time of its own.
    Due(Timestamp),
    /// With the group of this id.
    Group(i64),
}

/// A group of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRow {
    /// Its id, above those that the database has given.
    pub id: i64,
    /// Who is asked.
    pub provider: ProviderId,
    /// How often, in microseconds.
    pub every: i64,
    /// How many orders there are in it.
    pub members: usize,
    /// When it is asked about.
    pub due_at: Timestamp,
}

impl TestDatabase {
    /// Adds groups. The database goes on counting above the last of them.
    ///
    /// # Errors
    /// As the database's.
    pub async fn add_poll_groups(&self, groups: &[GroupRow]) -> Result<(), StoreError> {
        for groups in groups.chunks(ROWS) {
            let row = |group: &GroupRow| {
                let GroupRow {
                    id,
                    provider,
                    every,
                    members,
                    due_at,
                } = group;
                format!(
                    "({id}, {provider}, {every}, {members}, {due}, {due} - 1, {due})",
                    due = due_at.micros()
                )
            };
            let rows: Vec<String> = groups.iter().map(row).collect();
            self.execute(&format!(
                "INSERT INTO poll_groups (id, provider_id, asked_every, members, due_at, soon_at, asked_at) VALUES {}",
                rows.join(", ")
            ))
            .await?;
        }
        if self.is_postgres() {
            let next = "SELECT setval(pg_get_serial_sequence('poll_groups', 'id'), (SELECT MAX(id) + 1 FROM poll_groups))";
            self.execute(next).await?;
        }
        Ok(())
    }

    /// Copies a tracked order. The copies have no attempts, no history and no part in the ledger.
    ///
    /// # Errors
    /// As the database's.
    pub async fn copy_orders(&self, template: OrderId, copies: &[OrderCopy]) -> Result<(), StoreError> {
        let (columns, selected) = copied_columns();
        for copies in copies.chunks(ROWS) {
            let rows: Vec<String> = copies.iter().map(row).collect();
            let statement = format!(
                "WITH copy(provider, upstream, submitted_at, due_at, poll_group) AS (VALUES {})
                INSERT INTO orders ({columns}) SELECT {selected} FROM copy, orders AS t WHERE t.id = {template}",
                rows.join(", ")
            );
            let done = self.database.write().execute_unprepared(&statement).await;
            done.map_err(store_error)?;
        }
        Ok(())
    }
}

fn row(copy: &OrderCopy) -> String {
    let (due_at, group) = match copy.schedule {
        CopySchedule::Due(due_at) => (due_at.micros().to_string(), "CAST(NULL AS BIGINT)".to_owned()),
        CopySchedule::Group(group) => ("CAST(NULL AS BIGINT)".to_owned(), group.to_string()),
    };
    let submitted_at = copy.submitted_at.micros();
    format!(
        "({}, '{}', {submitted_at}, {due_at}, {group})",
        copy.provider, copy.upstream
    )
}

/// The columns of a copy, and where each comes from.
fn copied_columns() -> (String, String) {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Id));
    let (names, sources): (Vec<String>, Vec<String>) = columns
        .map(|column| {
            let name = sea_orm::IdenStatic::as_str(&column).to_owned();
            let source = match column {
                Column::ProviderId => "copy.provider".to_owned(),
                Column::ProviderOrderId => "copy.upstream".to_owned(),
                Column::SubmittedAt | Column::CreatedAt | Column::UpdatedAt => "copy.submitted_at".to_owned(),
                Column::DueAt => "copy.due_at".to_owned(),
                Column::PollGroup => "copy.poll_group".to_owned(),
                Column::ObservedAt => "NULL".to_owned(),
                _ => format!("t.{name}"),
            };
            (name, source)
        })
        .unzip();
    (names.join(", "), sources.join(", "))
}
