//! SQL that both databases read, with numbered parameters (`$1`), for statements that a builder would obscure.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, QueryTrait, Statement, Value};

fn statement(conn: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

/// The statement for the first rows of a list. Their number is part of the text: with a parameter there, PostgreSQL plans anew
/// each time.
pub(crate) fn first_rows(list: &impl QueryTrait, conn: &impl ConnectionTrait, rows: u16) -> Statement {
    let mut statement = list.build(conn.get_database_backend());
    statement.sql.push_str(&format!(" LIMIT {rows}"));
    statement
}

/// Runs a statement; how many rows it wrote.
pub(crate) async fn execute(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let done = conn.execute_raw(statement(conn, sql, values)).await?;
    Ok(done.rows_affected())
}

/// The row that a statement returns, if it returns one.
pub(crate) async fn query_one(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    conn.query_one_raw(statement(conn, sql, values)).await
}

/// The rows that a statement returns.
pub(crate) async fn query_all(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    conn.query_all_raw(statement(conn, sql, values)).await
}

/// The first column of the one row that a statement returns; zero if it returns none.
pub(crate) async fn query_number(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<i64, DbErr> {
    match query_one(conn, sql, values).await? {
        Some(row) => row.try_get_by_index(0),
        None => Ok(0),
    }
}

/// Gives the statements of a transaction that may read whole tables five minutes each on PostgreSQL, instead of what those
/// get that a request waits for.
pub(crate) async fn take_time(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    if conn.get_database_backend() == DbBackend::Postgres {
        conn.execute_unprepared("SET LOCAL statement_timeout = '5min'")
            .await?;
    }
    Ok(())
}

/// The rows `($n, $n+1, …), …` of a `VALUES` list, beginning with parameter `first`.
pub(crate) fn value_rows(first: usize, columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let numbers = (0..columns).map(|column| format!("${}", first + row * columns + column));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// A table `given` of numbers, with these columns, which come as parameters from number `first` on; see
/// [`given_values`]. The statement's text is the same for any number of rows, so that it is prepared once.
pub(crate) fn given(backend: DbBackend, first: usize, columns: &[&str]) -> String {
    match backend {
        DbBackend::Postgres => {
            // As texts, because an array of an unknown length is taken for a short one, and is looked up by index.
            let arrays = (first..).take(columns.len());
            let arrays = arrays.map(|number| format!("CAST(CAST(${number} AS text) AS bigint[])"));
            let arrays = arrays.collect::<Vec<_>>().join(", ");
            format!("unnest({arrays}) AS given({})", columns.join(", "))
        }
        _ => {
            let columns = columns.iter().enumerate();
            let columns = columns.map(|(index, name)| format!("value ->> {index} AS {name}"));
            let columns = columns.collect::<Vec<_>>().join(", ");
            format!("(SELECT {columns} FROM json_each(${first})) AS given")
        }
    }
}

/// The parameters of a table that [`given`] names.
pub(crate) fn given_values<const COLUMNS: usize>(
    backend: DbBackend,
    rows: impl Iterator<Item = [i64; COLUMNS]>,
) -> Vec<Value> {
    fn list(numbers: impl Iterator<Item = String>) -> String {
        numbers.collect::<Vec<_>>().join(",")
    }
    match backend {
        DbBackend::Postgres => {
            let mut columns = vec![Vec::new(); COLUMNS];
            for row in rows {
                for (column, number) in columns.iter_mut().zip(row) {
                    column.push(number.to_string());
                }
            }
            let columns = columns.into_iter();
            columns
                .map(|column| format!("{{{}}}", list(column.into_iter())).into())
                .collect()
        }
        _ => {
            let rows = rows.map(|row| format!("[{}]", list(row.iter().map(i64::to_string))));
            vec![format!("[{}]", list(rows)).into()]
        }
    }
}

/// A table `given` of texts, in its column `key`, which come as one parameter; see [`texts`]. The statement's text is the
/// same for any number of rows, so that it is prepared once.
pub(crate) fn given_texts(backend: DbBackend, parameter: usize) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("json_array_elements_text(CAST(CAST(${parameter} AS text) AS json)) AS given(key)")
        }
        _ => format!("(SELECT value AS key FROM json_each(${parameter})) AS given"),
    }
}

/// The parameter of a table that [`given_texts`] names.
pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    serde_json::Value::from_iter(texts).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(value_rows(2, 2, 2), "($2, $3), ($4, $5)");
    }
}
