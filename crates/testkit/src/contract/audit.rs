//! The audit log. It has no port to read it by: what a line holds is checked where the tables are known.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::orders::Actor;
use ports::audit::AuditEntry;

use super::{Backend, Case};
use crate::fixtures::{NOW, admin, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! audit_contract {
    ($with:ident) => {
        $with! { audit:
            a_line_is_written_for_every_kind_of_actor,
        }
    };
}

/// A line whose details would break badly quoted text.
#[must_use]
pub fn entry(actor: Actor) -> AuditEntry {
    AuditEntry {
        actor,
        action: "provider.update",
        target: "provider:7".to_owned(),
        details: vec![
            ("name", "O'Hara \"& Sons\"\n\u{1f98a}".to_owned()),
            ("availability", "disabled".to_owned()),
        ],
        at: NOW,
    }
}

pub async fn a_line_is_written_for_every_kind_of_actor(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&admin(1)).await?;
    for actor in [
        Actor::System,
        Actor::Provider,
        Actor::Customer(user_id(1)),
        Actor::Staff(user_id(1)),
    ] {
        tx.audit().append(&entry(actor)).await?;
    }
    tx.commit().await
}
