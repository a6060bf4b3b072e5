//! Work that transactions leave behind.

use sea_orm::entity::prelude::*;

/// A row of `outbox`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Names the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What to do.
    pub topic: String,
    /// To which order or provider.
    pub subject: i64,
    /// Not before, in microseconds since the epoch.
    pub due_at: i64,
    /// The receipt of the latest claim; only ever counts up.
    pub claim: i64,
    /// Whether a worker began what is claimed.
    pub begun: bool,
    /// Begun claims that ended without the job being done.
    pub attempts: i32,
    /// When the claim ends, in microseconds since the epoch.
    pub lease_until: Option<i64>,
    /// When it was given up, in microseconds since the epoch.
    pub given_up_at: Option<i64>,
    /// Why it was given up.
    pub reason: Option<String>,
}

/// No relations are followed from here.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
