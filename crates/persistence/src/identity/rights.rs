//! What moderators may do.

use domain::identity::{Right, Rights, Role};
use domain::{Timestamp, UserId};
use sea_orm::{ConnectionTrait, DbErr, Value};

use crate::sql::{execute, query_one};

/// The rights of the user in the row `u`, in one text; a moderator's only, so that nobody else pays for it.
pub(super) const GIVEN: &str = "CASE WHEN u.role = 'moderator' THEN \
    (SELECT string_agg(right_name, ',') FROM user_rights WHERE user_id = u.id) END";

/// Reads what [`GIVEN`] gives. A right of another version of the program is none.
pub(super) fn read(given: Option<&str>) -> Rights {
    let words = given.unwrap_or_default().split(',');
    words.filter_map(Right::from_stored).collect()
}

/// A user's role and rights. `lock` is what the database appends to lock the row.
pub(super) async fn of(
    conn: &impl ConnectionTrait,
    user: &UserId,
    lock: &str,
) -> Result<Option<(Role, Rights)>, DbErr> {
    let sql = format!("SELECT u.role, {GIVEN} AS given FROM users u WHERE u.id = $1{lock}");
    let Some(row) = query_one(conn, &sql, [user.as_str().into()]).await? else {
        return Ok(None);
    };
    let role: String = row.try_get("", "role")?;
    let given: Option<String> = row.try_get("", "given")?;
    Ok(Some((Role::from_stored(&role), read(given.as_deref()))))
}

pub(super) async fn replace(
    conn: &impl ConnectionTrait,
    user: &UserId,
    rights: &Rights,
    by: &UserId,
    now: Timestamp,
) -> Result<(), DbErr> {
    execute(
        conn,
        "DELETE FROM user_rights WHERE user_id = $1",
        [user.as_str().into()],
    )
    .await?;
    for right in rights.iter() {
        let row: [Value; 4] = [
            user.as_str().into(),
            right.as_str().into(),
            by.as_str().into(),
            now.micros().into(),
        ];
        let insert = "INSERT INTO user_rights (user_id, right_name, granted_by, at) VALUES ($1, $2, $3, $4)";
        execute(conn, insert, row).await?;
    }
    Ok(())
}
