//! Orders that are asked about together.

use sea_orm::entity::prelude::*;

/// A row of `poll_groups`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "poll_groups")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Who is asked.
    pub provider_id: i64,
    /// The interval that the age of its orders asks for, in microseconds.
    pub asked_every: i64,
    /// How many orders there were when it was last asked about.
    pub members: i32,
    /// When it is asked about next, in microseconds since the epoch.
    pub due_at: i64,
    /// From when on it may be asked about to fill a request, in microseconds since the epoch.
    pub soon_at: i64,
    /// When it was last asked about, in microseconds since the epoch.
    pub asked_at: i64,
}

/// What the row points at: nothing that is read through it.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
