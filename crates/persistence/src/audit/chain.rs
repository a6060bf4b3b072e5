//! Lines, links, and what waits to become one.

use domain::Timestamp;
use domain::audit::{Head, Line, Link};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use crate::sql::{execute, query_all, query_one};

/// The columns of a line, with `l` for the table.
pub(super) const LINE: &str =
    "l.id, l.actor, l.actor_user, l.action, l.target, l.details, l.at, l.address, l.request";

pub(super) fn line(row: &QueryResult) -> Result<Line, DbErr> {
    Ok(Line {
        id: row.try_get("", "id")?,
        actor: row.try_get("", "actor")?,
        actor_user: row.try_get("", "actor_user")?,
        action: row.try_get("", "action")?,
        target: row.try_get("", "target")?,
        details: row.try_get("", "details")?,
        at: Timestamp::from_micros(row.try_get("", "at")?),
        address: row.try_get("", "address")?,
        request: row.try_get("", "request")?,
    })
}

pub(super) async fn unsealed(conn: &impl ConnectionTrait, limit: u16) -> Result<Vec<Line>, DbErr> {
    let sql = format!(
        "SELECT {LINE} FROM audit_unsealed u JOIN audit_log l ON l.id = u.line
            WHERE NOT EXISTS (SELECT 1 FROM audit_seals WHERE line = u.line) ORDER BY u.line LIMIT $1"
    );
    let rows = query_all(conn, &sql, [i64::from(limit).into()]).await?;
    rows.iter().map(line).collect()
}

pub(super) async fn head(conn: &impl ConnectionTrait) -> Result<Head, DbErr> {
    let last = "SELECT sequence, hash FROM audit_seals ORDER BY sequence DESC LIMIT 1";
    match query_one(conn, last, []).await? {
        None => Ok(Head::nothing()),
        Some(row) => Ok(Head {
            sequence: row.try_get("", "sequence")?,
            hash: row.try_get("", "hash")?,
        }),
    }
}

/// One statement for each link, so that its text is always the same and is prepared once.
pub(super) async fn seal(conn: &impl ConnectionTrait, links: &[Link]) -> Result<(), DbErr> {
    for link in links {
        let values: [Value; 4] = [
            link.sequence.into(),
            link.line.into(),
            link.hash.as_str().into(),
            link.sealed_at.micros().into(),
        ];
        let insert = "INSERT INTO audit_seals (sequence, line, hash, sealed_at) VALUES ($1, $2, $3, $4)";
        execute(conn, insert, values).await?;
        execute(
            conn,
            "DELETE FROM audit_unsealed WHERE line = $1",
            [link.line.into()],
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn chain(
    conn: &impl ConnectionTrait,
    after: i64,
    limit: u16,
) -> Result<Vec<(Link, Option<Line>)>, DbErr> {
    let sql = format!(
        "SELECT s.sequence, s.line, s.hash, s.sealed_at, {LINE} FROM audit_seals s
            LEFT JOIN audit_log l ON l.id = s.line
            WHERE s.sequence > $1 ORDER BY s.sequence LIMIT $2"
    );
    let rows = query_all(conn, &sql, [after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(link_and_line).collect()
}

fn link_and_line(row: &QueryResult) -> Result<(Link, Option<Line>), DbErr> {
    let link = Link {
        sequence: row.try_get("", "sequence")?,
        line: row.try_get("", "line")?,
        hash: row.try_get("", "hash")?,
        sealed_at: Timestamp::from_micros(row.try_get("", "sealed_at")?),
    };
    let is_there: Option<i64> = row.try_get("", "id")?;
    let line = is_there.map(|_| line(row)).transpose()?;
    Ok((link, line))
}
