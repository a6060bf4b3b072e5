//! The one place where database errors become [`StoreError`]s.

use ports::StoreError;
use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::{DatabaseError, ErrorKind};

/// PostgreSQL's codes for a transaction that another one was in the way of: serialisation failure, deadlock, lock
/// timeout.
const POSTGRES_CONTENDED: [&str; 3] = ["40001", "40P01", "55P03"];
/// SQLite's: busy, locked, and their extended forms (recovery, snapshot, timeout; shared cache).
const SQLITE_CONTENDED: [&str; 6] = ["5", "6", "261", "262", "517", "773"];
/// SQLite's code for a row that a trigger refused, which says why.
const SQLITE_TRIGGER: &str = "1811";
/// PostgreSQL's code for a statement after a failed one.
const POSTGRES_ABORTED: &str = "25P02";

/// What a step of a repository fails with. Both a [`DbErr`] and a [`StoreError`] turn into it by `?`.
pub(crate) struct Failure(StoreError);

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self(store_error(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

/// Reads a database error.
pub(crate) fn store_error(error: DbErr) -> StoreError {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => driver_error(&error),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// Reads a driver's error.
pub(crate) fn driver_error(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => answered_error(error.as_ref()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// An outcome of a statement that refuses a taken name by itself. What it cannot see is a name that was taken while it ran;
/// then the index refuses, and made again the transaction sees who has the name.
pub(crate) fn unless_raced<T>(outcome: Result<T, Failure>, index: &str) -> Result<T, Failure> {
    outcome.map_err(|Failure(error)| match error {
        StoreError::Conflict { constraint } if constraint == index => Failure(StoreError::Contended),
        error => Failure(error),
    })
}

fn answered_error(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    if POSTGRES_CONTENDED.contains(&code.as_ref()) || SQLITE_CONTENDED.contains(&code.as_ref()) {
        return StoreError::Contended;
    }
    if code == POSTGRES_ABORTED {
        return StoreError::Poisoned;
    }
    if code == SQLITE_TRIGGER {
        return StoreError::Conflict {
            constraint: error.message().to_owned(),
        };
    }
    match error.kind() {
        ErrorKind::UniqueViolation
        | ErrorKind::ForeignKeyViolation
        | ErrorKind::NotNullViolation
        | ErrorKind::CheckViolation => StoreError::Conflict {
            constraint: constraint(error),
        },
        _ => StoreError::Unavailable(format!("{code}: {}", error.message())),
    }
}

/// PostgreSQL names the constraint; SQLite names it, or the table and columns, at the end of the message.
fn constraint(error: &dyn DatabaseError) -> String {
    let message = error.message();
    match (error.constraint(), message.split_once("constraint failed: ")) {
        (Some(name), _) => name.to_owned(),
        (None, Some((_, named))) => named.to_owned(),
        (None, None) => message.to_owned(),
    }
}
