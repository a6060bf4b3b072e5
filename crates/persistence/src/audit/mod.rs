//! The audit log.

use async_trait::async_trait;
use entities::audit_log;
use ports::StoreError;
use ports::audit::{AuditEntry, AuditRepository};
use sea_orm::{EntityTrait, Set};

use crate::decode::details_to_json;
use crate::tx::SeaTx;

#[async_trait]
impl AuditRepository for SeaTx {
    async fn append(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let line = audit_log::ActiveModel {
            actor: Set(entry.actor.kind().to_owned()),
            actor_user: Set(entry.actor.user().map(|user| user.as_str().to_owned())),
            action: Set(entry.action.to_owned()),
            target: Set(entry.target.clone()),
            details: Set(details_to_json(&entry.details)?),
            at: Set(entry.at.micros()),
            ..Default::default()
        };
        let appended = audit_log::Entity::insert(line)
            .exec_without_returning(self.conn()?)
            .await;
        self.guard(appended)?;
        Ok(())
    }
}
