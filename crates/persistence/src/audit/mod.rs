//! The audit log.

mod chain;
mod queries;

use async_trait::async_trait;
use domain::audit::{Head, Line, Link};
use ports::StoreError;
use ports::audit::{AuditEntry, AuditRepository};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};

use crate::decode::details_to_json;
use crate::sql::execute;
use crate::tx::SeaTx;

#[async_trait]
impl AuditRepository for SeaTx {
    async fn append(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let details = details_to_json(&entry.details)?;
        let appended = append(self.conn()?, entry, details).await;
        self.guard(appended)
    }

    async fn unsealed(&mut self, limit: u16) -> Result<Vec<Line>, StoreError> {
        let lines = chain::unsealed(self.conn()?, limit).await;
        self.guard(lines)
    }

    async fn head(&mut self) -> Result<Head, StoreError> {
        let head = chain::head(self.conn()?).await;
        self.guard(head)
    }

    async fn seal(&mut self, links: &[Link]) -> Result<(), StoreError> {
        let sealed = chain::seal(self.conn()?, links).await;
        self.guard(sealed)
    }
}

const LINE: &str = "INSERT INTO audit_log (actor, actor_user, action, target, details, at, address, request) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Writes a line, and that it is not sealed yet.
async fn append(conn: &impl ConnectionTrait, entry: &AuditEntry, details: String) -> Result<(), DbErr> {
    let values: [Value; 8] = [
        entry.actor.kind().into(),
        entry.actor.user().map(|user| user.as_str().to_owned()).into(),
        entry.action.into(),
        entry.target.as_str().into(),
        details.into(),
        entry.at.micros().into(),
        entry.origin.address.clone().into(),
        entry.origin.request.clone().into(),
    ];
    if conn.get_database_backend() == DbBackend::Postgres {
        let both = format!(
            "WITH written AS ({LINE} RETURNING id) INSERT INTO audit_unsealed SELECT id FROM written"
        );
        execute(conn, &both, values).await?;
    } else {
        execute(conn, LINE, values).await?;
        execute(
            conn,
            "INSERT INTO audit_unsealed VALUES (last_insert_rowid())",
            [],
        )
        .await?;
    }
    Ok(())
}
